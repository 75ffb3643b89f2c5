#!/bin/sh
# Without a launcher: array indices of every scheduler, task lists, two processes at the same cell, and
# the examples in configs/cluster, each run as it stands but for the config. TAP on stdout; the program
# under test is $LONGSHOT or build/longshot.
. "$(dirname "$0")/tap.sh"
examples=$root/configs/cluster
no_pictures
unset SLURM_ARRAY_TASK_ID JOB_COMPLETION_INDEX PBS_ARRAY_INDEX PBS_ARRAYID SGE_TASK_ID LSB_JOBINDEX
export LONGSHOT="$longshot"

cat >tiny.json <<'JSON'
{
  "name": "tiny",
  "dataset": {"name": "journal", "train_tokens": 20000, "valid_tokens": 4000},
  "model": {"layers": 1, "d_model": 8, "heads": 2},
  "train": {"length": 16, "batch_tokens": 32, "steps": 40, "lr": 0.003, "warmup": 5, "log_every": 7},
  "encodings": ["nope", "t5", "alibi"],
  "eval": {"lengths": ["1x", "4x"], "modes": ["last"], "tokens": 512},
  "seeds": [1, 2, 3]
}
JSON
cells=9
check "a local run" exits 0 "$longshot" run tiny.json -o local -j2 --plots no

# ---------------------------------------------------------------------------- indices and lists
at() { id=$(sed -n "$(($1 + 1))s/.*\"id\":\"\([0-9a-f]*\)\",\"train_id.*/\1/p" local/plan.jsonl); }
k=0
for pair in SLURM_ARRAY_TASK_ID=0 JOB_COMPLETION_INDEX=1 PBS_ARRAY_INDEX=2 PBS_ARRAYID=3 SGE_TASK_ID=5 LSB_JOBINDEX=6; do
    at $k
    check "$pair is cell $k" exits 0 env $pair "$longshot" cell tiny.json --index auto -o auto
    check "and that one is done" test -s "auto/cells/$id/metrics.csv" -a "$(ls auto/cells | wc -l)" = $((k + 1))
    k=$((k + 1))
done
check "an index past the plan is refused" exits 2 env SGE_TASK_ID=10 "$longshot" cell tiny.json --index auto -o auto
check "with the rule" has err "--index: must be below 9, the cells of the plan, got 9"
check "SGE has no task 0" exits 2 env SGE_TASK_ID=0 "$longshot" cell tiny.json --index auto -o auto
check "without a scheduler" exits 2 env SGE_TASK_ID=undefined "$longshot" cell tiny.json --index auto -o auto
check "the variables are named" has err "PBS_ARRAYID, SGE_TASK_ID, LSB_JOBINDEX is set"
check "a job of LSF that is no array" exits 2 env LSB_JOBINDEX=0 "$longshot" cell tiny.json --index auto -o auto
for i in 0 1 2 3; do
    check "shard $i/4" exits 0 "$longshot" cell tiny.json --shard $i/4 -o shard
done
"$longshot" merge shard >out 2>err
check "all shards together are the run" same_results local shard

at 0; one=$id
at 5; two=$id
printf '0:%s\n0:%s 5:%s\n' "$one" "$one" "$two" >list
check "line 1 of a list" exits 0 "$longshot" cell local/config.json --list list --index 1 -o listed
check "has two cells" test -s "listed/cells/$one/metrics.csv" -a -s "listed/cells/$two/metrics.csv"
check "and leaves the plan to whoever made the list" test ! -e listed/plan.jsonl
check "a line past the list" exits 2 "$longshot" cell local/config.json --list list --index 2 -o listed
check "is refused" has err "--index: must be below 2, the lines of --list, got 2"
printf '0:%s 5:%s\n' "$two" "$two" >wrong
check "a list of another plan" exits 4 "$longshot" cell local/config.json --list wrong --index 0 -o wrong.d
check "is noticed" has err "the data changed since the plan was made"
check "and its other cell is run" has err "1 of 2 cells failed"
for text in '' '0' '0:12' "x:$one" "0:$one  5:$two" "0:$one"; do
    printf %s "$text" >broken
    check "a broken list: '$text'" sh -c "'$longshot' cell tiny.json --list broken --index 0 -o n 2>err; s=\$?; [ \$s = 1 ] || [ \$s = 2 ]"
done

