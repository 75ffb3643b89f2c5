#!/bin/sh
# Rates of their own: an encoding's lr and array_lr give the weights, byte for byte, that the same rates in
# `train` give; the plan says them; kill and resume. Tuning: the plan counts, what was stopped goes on, the
# printed config is that of `run`, cells are never run twice, an edge is told. TAP on stdout; the program under test is $LONGSHOT or
# build/longshot.
. "$(dirname "$0")/tap.sh"

# config NAME TRAIN ENCODINGS
config() {
    cat >"$1.json" <<JSON
{
  "name": "$1",
  "dataset": {"name": "journal", "train_tokens": 20000, "valid_tokens": 4000},
  "model": {"layers": 1, "d_model": 8, "heads": 2},
  "train": {"length": 16, "batch_tokens": 32, "steps": 60, "warmup": 5$2},
  "encodings": [$3],
  "eval": {"lengths": ["1x", "2x"], "tokens": 512, "last_tokens": 512}
}
JSON
}
weights() { cat "$1"/checkpoints/*/model.safetensors | sha256sum; }
# same_weights DIR DIR, other_weights DIR DIR
same_weights() { [ "$(weights "$1")" = "$(weights "$2")" ]; }
other_weights() { [ "$(weights "$1")" != "$(weights "$2")" ]; }

# ------------------------------------------------------------------------------------ own rates
config plain '' '"t5"'
config common ', "lr": 0.02, "array_lr": 10' '"t5"'
config own '' '{"id": "t5", "stack": ["t5"], "lr": 0.02, "array_lr": 10}'
config lr ', "lr": 0.5' '{"id": "t5", "stack": ["t5"], "lr": 0.02}'
config single ', "lr": 0.02' '"t5"'
for c in plain common own lr single; do
    check "$c runs" exits 0 "$longshot" run $c.json --plots no
done
check "rates of an entry give the weights of rates in train" same_weights results/common results/own
check "also where train has another" same_weights results/single results/lr
check "other rates give others" other_weights results/plain results/single
check "array_lr alone, too" other_weights results/common results/single
check "the trained model says them" has "$(ls results/own/checkpoints/*/model.safetensors)" 'array_lr'

"$longshot" plan own.json --json >plan
check "plan says the rates" has plan '"lr":0.02,"array_lr":10,'
"$longshot" plan results/own/config.json --json >again
check "the resolved config plans the same cell" cmp plan again
check "override of an entry's rate" exits 0 "$longshot" plan own.json --json 'encodings[0].lr=0.01'
check "is taken" has out '"lr":0.01,'
check "a rate of 0 is refused" exits 2 "$longshot" plan own.json 'encodings[0].lr=0'
check "in one line" has err 'encodings[0].lr=0: must be greater than 0, got 0'

check "stopped again and again" until_done "$longshot" run own.json -o stopped --plots no
check "ends with the same bytes" same_results results/own stopped

# --------------------------------------------------------------------------------------- tuning
cat >tune.json <<'JSON'
{
  "name": "tuned",
  "dataset": {"name": "journal", "train_tokens": 20000, "valid_tokens": 4000},
  "model": {"layers": 1, "d_model": 8, "heads": 2},
  "train": {"length": 16, "batch_tokens": 32, "steps": 50, "warmup": 5},
  "encodings": ["t5",
    {"id": "a", "stack": ["alibi"], "evaluate_as": [{"id": "w", "stack": [{"name": "alibi", "slope_multiplier": 2}]}]},
    {"id": "r", "stack": ["rope"], "lr": 0.02}],
  "eval": {"lengths": ["2x"], "modes": ["nonoverlapping"], "tokens": 512, "last_tokens": 512},
  "tune": {"start": 0.02, "reach": 2, "steps": 40, "seed": 7}
}
JSON
ids() { sed 's/.*"train_id":"\([0-9a-f]*\)".*"encoding":"\([^"]*\)".*/\1 \2/' "$1"; }

