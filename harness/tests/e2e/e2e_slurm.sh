#!/bin/sh
# The Slurm launcher against stubs of sbatch, squeue and scontrol: the scripts it writes, arrays below
# the limit, what it submits again and what not, what it says when Slurm refuses. The stubs, and `drain`,
# which runs what is queued, are slurm_stub.sh. (slurm_loopback.sh does all this with a real Slurm.) TAP on
# stdout; the program under test is $LONGSHOT or build/longshot.
. "$(dirname "$0")/tap.sh"
export STUB="$tmp/stub"
plain_path=$PATH
mkdir -p bin stub none
: >stub/queue
: >stub/calls

for command in sbatch squeue scontrol drain; do ln -s "$root/harness/tests/e2e/slurm_stub.sh" bin/$command; done
PATH="$tmp/bin:$plain_path"

calls() { grep -c "^$1" stub/calls; }
cat >tiny.json <<'JSON'
{
  "name": "tiny",
  "dataset": {"name": "journal", "train_tokens": 20000, "valid_tokens": 4000},
  "model": {"layers": 1, "d_model": 8, "heads": 2},
  "train": {"length": 16, "batch_tokens": 32, "steps": 40, "lr": 0.003, "warmup": 5, "log_every": 7},
  "encodings": ["nope", "t5", "alibi"],
  "eval": {"lengths": ["1x", "4x"], "modes": ["last"], "tokens": 512},
  "seeds": [1, 2]
}
JSON
check "a local run" exits 0 "$longshot" run tiny.json -o local -j2 --plots no

# ---------------------------------------------------------------------------- nothing to submit to
slurm() { want_status=$1; shift; exits "$want_status" "$longshot" run tiny.json --launcher slurm --plots no --poll 0.2 "$@"; }
check "without Slurm" exits 1 env PATH="$tmp/none" "$longshot" run tiny.json --launcher slurm -o a
check "the missing command is named" has err "scontrol: not found in PATH"
check "and where to find it" has err "hint: --launcher slurm needs Slurm's commands"
check "a launcher that there is not" exits 2 "$longshot" run tiny.json --launcher slrum -o a
check "is refused" has err '--launcher: must be local or slurm, got "slrum"'
check "options for Slurm without it" exits 2 "$longshot" run tiny.json --slurm=--time=1 -o a
check "are refused" has err "--slurm: must go with --launcher slurm"
for option in --array=0-3 -a0-3 --wait "-o x" "--partition=x --output=y" --parsable --out=x --arr=1 --err=y "--time=1	--outpu=z"; do
    check "$option is the launcher's own" slurm 2 -o a --slurm "$option"
    check "that is said" has err "is set by the launcher"
done
check "what is no option" slurm 2 -o a --slurm "partition=x"
check "is refused" has err '--slurm: must be options of sbatch, got "partition=x"'
check "a file that is not there" slurm 1 -o a --slurm @options
check "is named" has err "options: no such file"
: >stub/refuse
check "an sbatch that refuses" slurm 1 -o a --slurm --partition=x
check "is quoted" has err "a/slurm/1.sh: sbatch: status 1: sbatch: error: invalid partition specified: x;sbatch: error: Batch job submission failed"
check "and no job is remembered" test -z "$(ls a/slurm/*.job 2>/dev/null)"

# ------------------------------------------------------------------------------ the first submission
: >stub/calls
printf '#SBATCH --account=me\n\n# a comment\n--constraint="a|b"\n' >options
check "submit" slurm 0 -o "it's 100%" --no-wait --cells-per-task 1 -j 2 --slurm @options --memory 1G --checkpoint-every 5
dir="it's 100%"
check "it is said what" has err "6 cells: 0 done, 0 in Slurm's queue, 6 to submit"
check "two arrays below the limit, and a job that merges" test "$(calls sbatch)" = 3
check "4 tasks in the first" has "$dir/slurm/1.sh" "#SBATCH --array=0-3%2"
check "2 in the second" has "$dir/slurm/2.sh" "#SBATCH --array=0-1%2"
check "both are known" has err "submitted job 102: 2 cells in 2 tasks"
check "the job ids are kept" test "$(cat "$dir"/slurm/*.job | tr '\n' ' ')" = "101 102 "
for line in "#SBATCH --requeue" "#SBATCH --signal=B:USR1@120" "#SBATCH --open-mode=append" "#SBATCH --cpus-per-task=1" \
    "#SBATCH --mem=500M" "#SBATCH --account=me" '#SBATCH --constraint="a|b"' "export OPENBLAS_NUM_THREADS=1" \
    "#SBATCH --output=\"$tmp/it's 100%%/slurm/1.%a.log\"" "--checkpoint-every 5 --memory 1073741824"; do
    check "the script has $line" has "$dir/slurm/1.sh" "$line"
done
check "the user's lines are the last" test "$(grep -n '^#SBATCH' "$dir/slurm/1.sh" | tail -1 | cut -d: -f2-)" = '#SBATCH --constraint="a|b"'
check "the script is sh" sh -n "$dir/slurm/1.sh"
check "merging waits for both" has "$dir/slurm/merge.sh" "#SBATCH --dependency=afterany:101:102"
check "each task has its line" test "$(cat "$dir"/slurm/1.tasks "$dir"/slurm/2.tasks | grep -cx '[0-5]:[0-9a-f]\{16\}')" = 6

