#!/bin/sh
# The whole path through the command line: running, resuming, interrupting, failing, merging; and
# that results do not depend on how they came about. TAP on stdout; the program under test is
# $LONGSHOT or build/longshot.
. "$(dirname "$0")/tap.sh"

says() { exits "$1" "$longshot" $3 && { grep -qF -e "$2" err || { echo "stderr lacks: $2"; return 1; }; }; }
same() { cmp "$1" "$2"; }
run() { exits "$@"; }

cat >tiny.json <<'JSON'
{
  "name": "tiny",
  "dataset": {"name": "journal", "train_tokens": 20000, "valid_tokens": 4000},
  "model": {"layers": 2, "d_model": 16, "heads": 2},
  "train": {"length": 16, "batch_tokens": 64, "steps": 30, "lr": 0.003, "warmup": 5},
  "encodings": [
    "nope",
    {"id": "learned", "stack": ["learned"],
     "evaluate_as": [{"id": "learned+clamp", "stack": [{"name": "learned", "past": "clamp"}]}]},
    "alibi"
  ],
  "eval": {"lengths": ["1x", "4x"], "modes": ["nonoverlapping", "last"], "tokens": 1024},
  "seeds": [1, 2]
}
JSON

# ------------------------------------------------------------------------------- run, run again
pictures=$PATH
no_pictures # for the scripts of the paper's figures alone, which the page's take the place of
paper=$PATH
PATH=$pictures
check "run" run 0 "$longshot" run tiny.json -o a -j2
check "run prints the table" has out "alibi"
check "run says how many cells" has err "6 cells: 0 done, 6 to do"
check "run draws or leaves scripts" test -n "$(ls a/plots/*.gp)"
check "figures for a paper" sh -c "cp -r a paper && PATH='$paper' '$longshot' report paper --style paper >/dev/null && grep -q 'pdfcairo size 3.3000in' paper/plots/ppl*last.gp && cmp a/table.csv paper/table.csv"
check "and for the page again" sh -c "'$longshot' report paper >/dev/null && diff -r a/plots paper/plots"
if ls a/plots/*.pdf >out 2>&1; then
    check "a PDF of each" sh -c "for gp in a/plots/*.gp; do test -s \"\${gp%.gp}.pdf\" || exit 1; done"
    check "whose bytes are the same at any time" sh -c "! grep -a CreationDate a/plots/*.pdf | grep -v 'D:19700101000000'"
else
    skip "a PDF of each" "no gnuplot with pdfcairo"
    skip "whose bytes are the same at any time" "no gnuplot with pdfcairo"
fi
check "every table is there" test -s a/metrics.csv -a -s a/runs.csv -a -s a/train.csv -a -s a/table.md \
    -a -s a/table.tex -a -s a/table.csv -a -s a/config.json
check "metrics.csv has the columns of the contract" test "$(head -1 a/metrics.csv)" = \
    "experiment,cell,encoding,evaluated_as,dataset,split,seed,train_length,eval_length,mode,stride,metric,layer,head,position_lo,position_hi,value,stderr,tokens,windows,status,protocol"
check "a learned table does not apply past its length" has a/metrics.csv \
    ",learned,learned,journal,valid,1,16,64,nonoverlapping,,nll,,,,,,,0,0,not_applicable,longshot-2"
check "the other stack does" sh -c \
    "grep ',learned,learned+clamp,journal,valid,1,16,64,nonoverlapping,,nll,,,,,' a/metrics.csv | grep -q ',ok,'"
check "no row is doubled" test -z "$(cut -d, -f1-16 a/metrics.csv | sort | uniq -d)"
cp a/metrics.csv first.csv
check "run again" run 0 "$longshot" run tiny.json -o a --plots no
check "run again skips what is done" has err "6 cells: 6 done, 0 to do"
check "run again leaves metrics.csv as it was" same a/metrics.csv first.csv

# --------------------------------------------------------------------------------- determinism
check "one worker at a time" run 0 "$longshot" run tiny.json -o b -j1 --plots no
check "the number of workers changes nothing in metrics.csv" same a/metrics.csv b/metrics.csv
check "nor in train.csv" same a/train.csv b/train.csv
check "nor in blocks.csv.gz" same a/blocks.csv.gz b/blocks.csv.gz
# Over all blocks of an evaluation, the sums are the NLL of metrics.csv times its targets.
zcat a/blocks.csv.gz | awk -F, 'NR > 1 { k = $1 "," $2 "," $3 "," $4; n[k] += $7; s[k] += $8; b[k]++ }
    END { for (k in n) printf "%s,%d,%.6f,%d\n", k, n[k], s[k] / n[k], b[k] }' | sort >sums
awk -F, '$12 == "nll" && $15 == "" && $21 == "ok" { printf "%s,%s,%s,%s,%d,%.6f,64\n", $2, $4, $9, $10, $19, $17 }' a/metrics.csv | sort >means
check "blocks add up to the metrics" cmp sums means
check "of every evaluation" test "$(wc -l <sums)" = 28
check "tables of n-grams stand beside the models" has out "trigram table"
check "and say what is not trained" has err "not trained (no better than the bigram table at 16 tokens): "
check "nor in a checkpoint" sh -c 'for f in a/checkpoints/*/model.safetensors; do cmp "$f" "b${f#a}" || exit 1; done'
# enough rows a step that threads have something to share
check "one thread" run 0 "$longshot" run tiny.json -o t1 -j1 --plots no train.batch_tokens=4096 train.steps=5 seeds=[1]
check "three threads" run 0 "$longshot" run tiny.json -o t3 -j2 --threads 3 --plots no train.batch_tokens=4096 train.steps=5 seeds=[1]
check "the number of threads changes nothing in metrics.csv" same t1/metrics.csv t3/metrics.csv
check "nor in a checkpoint of theirs" sh -c 'for f in t1/checkpoints/*/model.safetensors; do cmp "$f" "t3${f#t1}" || exit 1; done'
check "no threads are too few" run 2 "$longshot" run tiny.json -o t0 --threads 0
check "a split too short for mode last says what it gives" says 0 \
    "journal, valid split: too short for 100000 targets in mode last, it gives 3936" "plan tiny.json eval.last_tokens=100000"