check "plan of a config to tune" exits 0 "$longshot" plan tune.json --json
check "is the first wave" sh -c 'test $(wc -l <out) = 6 && grep -c "\"seed\":7,\"lr\":0.0[124]," out | grep -qx 6'
# at least 3 more: three multiples of t5. At most 4 and 5 in a row for its two rows, 4 for a
check "and says what follows" has err "these 6 cells, 0 of them done; then 3 to 7 more, as they show; then 3 of the study"

check "tune" exits 0 "$longshot" tune tune.json -j2 --plots no
mv out found.json
mv err told
check "says each rate" has told "tuned: t5: lr "
# From the rows that rates are chosen by, and no others: targets of the last quarter, at the training length.
lowest=$(awk -F, '$4 == "last" && $5 == "t5" && $8 == 16 && $10 == "ok" { if (n++ == 0 || $9 < low) { low = $9; rate = $6; times = $7 } }
    END { printf "tuned: t5: lr %g%s (nll %.4f, %d rates)", rate, times == 1 ? "" : ", array_lr " times, low, n }' results/tuned/tune/tune.csv)
check "that of the lowest NLL at the training length" grep -qF "$lowest" told
check "says that nothing keeps the texts apart" has told "tune.split"
check "prints a config with all rates" sh -c 'test $(grep -c "\"lr\":" found.json) = 3'
check "that keeps what was evaluated as" has found.json '"evaluate_as"'
check "the table is there" has results/tuned/tune/tune.md "| own rate, 1x | own rate, 2x | common rate, 1x |"
check "and all rates at all lengths" sh -c 'grep -q "^journal,valid,16,last,t5,0.02,1,16," results/tuned/tune/tune.csv && grep -q "^journal,valid,16,nonoverlapping,a,0.02,1,32," results/tuned/tune/tune.csv'
check "schemes without arrays have no multiples" sh -c '! grep -q ",a,[0-9.]*,10," results/tuned/tune/tune.csv'
check "no lr of its own is looked for" lacks results/tuned/tune/tune.csv ",r,"

check "tune again" exits 0 "$longshot" tune tune.json --plots no -o again.json
check "prints the same" cmp found.json again.json
check "and runs nothing" lacks err "to run now"
check "plan now" exits 0 "$longshot" plan tune.json --json
ids out >want
check "is the study" has err "these are the 3 cells of the study"
"$longshot" plan found.json --json >out
ids out >got
check "as the printed config plans it" cmp want got
check "the printed config has nothing to find" exits 0 "$longshot" tune found.json
check "and prints itself" cmp out found.json

check "run does both" exits 0 "$longshot" run tune.json -o both -j2 --plots no
"$longshot" run found.json -o printed --plots no >out 2>err
check "as the printed config gives" same_results both printed
ids both/plan.jsonl >got
check "with its ids" cmp want got
check "metrics of tuning are the same, too" cmp both/tune/metrics.csv results/tuned/tune/metrics.csv

check "stopped again and again" until_done "$longshot" run tune.json -o stopped2 --plots no
check "it ends" cmp both/metrics.csv stopped2/metrics.csv
check "with the same rates" cmp both/tune/tune.csv stopped2/tune/tune.csv

exits 0 "$longshot" tune tune.json --plots no tune.reach=1 tune.start=0.0002 tune.array_lr=0 --dir low >/dev/null
check "the edge is told" has err "warning: low/tune: a: the best rate, 0.0004, is the highest tried"
check "and in the tables" sh -c 'grep -q "at the edge" low/tune/tune.md && grep -q ",edge$" low/tune/tune.csv'

# -------------------------------------------------------------------------- claims, before tuning
jq '.name = "claimed" | .encodings = ["alibi"] | .tune.reach = 0 | .eval.lengths = ["1x", "2x"] | .claims = [{"id": "flat", "text": "a claim",
    "source": "somebody", "role": "control", "left": {"encoding": "alibi", "length": "2x"}, "op": "<=", "right": {"length": "1x"}, "ratio": 9}]' tune.json >claimed.json