# ------------------------------------------------------------------------------ again, while queued
: >stub/calls
check "the same again" slurm 0 -o "$dir" --no-wait --cells-per-task 1
check "finds all in the queue" has err "6 cells: 0 done, 6 in Slurm's queue, 0 to submit"
check "and submits nothing" test "$(calls sbatch)" = 0
: >stub/down
check "when Slurm does not answer" slurm 1 -o "$dir" --no-wait
check "that is said" has err "squeue: status 1: slurm_load_jobs error: Unable to contact slurm controller"
check "and nothing is submitted" test "$(calls sbatch)" = 0
rm stub/down
sed 's/"seeds": \[1, 2\]/"seeds": [1, 2, 3]/' tiny.json >more.json
check "an edited config" exits 0 "$longshot" run more.json --launcher slurm -o "$dir" --no-wait
check "submits only what is new" has err "9 cells: 0 done, 6 in Slurm's queue, 3 to submit"
check "short cells together in one task" has err "3 cells in 1 tasks"
drain
check "tasks run with the config they were submitted with" slurm 0 -o "$dir"
check "and nothing is asked of Slurm when all is done" has err "6 cells: all done"
check "the bytes are those of the local run" same_results local "$dir"
check "a table was printed" has out "alibi"
check "the merging script works" sh -c "sh stub/103.sh | grep -q alibi"

check "threads" slurm 0 -o threads --no-wait --threads 2
check "need processors" has threads/slurm/1.sh "#SBATCH --cpus-per-task=2"
check "and are passed on" has threads/slurm/1.sh " --threads 2 "
: >stub/queue

# -------------------------------------------------------------------------- waiting, loss, the rest
(
    i=0
    while [ $i -lt 200 ] && ! grep -q ' 3 PENDING' stub/queue; do
        sleep 0.1
        i=$((i + 1))
    done
    sed -i '/ [12] PENDING/d' stub/queue # two tasks are lost without a word
    drain
) &
keeper=$!
echo 100 >stub/limit
check "waiting, with two tasks lost" slurm 4 -o lost --cells-per-task 1
wait $keeper
check "says which cells are missing" has err "failed: nope seed 2: its task left no log"
check "and how many" has err "2 of 6 cells are not done"
check "the rest is merged" test "$(cut -d, -f2 lost/metrics.csv | sort -u | wc -l)" = 5
check "the same command" slurm 0 -o lost --no-wait --cells-per-task 1
check "submits the two" has err "6 cells: 4 done, 0 in Slurm's queue, 2 to submit"
check "and the ended job is asked for no more" test -e lost/slurm/1.ended -a ! -e lost/slurm/1.job
drain
check "then it is whole" slurm 0 -o lost
check "with the same bytes" same_results local lost

echo 4 >stub/limit
: >stub/refuse-second
check "the second array is refused" slurm 1 -o part --no-wait --cells-per-task 1
check "the first stays" has err "hint: 4 of 6 tasks are submitted; the same command goes on from here"
check "the same command" slurm 0 -o part --no-wait --cells-per-task 1
check "submits the others" has err "4 in Slurm's queue, 2 to submit"
: >stub/queue

# --------------------------------------------------------------------- the end of a task's time
check "a long cell" slurm 0 -o long --no-wait train.steps=10000 'seeds=[1]' 'encodings=["t5"]'
job=$(cat long/slurm/1.job)
: >stub/calls
# task SIGNAL: run the task, signal its script in mid-training; the script's status to $status.
task() {
    : >task.err # the child opens it later than the first look at it
    SLURM_ARRAY_JOB_ID=$job SLURM_ARRAY_TASK_ID=0 LX_LOG_INTERVAL=0 sh "stub/$job.sh" >task.out 2>task.err &
    pid=$!
    i=0
    while [ $i -lt 500 ] && ! grep -q ' train [0-9]' task.err; do
        sleep 0.02
        i=$((i + 1))
    done
    kill -"$1" $pid
    wait $pid
    status=$?
    cp task.err err
}
task TERM
check "TERM: the cell saves and the task ends with 75" test $status = 75
check "and is left to Slurm" test "$(calls 'scontrol requeue')" = 0
task USR1
check "it goes on from there; USR1: the same" test $status = 75 -a "$(grep -c 'resuming at step [1-9]' task.err)" = 1
check "and the task is queued again" grep -qx "scontrol requeue ${job}_0" stub/calls
drain
check "in the end" slurm 0 -o long train.steps=10000 'seeds=[1]' 'encodings=["t5"]'
check "an undisturbed run" exits 0 "$longshot" run tiny.json -o straight --plots no train.steps=10000 'seeds=[1]' 'encodings=["t5"]'
check "has the same bytes" same_results straight long

# ------------------------------------------------------------------------------------ stop waiting
"$longshot" run tiny.json --launcher slurm -o stop --poll 60 >out 2>err &
pid=$!
i=0
while [ $i -lt 200 ] && ! ls stop/slurm/1.job >/dev/null 2>&1; do
    sleep 0.1
    i=$((i + 1))
done
sleep 0.2
kill -INT $pid
wait $pid
check "Ctrl-C stops the waiting with 75" test $? = 75
check "and says that the jobs go on" has err "stopped waiting with 0 of 6 cells done; the jobs go on"

echo "1..$n"
exit $bad
