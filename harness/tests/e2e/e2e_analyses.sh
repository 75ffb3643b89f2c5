#!/bin/sh
# Analyses through the command line: added to a finished experiment they evaluate again and train
# nothing, leave every other row as it was, and do not depend on how the run came about. TAP on stdout.
. "$(dirname "$0")/tap.sh"
no_pictures

run() { exits "$@"; }
cat >plain.json <<'JSON'
{
  "name": "tiny",
  "dataset": {"name": "journal", "train_tokens": 20000, "valid_tokens": 4000},
  "model": {"layers": 2, "d_model": 16, "heads": 2},
  "train": {"length": 16, "batch_tokens": 64, "steps": 30, "lr": 0.003, "warmup": 5},
  "encodings": [
    {"id": "w", "stack": [{"name": "window", "width": 5}]},
    {"id": "learned", "stack": ["learned"],
     "evaluate_as": [{"id": "clamp", "stack": [{"name": "learned", "past": "clamp"}]}]}
  ],
  "eval": {"lengths": ["1x", "4x"], "tokens": 1024},
  "seeds": [1, 2]
}
JSON
sed 's/"seeds"/"analyses": ["receptive_field", "attention_variance", "parameter_usage", {"name": "position_probe", "id": "probe", "windows": 8, "lengths": ["2x"], "encodings": ["clamp"]}], "seeds"/' \
    plain.json >more.json

check "run without" run 0 "$longshot" run plain.json -o a -j2 --plots no
sed 1d a/metrics.csv | cut -d, -f1,3- >before
ls -i a/checkpoints/*/model.safetensors >weights.before # a file that is written again gets another inode
check "run with analyses" run 0 "$longshot" run more.json -o a -j2
check "evaluates every cell again" has err "4 cells: 0 done, 4 to do"
ls -i a/checkpoints/*/model.safetensors >weights.after
check "trains nothing" sh -c "test -s weights.before && cmp weights.before weights.after"
sed 1d a/metrics.csv | cut -d, -f1,3- | grep -v -e ',receptive_field,' -e ',attention_variance,' -e ',parameter_usage,' -e ',probe,' >after
check "leaves the other rows as they were" cmp before after
check "no row is doubled" test -z "$(cut -d, -f1-16 a/metrics.csv | sort | uniq -d)"

# A cell is named by what it is asked itself, not by who else is.
ids() { "$longshot" plan "$1" --json | sed 's/.*"id":"\([0-9a-f]*\)","train_id.*"encoding":"\([^"]*\)".*/\2 \1/'; }
asked() { sed "s/\"encodings\": \[\"clamp\"\]/\"encodings\": [$1]/" more.json >asked.json; ids asked.json; }
ids more.json >ids.clamp
asked '"clamp", "w"' >ids.w
asked '"clamp", "learned", "w"' >ids.each
sed 's/, "encodings": \["clamp"\]//' more.json >asked.json
ids asked.json >ids.all
check "another encoding is asked: its own cells are new, and no others" test \
    "$(grep -c '^w ' ids.w) $(cat ids.clamp ids.w | sort | uniq -d | cut -d' ' -f1 | tr '\n' ' ')" = "2 learned learned "
check "another stack is asked: that cell is new" test -z "$(cat ids.clamp ids.all | grep '^learned' | sort | uniq -d)"
check "naming all is naming none" cmp ids.each ids.all

# 2 layers of width 5 see 2 * 4 + 1 = 9 tokens: the curve is 1 from there on and below 1 before.
row() { awk -F, -v e="$1" -v t="$2" -v m="$3" -v hi="$4" \
    '$4==e && $7==1 && $9==t && $12==m && $16==hi {print $17; n++} END {exit n!=1}' a/metrics.csv; }
check "the gradient ends where the windows end" test "$(row w 64 gradient_share 9)" = 1
check "and not before" sh -c "echo $(row w 64 gradient_share 8) | awk '{exit !(\$1<1 && \$1>0)}'"
check "nothing before the cut matters" sh -c "echo $(row w 64 context_gain '') | awk '{exit !(\$1<1e-6 && \$1>-1e-6)}'"
check "a learned table does not apply past its length" grep -q \
    ',learned,learned,journal,valid,1,16,64,receptive_field,,receptive_field,,,,,,,,,not_applicable,' a/metrics.csv