jq '.claims[0].ratio = 8 | .claims += [.claims[0] | .id = "more"]' claimed.json >edited.json
# said CONFIG DIR TEXT: the study of a config says so of its claims
said() { "$longshot" run "$1" -o "$2" --plots no >out 2>err && has out "Registration: $3"; }
all="all claims were written down before the first cell was finished."
check "tune a config that claims something" exits 0 "$longshot" tune claimed.json --plots no -o claimed-found.json
cp results/claimed/registration.json first.json
check "it is written down before the first cell" jq -e '.entries | length == 1 and (.[0] |
    .finished == {cells: 0, of: 0, seeds: 0} and .cells == "" and .claims[0].claim.id == "flat")' first.json
check "once" sh -c "'$longshot' tune claimed.json --plots no >out 2>err && cmp first.json results/claimed/registration.json"
for c in edited late late-run edited-run; do cp -r results/claimed $c; done
check "what is untouched has no mark" said claimed-found.json results/claimed "$all"
check "nor has it where run does both" said claimed.json fresh "$all"
check "both wrote claims, then cells" sh -c "for d in results/claimed fresh; do
    jq -e '[.entries[] | [(.claims | length), (.cells | length > 0), .finished.tuned]] == [[1, false, null], [0, true, 1]]' \$d/registration.json || exit 1; done"
cp fresh/registration.json first.json
check "the same run adds nothing" sh -c "'$longshot' run claimed.json -o fresh --plots no >out 2>err && cmp first.json fresh/registration.json"
marks="changed after tuning was looked at: flat. added after tuning was looked at: more."
check "a claim that is edited after tuning is marked" said edited.json edited-run "$marks"
check "in the files too" sh -c 'for f in edited-run/claims.md edited-run/claims.tex; do grep -q "changed after tuning was looked at" $f || exit 1; done'
check "and by verify" sh -c "'$longshot' verify edited-run >out 2>err; grep -q 'flat: changed after tuning was looked at' out"
check "tuning again takes it down as that" sh -c "'$longshot' tune edited.json --plots no --dir edited -o edited-found.json 2>err && jq -e '.entries[1].finished.tuned == 1' edited/registration.json"
check "and the study keeps it" said edited-found.json edited "$marks"
# what a program would leave that does not write down before it tunes
rm late/registration.json late-run/registration.json
check "not written down before: marked" said claimed-found.json late "added after tuning was looked at: all claims."
check "also where run does both" said claimed.json late-run "added after tuning was looked at: all claims."
check "edited after cells, too" said edited.json fresh "changed after 1 of 1 cells: flat. added after 1 of 1 cells: more."
check "in what is settled, the study keeps its cells" jq -e '.entries | length == 3 and .[2].cells == .[1].cells' fresh/registration.json

# ------------------------------------------------------------------------- a text of its own, wrong things
exits 0 "$longshot" tune tune.json --plots no 'tune.dataset={"name": "journal", "train_tokens": 20000, "valid_tokens": 3000}' tune.reach=0 --dir other >/dev/null
check "a text of its own" lacks err "tune.split"
check "is not the study's" sh -c '! cmp -s other/tune/plan.jsonl low/tune/plan.jsonl'
# refused MESSAGE OVERRIDE...
refused() {
    message=$1
    shift
    exits 2 "$longshot" plan tune.json "$@" && has err "$message" && [ "$(wc -l <err)" -le 2 ]
}
check "a seed of the study" refused 'tune.seed=1: must be none of seeds' tune.seed=1
check "sweeps" refused 'tune: must go without sweeps' 'train.steps={"sweep": [50, 60]}'
check "a rate of 0" refused 'tune.start=0: must be greater than 0' tune.start=0
check "too far" refused 'tune.reach: start times 2^reach must be at most 10' tune.start=5
check "a typo" refused 'did you mean "start"' tune.strat=1
check "too few steps" refused 'warmup: must be at most steps = 3' tune.steps=3
# ------------------------------------------------------------------------ rates of another folder
sed 's/"tune": .*/"tune": {"from": "results\/tuned"}/; s/"name": "tuned"/"name": "taken"/' tune.json >from.json
check "rates of a folder that was tuned" exits 0 "$longshot" run from.json --plots no
check "are those that it found" same_weights results/taken printed
check "its table is kept" cmp results/taken/tune/tune.csv results/tuned/tune/tune.csv
"$longshot" plan from.json --json >plan
check "the resolved config plans the same, without the table" sh -c \
    "mv results/tuned elsewhere && '$longshot' plan results/taken/config.json --json | cmp - plan; s=\$?; mv elsewhere results/tuned; exit \$s"
