#!/bin/sh
# Algorithmic tasks through the command line: samples, a run whose bytes do not depend on how it came
# about, tables and figures, and what is refused before anything is trained. TAP on stdout.
. "$(dirname "$0")/tap.sh"
no_pictures

run() { exits "$@"; }
cat >t.json <<'JSON'
{
  "name": "t",
  "dataset": [
    {"name": "tasks", "id": "flip", "task": "flipflop", "longest": 4},
    {"name": "tasks", "id": "same", "task": "copy", "symbols": 2, "longest": 2}
  ],
  "model": {"layers": 1, "d_model": 16, "heads": 2},
  "train": {"length": 12, "batch_tokens": 240, "steps": 60, "lr": 0.01, "warmup": 5},
  "encodings": ["alibi", "learned"],
  "eval": {"lengths": ["1x", "2x"], "examples": 20, "split": "test"},
  "seeds": [1, 2]
}
JSON

cat >claims.json <<'JSON'
[{"id": "learned", "text": "t", "source": "s", "paper": 0.4, "left": {"encoding": "alibi", "length": "2x", "metric": "exact_match"}, "op": ">=", "right": -0.5,
  "requires": {"length": "1x", "metric": "exact_match", "at_least": 0}},
 {"id": "unlearned", "text": "t", "source": "s", "left": {"encoding": "alibi", "length": "2x", "metric": "exact_match"}, "op": ">=", "right": 0,
  "requires": {"length": "1x", "metric": "exact_match", "at_least": 1.1}}]
JSON
published='[{"source": "somebody, Table 1", "certainty": "verified", "metric": "exact_match", "mode": "answers", "dataset": "same", "train_length": 10, "lengths": [20], "rows": [{"encoding": "alibi", "values": [0.25]}]}]'
check "claims on answers" run 0 "$longshot" run t.json -o claims -j2 --plots no "claims=$(cat claims.json)" "published=$published" 'seeds=[1, 2, 3]'
check "are tested where seeds have learned" sh -c "grep '^learned,' claims/claims.csv | grep -c ',holds,' | grep -qx 2"
check "and not where they have not" sh -c "grep '^unlearned,' claims/claims.csv | grep -c '3 seeds had not learned' | grep -qx 2"
check "a paper's numbers are printed beside that dataset" sh -c "grep -c 'beside it, ' claims/claims.md | grep -qx 1 && grep -q 'beside it, same trained' claims/claims.md"
check "and ours with them" sh -c "grep '^| alibi | here | [01]' claims/claims.md"
check "a paper's value is written as it is" grep -q '| 0.4 |' claims/claims.md
check "a claim of perplexity is refused" run 2 "$longshot" plan t.json 'claims=[{"id": "p", "text": "t", "source": "s", "left": {"encoding": "alibi", "length": "2x"}, "op": "<", "right": {"length": "1x"}}]'
check "in one line" has err "since tasks have no perplexity, got ppl"

check "a window that is mostly empty" run 0 "$longshot" plan t.json train.length=64 train.batch_tokens=640 eval.lengths=1x
check "is said to be" has out "same: an example has at most 6 tokens, a window 64, the rest is empty: train.length=6 costs less"
check "not where examples are packed" sh -c "'$longshot' plan t.json train.length=64 train.batch_tokens=640 eval.lengths=1x dataset[1].pack=many dataset[0].pack=many | grep -c 'rest is empty' | grep -qx 0"
check "sample" run 0 "$longshot" sample t.json --dataset flip -n 2 --size 3
check "its size" has out "size 3"
check "what is read" grep -qE '^\$w[01][iwr][01]r$' out
check "what is scored" grep -qE '^\.{5}$|^\.{3,5}[01.]{1,3}$' out
check "lines of an example are as long" awk '/^size/ { n = 0; next } /./ { if (n && length($0) != n) exit 1; n = length($0) }' out
check "in groups of three" test "$(grep -c . out)" = 6
check "sample as CSV" run 0 "$longshot" sample t.json --dataset same -n 1 --size 2 --tokens
check "with its columns" has out "example,size,position,input,text,target,reach"
check "every kind of split" run 0 "$longshot" sample t.json --dataset same --split valid
check "describe names the tasks" run 0 "$longshot" describe tasks
check "with an example" has out "019+955="