# ---------------------------------------------------- several at the same cell, killed at random
set -- cell tiny.json 'encodings=["t5"]' 'seeds=[1]' train.steps=8000 --index 0
check "one process" exits 0 "$longshot" "$@" -o alone
saved() { ls crowd/work/*/state.* >/dev/null 2>&1; }
i=0
lives=0
kills=0
while [ ! -s crowd/cells/*/metrics.csv ] && [ $i -lt 100 ]; do
    pids=
    for w in 1 2 3; do
        "$longshot" "$@" --checkpoint-every 0.02 -o crowd >>crowd.out 2>>crowd.err &
        pids="$pids $!"
        lives=$((lives + 1))
        sleep 0.03
    done
    if [ $i -lt 3 ]; then # the first three times, none lives to the end
        for wait in $(seq 500); do saved && break; sleep 0.02; done
        for p in $pids; do
            sleep 0.03
            kill -KILL $p 2>/dev/null && kills=$((kills + 1))
        done
    fi
    for p in $pids; do wait $p 2>/dev/null; done
    i=$((i + 1))
done
"$longshot" merge alone >out 2>err
check "merge" exits 0 "$longshot" merge crowd
check "three processes at one cell leave the bytes of one" same_results alone crowd
check "none of those that lived failed" lacks crowd.err "failed"
check "some were killed at work, some went on" test $kills -gt 3 -a "$(grep -c 'resuming at step [1-9]' crowd.err)" -gt 0
check "and nothing else" test -z "$(find crowd -name '*.tmp-*' -o -name 'state*' -o -name lock -o -name live.json -o -name error.txt -o -name work)"
echo "# $lives processes at one cell, $kills of them killed, $(grep -c 'resuming at step [1-9]' crowd.err) times resumed"