check "rates of the table itself" exits 0 "$longshot" plan from.json tune.from=results/tuned/tune/tune.csv --json
check "are the same" cmp out plan
# from MESSAGE OVERRIDE...
from() {
    message=$1
    shift
    exits 2 "$longshot" plan from.json "$@" && has err "$message" && [ "$(wc -l <err)" -le 2 ]
}
check "training lengths may be swept" exits 0 "$longshot" plan from.json 'train.length={"sweep": [16, 32]}'
check "rates may not" from 'tune.from: must go without a sweep of train.lr' 'train.lr={"sweep": [0.01, 0.02]}' 'encodings=["t5"]'
check "an encoding that is not there" from 'tune/tune.csv: must have a best rate of nope' 'encodings=["nope"]'
check "no table yet: the plan" exits 0 "$longshot" plan from.json tune.from=nowhere --json
check "is that of the rate of all" sh -c 'test $(grep -c "\"lr\":0.001," out) = 2'
check "and is said to be" has err 'tune.from: nowhere: no such file: these are the cells at train.lr'
awaits() { exits 2 "$longshot" "$@" tune.from=nowhere && has err 'from.json: tune.from: nowhere: no such file' && [ ! -e awaiting ]; }
check "run needs it" awaits run from.json -o awaiting
check "tune does" awaits tune from.json --dir awaiting
check "and a cell" awaits cell from.json --index 0 -o awaiting
# ------------------------------------------------------------------------------ registered before
claim='claims=[{"id":"c","text":"t","source":"s","left":{"encoding":"a","length":"2x"},"op":"<","right":{"encoding":"r"}}]'
entries() { jq -e "$1" "$2/registration.json" >/dev/null; }
check "without rates claims and seeds can be registered" exits 0 "$longshot" run from.json tune.from=nowhere "$claim" -o later --register
check "the hash is printed" sh -c 'test "$(cat out)" = "$(jq -r ".entries[-1].hash" later/registration.json)"'
check "cells are not known" entries '.entries | length == 1 and .[0].cells == "" and (.[0].claims | length == 1)' later
check "nothing has run" test ! -e later/plan.jsonl
check "again" exits 0 "$longshot" run from.json tune.from=nowhere "$claim" -o later --register
check "adds nothing" entries '.entries | length == 1' later
check "the run, with rates" exits 0 "$longshot" run from.json "$claim" -o later --plots no
check "adds the cells" entries '.entries | length == 2 and .[1].finished.cells == 0 and (.[1].claims | length == 0) and (.[1].cells | length > 0)' later
check "no claim is marked" sh -c '! grep -q "registered\|added after\|changed after" later/claims.md'
check "with rates the cells are registered, too" exits 0 "$longshot" run from.json "$claim" -o known --register
check "as --print-hash says" sh -c "test \"\$(cat out)\" = \"\$('$longshot' run from.json '$claim' --print-hash)\""
check "and none has run" sh -c 'entries() { jq -e "$1" known/registration.json >/dev/null; }; entries ".entries[0].cells | length > 0" && test ! -e known/cells'
check "without claims there is nothing to register" exits 2 "$longshot" run from.json -o none --register
check "is said" has err '--register: must go with claims, has none'
check "before a folder is made" test ! -e none
check "no other key" from 'tune.from: must go alone, got tune.start' tune.start=0.01
check "no section" exits 2 "$longshot" tune own.json
check "says what to write" has err '"tune": {}'
check "--no-wait" exits 2 "$longshot" run tune.json --launcher slurm --no-wait -o new
check "needs rates" has err '--no-wait: must go without rates to find'

echo "1..$n"
exit $bad