check "run" run 0 "$longshot" run t.json -o a -j2
check "run again, another way" run 0 "$longshot" run t.json -o b -j1 --threads 2
check "the same bytes" cmp a/metrics.csv b/metrics.csv
rows() { grep ",answers,,$1," a/metrics.csv; }
# 2 datasets x 2 seeds x 2 lengths x (a size, all of them); the learned table has only its own length.
check "a row for each size and over all" test "$(rows exact_match | grep -c ',alibi,.*,ok,')" = 16
check "a learned table ends at its length" test "$(rows exact_match | grep -c ',learned,.*,not_applicable,')" = 4
check "chance is the same for all" test "$(rows exact_match_chance | grep ',flip,.*,12,12,' | cut -d, -f17 | sort -u | wc -l)" = 1
check "examples are counted" test "$(rows exact_match | grep ',ok,' | cut -d, -f20 | sort -u)" = 20
check "the table has sizes" has a/table.md "2x (n=8)"
check "and all tasks" has a/table.md "## All tasks"
check "answers.csv" has a/answers.csv "dataset,split,train_length,encoding"
check "one rate for all is no column" sh -c "! grep -q '| rate' a/table.md && ! grep -q 'status,lr' a/answers.csv"
check "rates of their own" sh -c "mkdir own && cp a/metrics.csv own && perl -pe 's/(\"id\":\\s*\"alibi\",)/\\1 \"lr\": 0.0125,/' a/config.json >own/config.json && '$longshot' report own --no-plots >out"
check "stand in every table of answers" sh -c "test \$(grep -c '^| encoding *|  *rate |' own/table.md) = 5 && test \$(grep -c '^| alibi *|  *0.0125 |' own/table.md) = 5"
check "in LaTeX" grep -q 'alibi & 0.0125 &' own/table.tex
check "and in answers.csv" sh -c "head -1 own/answers.csv | grep -q 'status,lr,array_lr\$' && grep -q ',alibi,.*,ok,0.0125,1\$' own/answers.csv"
for f in answers_vs_length-flip answers_by_place-same answers_map training_curves-flip; do
    [ "$f" = answers_by_place-same ] && [ ! -e a/plots/$f.gp ] && continue # nobody learned it
    check "figure $f" test -s a/plots/$f.dat -a -s a/plots/$f.gp
done
check "the map says what it shows" grep -q 'layout 1,2 title .*Right answers at twice the trained size' a/plots/answers_map.gp
# Places worked out by hand: of three encodings, two tie on one task.
mkdir ranks
perl -F, -lane '
    if ($. == 1) { print; next }
    next unless $F[2] eq "alibi" && $F[9] eq "answers";
    my %at2x = (flip => {alibi => 0.8, b => 0.5, c => 0.5}, same => {alibi => 0.2, b => 0.6, c => 0.4});
    for my $e (qw(alibi b c)) {
        my @g = @F;
        @g[1, 2, 3] = ("$F[1]$e", $e, $e);
        $g[16] = $g[8] > $g[7] ? $at2x{$g[4]}{$e} : 1 if $g[11] eq "exact_match" && $g[20] eq "ok";
        print join ",", @g;
    }' a/metrics.csv >ranks/metrics.csv
"$longshot" report ranks --no-plots >out 2>err
place() { sed -n '/All tasks/,$p' ranks/table.md | tr -d ' *' | grep -qxF "$1"; }
check "the mean place of one that is first and last" place '|alibi|0.80±0.00|0.20±0.00|2|0.50|0.67|'
check "of one that shares the second and is first" place '|b|0.50±0.00|0.60±0.00|2|0.55|0.70|'
check "of one that shares it and is second" place '|c|0.50±0.00|0.40±0.00|2|0.45|0.45|'
check "eval again alone" run 0 "$longshot" run t.json -o a eval.examples=30
check "does not train again" lacks out "train "
check "rates are found by the answer" run 0 "$longshot" run t.json -o d 'tune={"start": 0.01, "reach": 1, "seed": 7}' 'seeds=[1]' train.steps=20 --plots no
check "at the trained sizes" has d/tune/tune.md "NLL of the answer in nats, at the training length and at the longest"
check "of each task" sh -c "cut -d, -f1,4 d/tune/tune.csv | sort -u | grep -c answers | grep -qx 2"
check "stop early" run 0 "$longshot" run t.json -o c train.stop_at=0.01 train.stop_every=20 seeds='[1]' encodings='["alibi"]' eval.attention=false
check "recorded" sh -c 'grep -h "\"steps\": [24]0," c/checkpoints/*/train.json'

refused() { # MESSAGE, then overrides
    message=$1
    shift
    check "refuses $*" run 2 "$longshot" plan t.json "$@"
    check "says why" has err "$message"
}
refused 'dataset[0].longest: an example of size 7 has up to 14 tokens' 'dataset=[{"name": "tasks", "task": "flipflop", "longest": 7}]'
refused 'order: belongs to task addition, this is copy' 'dataset={"name": "tasks", "order": "plain"}'
refused 'dataset.keys: must be at least 4 for size 4' 'dataset={"name": "tasks", "task": "mqar", "keys": 3}'
refused 'must be answers alone' 'eval.modes=["last"]'
refused 'must be without answers' dataset=journal 'eval.modes=["answers"]'
refused 'they read windows of a stream' 'analyses=["attention_variance"]'
refused 'dataset is a stream, without answers to ask for' dataset=journal train.stop_at=0.9
echo "1..$n"
exit $bad