check "for the windows from its front as well, in one line" says 0 \
    "journal, valid split: too short for 100000 targets (eval.tokens), it gives 3968, and for 50000 targets in mode last, it gives 3936" "plan tiny.json eval.tokens=100000"
check "the stored config gives the same cells" sh -c "'$longshot' plan tiny.json --json >p1 && '$longshot' plan a/config.json --json >p2 && cmp p1 p2 && cmp p1 a/plan.jsonl"

# ------------------------------------------------------------------------ cells, merge, status
id=$(sed -n '3s/.*"id":"\([0-9a-f]*\)","train_id.*/\1/p' p1)
check "cell --index" run 0 "$longshot" cell tiny.json --index 0 -o c
check "cell --id" run 0 "$longshot" cell tiny.json --id "$id" -o c
check "status counts cells" sh -c "'$longshot' status c | grep -qx '6 cells: 2 done, 0 running, 0 failed, 4 to do'"
check "cell --shard" run 0 "$longshot" cell tiny.json --shard 1/2 -o c
check "cell --index auto" run 0 env SLURM_ARRAY_TASK_ID=4 "$longshot" cell tiny.json --index auto -o c
check "merge" run 0 "$longshot" merge c
check "merge says how many" has err "6 of 6 cells merged"
check "cells run one by one give the same metrics.csv" same c/metrics.csv a/metrics.csv
check "report from metrics.csv alone" sh -c "mkdir d && cp c/metrics.csv d && '$longshot' report d --no-plots | grep -q alibi"

# ------------------------------------------------------------------- what is computed again
sed 's/"tokens": 1024/"tokens": 512/' tiny.json >edited.json
check "an edited eval section" run 0 "$longshot" run edited.json -o b --plots no
check "is evaluated again" has err "6 cells: 0 done, 6 to do"
check "without training again" test "$(ls b/checkpoints | wc -l)" = 6 -a -z "$(find b/checkpoints -newer out -name train.json)"
train_id=$(sed -n '1s/.*"train_id":"\([0-9a-f]*\)".*/\1/p' p1)
first=$(sed -n '1s/.*"id":"\([0-9a-f]*\)","train_id.*/\1/p' p1)
rm "a/cells/$first/metrics.csv"
truncate -s 1000 "a/checkpoints/$train_id/model.safetensors"
check "a broken checkpoint" run 0 "$longshot" run tiny.json -o a --plots no
check "is trained again, and that is said" has "a/work/$first/log.txt" "training again: "
check "with the same result" same a/metrics.csv first.csv

# ------------------------------------------------------------------------ interruption, failure
"$longshot" run tiny.json -o e -j1 --plots no train.steps=400 >out 2>err &
pid=$!
i=0
while [ $i -lt 200 ] && [ -z "$(find e/cells -name metrics.csv 2>/dev/null)" ]; do
    sleep 0.1
    i=$((i + 1))
done
kill -TERM $pid
wait $pid
status=$?
check "SIGTERM ends a run with 75" test $status = 75
check "and says what is done" has err "the same command goes on from here"
check "and how to see it" sh -c "grep -q 'with 0 of' err || grep -qxF 'hint: tables of what is done: \`longshot merge e\`, then \`longshot report e\`' err"
check "report of what is not merged" run 1 "$longshot" report e
check "says what comes before" has err "hint: \`longshot merge e\` puts together what is done there"
check "and leaves no worker behind" sh -c "'$longshot' status e | grep -q ' 0 running'"
check "the same command goes on" run 0 "$longshot" run tiny.json -o e -j2 --plots no train.steps=400
check "and repeats nothing" lacks err "6 cells: 0 done"
check "without interruption" run 0 "$longshot" run tiny.json -o f -j2 --plots no train.steps=400
check "the result is the same" same e/metrics.csv f/metrics.csv