# ------------------------------------------------------------------ temp files of other machines
folder=$(echo crowd/cells/*)
fresh=$folder.tmp-elsewhere-99999999-0
"$longshot" cell tiny.json train.steps=2000000 --index 0 -o owner >out 2>err &
pid=$!
i=0
while [ $i -lt 300 ] && ! ls owner/work/*/live.json >/dev/null 2>&1; do
    sleep 0.1
    i=$((i + 1))
done
owner=$(sed 's/.*"owner":"\([^"]*\)".*/\1/' owner/work/*/live.json)
kill -KILL $pid
wait $pid 2>/dev/null
mkdir "$fresh" "$folder.tmp-elsewhere-99999999-1" "$folder.tmp-$owner-99999999-0"
for half in "$folder".tmp-*; do cp "$folder/run.csv" "$half/run.csv.tmp-x"; done
cp -r crowd/cells/*-1 crowd/checkpoints/0123456789abcdef.tmp-elsewhere-99999999-1
: >"crowd/metrics.csv.tmp-elsewhere-99999999-0"
touch -d '2 hours ago' crowd/cells/*-1 crowd/checkpoints/*-1 crowd/metrics.csv.tmp-*
check "merge" exits 0 "$longshot" merge crowd
check "a fresh temp folder of another machine may still be written" test -e "$fresh/run.csv.tmp-x"
check "an old one, or one of a process that is gone here, is removed" test "$(find crowd -name '*.tmp-*' | wc -l)" = 2

# ------------------------------------------------------- a cell at work on another machine
mkdir -p "far/work/$one"
cp local/plan.jsonl local/config.json local/plan.sha256 far
echo '{"state":"training","host":"node7","process":12,"done":0.25,"step":10,"steps":40,"nll":2.5,"rate":1e6}' >"far/work/$one/live.json"
check "status" exits 0 "$longshot" status far
check "shows who is at it" has out "seed 1: 25%, step 10 of 40, nll 2.500 (process 12 on node7)"
check "and that keeps nobody from running it" exits 0 "$longshot" cell tiny.json --index 0 -o far
check "status" exits 0 "$longshot" status far
check "then it is done" has out "9 cells: 1 done, 0 running"
"$longshot" cell tiny.json train.steps=2000000 --index 0 -o here >out 2>err &
pid=$!
i=0
while [ $i -lt 300 ] && ! ls here/work/*/live.json >/dev/null 2>&1; do
    sleep 0.1
    i=$((i + 1))
done
check "status of a cell at work here, without a lock" exits 0 "$longshot" status here
check "shows it as running" has out "9 cells: 0 done, 1 running"
check "there is no lock" test -z "$(find here -name lock)"
kill -KILL $pid
wait $pid 2>/dev/null
check "status after it was killed" exits 0 "$longshot" status here
check "shows it as stopped" has out "9 cells: 0 done, 0 running"

# ------------------------------------------------------------------------------------- examples
# example FILE: as it stands, with the config and the folder of this test.
example() { sed "s|configs/ci-exact.json|tiny.json|g;s|/*results/ci-exact|$2|g;s|\"build/longshot\"|\"$longshot\"|g" "$examples/$1" >"$1"; }
planned=$("$longshot" plan "$root/configs/ci-exact.json" --json | wc -l)

if command -v parallel >/dev/null && parallel --version 2>/dev/null | grep -q GNU; then
    check "GNU parallel" exits 0 "$examples/parallel.sh" tiny.json parallel -j 2
    check "runs all cells" same_results local parallel
else
    n=$((n + 1)); echo "ok $n - GNU parallel # SKIP not installed: apt-get install parallel"
fi

mkdir bin
cat >bin/ssh <<'SH'
#!/bin/sh
while [ $# -gt 0 ]; do case $1 in -n) shift ;; -o) shift 2 ;; *) break ;; esac; done
[ "$1" != down ] || { echo "ssh: connect to host down port 22: No route to host" >&2; exit 255; }
echo "$1" >>"$SSH_LOG"
shift
cd / && exec sh -c "$*"
SH
chmod +x bin/ssh
export SSH_LOG="$tmp/ssh.log"
check "ssh, one host down" exits 4 env PATH="$tmp/bin:$PATH" "$examples/ssh.sh" tiny.json "it's ssh" one one down
check "is reported with its cause" has err "share 2 failed: ssh: connect to host down port 22: No route to host"
check "ssh" exits 0 env PATH="$tmp/bin:$PATH" "$examples/ssh.sh" tiny.json "it's ssh" one one two
check "goes to each host" test "$(sort ssh.log | uniq -c | tr -s ' ' | tr '\n' ,)" = " 4 one, 1 two,"
check "and runs all cells" same_results local "it's ssh"

example pbs.sh pbs
check "pbs.sh: the array counts from 0 to the last cell" grep -qx "#PBS -J 0-$((planned - 1))" pbs.sh
for k in 0 1 2 3 4 5 6 7 8; do PBS_O_WORKDIR=$tmp PBS_ARRAY_INDEX=$k sh pbs.sh >>pbs.out 2>&1 || echo "failed $k" >>pbs.out; done
"$longshot" merge pbs >out 2>err
check "pbs.sh runs all cells" same_results local pbs

example lsf.sh lsf
check "lsf.sh: the array counts from 1 to the number of cells" grep -qx "#BSUB -J longshot\[1-$planned\]" lsf.sh
for k in 1 2 3 4 5 6 7 8 9; do LSB_JOBINDEX=$k sh lsf.sh >>lsf.out 2>&1 || echo "failed $k" >>lsf.out; done
"$longshot" merge lsf >out 2>err
check "lsf.sh runs all cells" same_results local lsf

example sge.sh sge
check "sge.sh: the array counts from 1 to the number of cells" grep -qx "#\$ -t 1-$planned" sge.sh
for k in 1 2 3 4 5 6 7 8 9; do SGE_TASK_ID=$k sh sge.sh >>sge.out 2>&1 || echo "failed $k" >>sge.out; done
"$longshot" merge sge >out 2>err
check "sge.sh runs all cells" same_results local sge
sed -i 's,cell tiny.json,cell tiny.json train.steps=2000000,' sge.sh
SGE_TASK_ID=1 sh sge.sh >out 2>err &
pid=$!
i=0
while [ $i -lt 300 ] && ! ls sge/work/*/live.json >/dev/null 2>&1; do
    sleep 0.1
    i=$((i + 1))
done
sleep 0.3
kill -USR2 $pid
wait $pid
check "sge.sh: USR2 saves, and 99 asks for another life" test $? = 99

example kubernetes-job.yaml k8s
check "kubernetes-job.yaml: one completion a cell" grep -qx "  completions: $planned" kubernetes-job.yaml
check "in indexed mode" grep -qx "  completionMode: Indexed" kubernetes-job.yaml
command=$(sed -n 's/^ *command: \[\(.*\)\]$/\1/p' kubernetes-job.yaml | sed 's/", "/" "/g')
check "its command" test -n "$command"
for k in 0 1 2 3 4 5 6 7 8; do JOB_COMPLETION_INDEX=$k sh -c "exec $command" >>k8s.out 2>&1 || echo "failed $k" >>k8s.out; done
"$longshot" merge k8s >out 2>err
check "runs the cell of each index" same_results local k8s
check "and refuses an index too many" sh -c "JOB_COMPLETION_INDEX=9 sh -c 'exec $command' 2>/dev/null; [ \$? = 2 ]"

echo "1..$n"
exit $bad