check "under the other stack it does" grep -q \
    ',learned,clamp,journal,valid,1,16,64,receptive_field,,receptive_field,,,,,[0-9.]*,[0-9.]*,32,32,ok,' a/metrics.csv
check "an analysis is restricted to its stacks and lengths" test \
    "$(grep ',probe,' a/metrics.csv | cut -d, -f3,4,9 | sort -u)" = "learned,clamp,32"
# 30 steps of 4 windows of 16 tokens read each of 16 rows 120 times.
usage() { grep "^[^,]*,[^,]*,$1,$2,journal,valid,1,16,$3,parameter_usage,,$4,"; }
check "reads of training are counted" test \
    "$(usage learned learned 16 usage_trained_count <a/metrics.csv | cut -d, -f15-17,19-21)" = "0,16,120,1920,120,ok"
check "also under another stack" test \
    "$(usage learned clamp 16 usage_trained_count <a/metrics.csv | cut -d, -f15-17,19-21)" = "0,16,120,1920,120,ok"
check "which reads no row that was not trained" test "$(usage learned clamp 64 usage_untrained_share <a/metrics.csv | cut -d, -f13-17)" = ",,,,0"
check "a stack without such rows says so" test "$(usage w w 16 usage_trained_count <a/metrics.csv | cut -d, -f17,21)" = ",not_applicable"
for f in receptive_field receptive_field_gain attention_variance probe parameter_usage parameter_usage_untrained; do
    check "figure $f" test -s a/plots/$f.dat -a -s a/plots/$f.gp
done
# A figure that the table of names does not know could be replaced by that of an analysis.
known=$(sed -n '/^static const char/,/};/p' "$root"/harness/analysis/figure_name.c | grep -o '"[a-z_]*"' | tr -d '"')
strange() { # figures that are neither in the table nor an analysis with an ending from it
    for f in a/plots/*.gp; do
        f=$(basename "$f" .gp)
        found=
        for k in $known; do
            for a in receptive_field attention_variance probe parameter_usage ''; do
                case $f in "$a$k" | "$a$k"-* | "$a") found=1 ;; esac
            done
        done
        [ -n "$found" ] || echo "$f"
    done
}
check "every figure is in the table of names" test -z "$(strange)"
check "other figures keep their names" test -s a/plots/ppl_vs_length-last.dat -a -s a/plots/nll_by_position-nonoverlapping.dat
check "the tables are those of the perplexities" sh -c "! grep -q receptive a/table.md && grep -q 'trained at 16' a/table.md"

check "from the start, one at a time" run 0 "$longshot" run more.json -o b -j1 --plots no
check "gives the same bytes" cmp a/metrics.csv b/metrics.csv
# Stopped again and again, a little later each time: it goes on from the units that were done.
until_done "$longshot" run more.json -o c -j1 --plots no
check "it was stopped" test $stops -gt 0
check "and in the end has the same bytes" cmp a/metrics.csv c/metrics.csv

check "the resolved config is the same experiment" run 0 "$longshot" run a/config.json -o a --plots no
check "nothing to do" has err "4 cells: 4 done, 0 to do"
ckpt=$(ls a/checkpoints/*/model.safetensors | head -1)
check "eval takes them from a config" run 0 "$longshot" eval "$ckpt" --config more.json analyses='["attention_variance"]'
check "and prints their rows" has out ",attention_variance_slope,"
check "a typo" run 2 "$longshot" plan more.json 'analyses=["receptive_feild"]'
check "gets a hint" has err 'analyses[0]: unknown analysis "receptive_feild" (did you mean "receptive_field"?)'
check "not enough text" run 1 "$longshot" plan plain.json 'analyses=[{"name":"receptive_field","lengths":[5000]}]'
check "is said before anything runs" has err "evaluation split: must have at least 5001 tokens"
echo "1..$n"
exit $bad
