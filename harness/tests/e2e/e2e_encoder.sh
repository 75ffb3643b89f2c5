#!/bin/sh
# Encoders through the command line: hidden tokens told from both sides, the same ones at every length, aligned
# and not, evaluated again from a checkpoint; and what makes no sense there, refused in a line. TAP on stdout.
. "$(dirname "$0")/tap.sh"
no_pictures

run() { exits "$@"; }
cat >enc.json <<'JSON'
{
  "name": "tiny",
  "dataset": {"name": "journal", "train_tokens": 20000, "valid_tokens": 4000, "test_tokens": 0},
  "model": {"layers": 2, "d_model": 16, "heads": 2, "attention": "bidirectional"},
  "train": {"length": 16, "batch_tokens": 64, "steps": 30, "lr": 0.003, "warmup": 5, "objective": "masked", "mask_span": 3},
  "encodings": ["alibi", "nope", {"id": "t5", "stack": [{"name": "t5", "buckets": 8, "max_distance": 8}], "lr": 0.01}],
  "eval": {"lengths": ["1x", "2x", "4x"], "tokens": 1024},
  "analyses": ["alignment"],
  "seeds": [1]
}
JSON

check "a run" run 0 "$longshot" run enc.json -o a -j2
# experiment,cell,encoding,evaluated_as,dataset,split,seed,train_length,eval_length,mode,stride,metric,..,tokens,..
rows() { awk -F, -v m="$1" '$12 == m && $15 == ""' a/metrics.csv; }
check "one mode alone" test "$(rows nll | cut -d, -f10 | sort -u)" = nonoverlapping
# 2 of 16 tokens, at every length, for each scheme and aligned as well
check "the same targets at every length" test "$(rows nll | cut -d, -f19 | sort -u)" = 128
check "as many rows as asked for" test "$(rows nll | wc -l)" = 18
check "by distance to the edge" test "$(grep -c ',nll_edge,' a/metrics.csv)" -gt 30
check "an edge is no further than half a window" \
    test "$(awk -F, '$12 == "nll_edge" && $16 > ($9 + 1) / 2' a/metrics.csv | wc -l)" = 0
check "tables of what follows what do not apply" \
    test "$(rows nll_trigram | cut -d, -f21 | sort -u)" = not_applicable
check "entropy is divided by ln T: at most 1" \
    test "$(awk -F, '$12 == "attention_entropy_normalized" && !($17 > 0 && $17 <= 1.0001)' a/metrics.csv | wc -l)" = 0
check "a temperature at 4x" test "$(awk -F, '$12 == "alignment_temperature" && $9 == 64' a/metrics.csv | wc -l)" -ge 3

# A checkpoint knows what it was made for.
model=$(ls -d a/checkpoints/*/model.safetensors | head -1)
check "eval of a checkpoint" run 0 "$longshot" eval "$model" eval.lengths=1x,4x eval.tokens=1024
check "on hidden tokens" grep -q ',64,nonoverlapping,,nll,.*,128,16,ok,' out

# As a study of its own: any number of workers and threads.
check "again, another way" run 0 "$longshot" run enc.json -o b -j1 --plots no
check "the same bytes" cmp a/metrics.csv b/metrics.csv

refused() { # name, message, overrides...
    what=$1 message=$2
    shift 2
    check "$what is refused" run 2 "$longshot" plan enc.json "$@"
    check "$what: why" has err "$message"
}
refused "the next token in sight" ": must be masked with model.attention bidirectional, where every token sees the next one, got next" train.objective=next
refused "a mode with one side" ": must be nonoverlapping alone with train.objective masked" 'eval.modes=["last"]'
refused "a forget gate" "(fox): does not work with model.attention bidirectional: it forgets" 'encodings=["fox"]'
refused "an analysis of the next token" "receptive_field is for models that tell the next token" 'analyses=["receptive_field"]'
refused "odd halves" "buckets: must be even" 'encodings=[{"id":"x","stack":[{"name":"t5","buckets":7,"max_distance":8}]}]'
refused "a vocabulary without room" "and one for hidden ones" model.vocab=252
refused "tasks" "masked needs a dataset that is a stream" 'dataset={"name":"tasks"}'
check "one side, hidden tokens: the control" run 0 "$longshot" plan enc.json model.attention=causal
echo "1..$n"
exit $bad