mkdir -p g/checkpoints
: >"g/checkpoints/$train_id"
check "a cell that fails" run 4 "$longshot" run tiny.json -o g -j2 --plots no
check "is named with its cause" has err "failed: nope seed 1: "
check "and the others go on" sh -c "'$longshot' status g | grep -q '^6 cells: 5 done, 0 running, 1 failed, 0 to do'"
check "status names the cause" sh -c "'$longshot' status g | grep -q '^failed .* nope journal seed 1: '"
rm "g/checkpoints/$train_id"
check "it is tried again" run 0 "$longshot" run tiny.json -o g -j2 --plots no
check "and the result is whole" same g/metrics.csv first.csv

check "divergence is a result" run 0 "$longshot" run tiny.json -o h --plots no seeds=[1] \
    train.lr=10 train.weight_decay=10 train.clip=0 'encodings=["nope"]'
check "its rows say so" sh -c "grep -q ',diverged,' h/metrics.csv && ! grep -q ',ok,' h/metrics.csv"
check "so does runs.csv" sh -c "sed 1d h/runs.csv | grep -q ',diverged,'"

# --------------------------------------------------------------------------------------- memory
check "too little memory to train is refused" says 1 "bytes of memory, 1000 are allowed" \
    "run tiny.json -o m --memory 1000"
check "before anything is written" test ! -e m
need=$(sed -n 's/.* needs \([0-9]*\) bytes of memory.*/\1/p' err)
check "memory for training but not for a long window" run 0 "$longshot" run tiny.json -o m --plots no \
    --memory "$need" seeds=[1] 'encodings=["nope"]' 'eval.lengths=["1x","64x"]' 'eval.modes=["nonoverlapping"]' eval.batch_tokens=64
check "gives rows that say so" sh -c "grep ',1024,nonoverlapping,' m/metrics.csv | grep -q ',out_of_memory,'"
check "and leaves the others alone" sh -c "grep ',16,nonoverlapping,' m/metrics.csv | grep -q ',ok,'"

# --------------------------------------------------------------------------------------- sweeps
check "a sweep" run 0 "$longshot" run tiny.json -o s --plots no seeds=[1] 'encodings=["nope"]' \
    'train.lr={"sweep":[0.001,0.01]}'
check "labels its cells" sh -c "cut -d, -f3 s/metrics.csv | sort -u | tr '\n' ' ' | grep -qF 'nope[lr=0.001] nope[lr=0.01]'"

# Reports of one folder at once: each draws for itself, and all are of the same rows.
three() {
    for i in 1 2 3; do "$longshot" report s >"report.$i" 2>&1 & eval "p$i=\$!"; done
    # shellcheck disable=SC2154
    wait "$p1" && wait "$p2" && wait "$p3" || { cat report.?; return 1; }
}
check "three reports of one folder at once" three
check "nothing temporary is left" sh -c "! ls -A s/plots | grep -q tmp"
check "tables alone take the pictures away" sh -c "'$longshot' report s --no-plots >/dev/null 2>err && test ! -e s/plots && grep -q 'removed [0-9]* figures of an earlier report' err"
# Some cells of a plan, merged: every table says so.
check "one cell of several" sh -c "'$longshot' cell tiny.json --index 0 -o some >out 2>err && '$longshot' merge some >out 2>err && '$longshot' report some --no-plots >out 2>err"
check "its table says that it is partial" has some/table.md "**PARTIAL: 1 of "
check "and what is missing" has some/table.md "Missing: "

# Another precision is another cell; where the processor has no bfloat16 it is refused before anything is done.
short='encodings=["nope"] seeds=[1] train.steps=5'
# shellcheck disable=SC2086
"$longshot" plan tiny.json --json $short >plan.float32
"$longshot" plan tiny.json --json $short train.precision=float32 >plan.same
"$longshot" plan tiny.json --json $short train.precision=bf16 >plan.bf16
check "float32 is the default" cmp plan.float32 plan.same
check "bf16 is another cell" sh -c '! cmp -s plan.float32 plan.bf16 && test "$(wc -l <plan.bf16)" = "$(wc -l <plan.float32)"'
if "$longshot" version | grep -q '^bf16 *[a-z]'; then
    check "a run in bf16" run 0 "$longshot" run tiny.json -o bf16 --plots no $short train.precision=bf16 eval.precision=bf16
    check "says by which instructions" grep -Eq ',[A-Za-z0-9_]+[+](amx|avx512)_bf16,' bf16/runs.csv
    check "with threads" run 0 "$longshot" run tiny.json -o bf16t --threads 2 --plots no $short train.precision=bf16 eval.precision=bf16
    check "the same bytes" cmp bf16/metrics.csv bf16t/metrics.csv
    check "other ones than float32" sh -c "'$longshot' run tiny.json -o f32 --plots no $short >out 2>&1; ! cmp -s f32/train.csv bf16/train.csv"
else
    check "a run in bf16" run 1 "$longshot" run tiny.json -o bf16 --plots no $short train.precision=bf16
    check "is refused" has err "train.precision: must be float32 on this processor"
fi

echo "1..$n"
exit $bad
