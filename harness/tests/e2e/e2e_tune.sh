#!/bin/sh
# Rates of their own: an encoding's lr and array_lr give the weights, byte for byte, that the same rates in
# `train` give; the plan says them; kill and resume. TAP on stdout; the program under test is $LONGSHOT or
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
check "override of an entry's rate" exits 0 "$longshot" plan own.json 'encodings[0].lr=0.01'
check "is taken" has out '"lr":0.01,'
check "a rate of 0 is refused" exits 2 "$longshot" plan own.json 'encodings[0].lr=0'
check "in one line" has err 'own.json: encodings[0].lr: must be greater than 0, got 0'

check "stopped again and again" until_done "$longshot" run own.json -o stopped --plots no
check "ends with the same bytes" same_results results/own stopped

echo "1..$n"
exit $bad
