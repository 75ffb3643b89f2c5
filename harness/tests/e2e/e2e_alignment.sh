#!/bin/sh
# Attention alignment through the command line: rows of temperatures and of what is read at them, the same
# bytes however the run came about, the weights' files untouched, tables, figures, refusals. TAP on stdout.
. "$(dirname "$0")/tap.sh"
no_pictures

run() { exits "$@"; }
cat >plain.json <<'JSON'
{
  "name": "tiny",
  "dataset": {"name": "journal", "train_tokens": 20000, "valid_tokens": 4000},
  "model": {"layers": 2, "d_model": 16, "heads": 2},
  "train": {"length": 16, "batch_tokens": 64, "steps": 30, "lr": 0.003, "warmup": 5},
  "encodings": ["alibi", {"id": "learned", "stack": ["learned"]},
    {"id": "t5", "stack": [{"name": "t5", "buckets": 8, "max_distance": 8}],
     "evaluate_as": [{"id": "wide", "stack": [{"name": "t5", "buckets": 8, "max_distance": 8}, {"name": "window", "width": 24}]}]}],
  "eval": {"lengths": ["1x", "2x", "4x"], "tokens": 1024},
  "seeds": [1]
}
JSON
sed 's/"seeds"/"analyses": ["alignment", {"name": "alignment", "id": "heads", "strategy": "max_prob", "per": "head", "encodings": ["t5", "wide"], "windows": 8}], "seeds"/' \
    plain.json >more.json

check "run without" run 0 "$longshot" run plain.json -o a -j2 --plots no
sha256sum a/checkpoints/*/model.safetensors >weights
sed 1d a/metrics.csv | cut -d, -f1,3- >before
check "run with alignment" run 0 "$longshot" run more.json -o a -j2
check "the weights are what they were" sha256sum --quiet -c weights
sed 1d a/metrics.csv | cut -d, -f1,3- | grep -v -e ',alignment,' -e ',heads,' -e '+align-' >after
check "and so is every other row" cmp before after
check "no row is doubled" test -z "$(cut -d, -f1-16 a/metrics.csv | sort | uniq -d)"

value() { awk -F, -v e="$1" -v t="$2" -v m="$3" -v l="$4" -v h="$5" -v a="${6:-}" \
    '$4==e && $9==t && $12==m && $13==l && $14==h && (a=="" || $10==a) && $15=="" {print $17; n++} END {exit n!=1}' a/metrics.csv; }
check "a model has one temperature a length" test "$(grep -c ',alibi,alibi,.*,alignment_temperature,,,' a/metrics.csv)" = 3
check "the training length has 1" test "$(value alibi 16 alignment_temperature '' '')" = 1
check "a longer one less" sh -c "echo $(value alibi 64 alignment_temperature '' '') | awk '{exit !(\$1 > 0 && \$1 < 0.95)}'"
check "attention is aligned" sh -c "echo $(value alibi 64 alignment_entropy_after '' '') $(value alibi 64 alignment_entropy_target '' '') |
    awk '{d = \$1 - \$2; exit !(NF == 2 && d < 0.005 && d > -0.005)}'"
check "each head has one where asked for" test "$(grep -c ',t5,wide,.*,64,heads,,alignment_temperature,[01],[01],' a/metrics.csv)" = 4
check "at the training length the variant is the stack" test -n "$(value alibi 16 nll '' '' nonoverlapping)" -a \
    "$(value alibi 16 nll '' '' nonoverlapping)" = "$(value alibi+align-entropy 16 nll '' '' nonoverlapping)"
check "at a longer one it is not" test -n "$(value alibi+align-entropy 64 nll '' '' nonoverlapping)" -a \
    "$(value alibi 64 nll '' '' nonoverlapping)" != "$(value alibi+align-entropy 64 nll '' '' nonoverlapping)"
check "variants of every stack" grep -q ',t5,wide+align-max_prob-head,' a/metrics.csv
check "a learned table does not apply past its length" grep -q \
    ',learned,learned+align-entropy,journal,valid,1,16,64,nonoverlapping,,nll,,,,,,,0,0,not_applicable,' a/metrics.csv
for f in alignment alignment_spread alignment_largest heads heads_largest; do
    check "figure $f" test -s a/plots/$f.dat -a -s a/plots/$f.gp
done
check "tables have the variants" grep -q 'alibi+align-entropy' a/table.md

check "from the start, one at a time, two threads" run 0 "$longshot" run more.json -o b -j1 --threads 2 --plots no
check "gives the same bytes" cmp a/metrics.csv b/metrics.csv
until_done "$longshot" run more.json -o c -j1 --plots no
check "it was stopped" test $stops -gt 0
check "and in the end has the same bytes" cmp a/metrics.csv c/metrics.csv

check "describe says that it is an adaptation" sh -c "'$longshot' describe alignment | grep -q 'there for encoders; here for decoders too'"
check "too little text to calibrate on" run 1 "$longshot" plan plain.json dataset.train_tokens=60 'analyses=["alignment"]'
check "is said before anything runs" has err "train split: must have at least 65 tokens (the longest length of an analysis and one more), got"
check "the same name twice" run 2 "$longshot" plan plain.json \
    'analyses=["alignment",{"name":"alignment","id":"again","skip":0}]'
check "is refused" has err 'analyses[1]: must not evaluate a stack as "+align-entropy" again, like analyses[0]'
check "a length that is not evaluated" run 2 "$longshot" plan plain.json 'analyses=[{"name":"alignment","lengths":[48]}]'
check "is refused too" has err 'analyses[0].lengths[0]: must be one of eval.lengths, where it is evaluated, got 48'
echo "1..$n"
exit $bad
