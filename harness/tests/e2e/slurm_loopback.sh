#!/bin/sh
# A sweep through a real Slurm on this machine: munged, slurmctld and slurmd of its own in a temporary
# folder, on ports of its own, ended and removed whatever happens. Tasks are requeued at random moments
# in the middle of cells, signalled as at the end of their time, and killed; then the files must be the
# bytes of an undisturbed local run. Not part of `make test`: `make test-slurm`. TAP on stdout.
# LX_REQUEUES disturbances (default 30), drawn from LX_SEED.
missing=
for p in munged:munge slurmctld:slurmctld slurmd:slurmd sbatch:slurm-client; do
    PATH=$PATH:/usr/sbin command -v "${p%%:*}" >/dev/null || missing="$missing ${p#*:}"
done
if [ -n "$missing" ]; then
    echo "1..0 # SKIP not installed: apt-get install --no-install-recommends munge slurmctld slurmd slurm-client"
    echo "slurm_loopback.sh: not installed:$missing; apt-get install --no-install-recommends munge slurmctld slurmd slurm-client" >&2
    exit 1
fi
. "$(dirname "$0")/tap.sh"
PATH=$PATH:/usr/sbin
disturbances=${LX_REQUEUES:-30}
seed=${LX_SEED:-1}
host=$(hostname -s)
user=$(id -un)
port=$((20000 + $$ % 10000 * 2))
chmod 755 "$tmp"
unset SLURM_CONF
export LX_LOG_INTERVAL=5

# gone PIDFILE: end that daemon and wait for it.
gone() {
    [ -s "$1" ] || return 0
    daemon=$(cat "$1")
    kill "$daemon" 2>/dev/null
    i=0
    while [ $i -lt 100 ] && kill -0 "$daemon" 2>/dev/null; do
        sleep 0.1
        i=$((i + 1))
    done
    kill -KILL "$daemon" 2>/dev/null
}
launcher=
on_exit() {
    [ -z "$launcher" ] || kill "$launcher" 2>/dev/null
    [ ! -s slurmctld.pid ] || timeout 20 scancel --user="$user" 2>/dev/null
    sleep 1
    gone slurmd.pid
    gone slurmctld.pid
    gone munged.pid
}
trap 'exit 130' INT TERM HUP

mkdir state spool
head -c 1024 /dev/urandom >munge.key
chmod 600 munge.key
cat >slurm.conf <<CONF
ClusterName=loopback
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$tmp/munge.socket,cred_expire=5
StateSaveLocation=$tmp/state
SlurmdSpoolDir=$tmp/spool
SlurmctldPidFile=$tmp/slurmctld.pid
SlurmdPidFile=$tmp/slurmd.pid
SlurmctldLogFile=$tmp/slurmctld.log
SlurmdLogFile=$tmp/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=10
MinJobAge=20
MaxArraySize=6
NodeName=$host NodeAddr=127.0.0.1 CPUs=4 RealMemory=8000 State=UNKNOWN
PartitionName=test Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
export SLURM_CONF="$tmp/slurm.conf"
munged --force --key-file="$tmp/munge.key" --socket="$tmp/munge.socket" --pid-file="$tmp/munged.pid" \
    --log-file="$tmp/munged.log" --seed-file="$tmp/munge.seed" 2>/dev/null
slurmctld -f slurm.conf >daemons.out 2>&1
slurmd -f slurm.conf >>daemons.out 2>&1
i=0
while [ $i -lt 100 ] && ! sinfo -h -o %T 2>/dev/null | grep -q idle; do
    sleep 0.2
    i=$((i + 1))
done
check "$(slurmctld -V) runs on the loopback" sh -c "sinfo -h -o %T | grep -q idle || { cat daemons.out slurmctld.log slurmd.log; false; }"
[ $bad = 0 ] || { echo "1..$n"; exit 1; }

cat >sweep.json <<'JSON'
{
  "name": "sweep",
  "dataset": {"name": "journal", "train_tokens": 50000, "valid_tokens": 8000},
  "model": {"layers": 2, "d_model": 32, "heads": 4},
  "train": {"length": 32, "batch_tokens": 256, "steps": 4000, "lr": 0.003, "warmup": 5, "log_every": 50},
  "encodings": ["nope", "t5", "alibi", "rope"],
  "eval": {"lengths": ["1x", "4x"], "modes": ["nonoverlapping", "last"], "tokens": 4096},
  "seeds": [1, 2, 3, 4, 5, 6]
}
JSON

# random N: 0 .. N-1 into $r.
random() {
    seed=$(((seed * 1103515245 + 12345) % 2147483648))
    r=$((seed / 65536 % $1))
}
# running: tasks that run, as JOB_INDEX.
running() { squeue --noheader --array --states=RUNNING --format=%F_%K 2>/dev/null; }
queue_is_empty() {
    i=0
    while [ $i -lt 200 ] && [ -n "$(squeue --noheader)" ]; do
        sleep 0.5
        i=$((i + 1))
    done
    [ -z "$(squeue --noheader)" ]
}

start=$(date +%s)
check "a local run" exits 0 "$longshot" run sweep.json -o local -j2 --plots no
echo "# the local run took $(($(date +%s) - start)) s"

# ------------------------------------------------------------- a sweep under requeues and signals
set -- run sweep.json -o slurm --launcher slurm --cells-per-task 3 --poll 1 --plots no --checkpoint-every 0.5
start=$(date +%s)
"$longshot" "$@" >launch.out 2>launch.err &
launcher=$!
requeues=0
signals=0
while [ $((requeues + signals)) -lt "$disturbances" ] && kill -0 $launcher 2>/dev/null; do
    random 1500
    sleep $((r / 1000)).$(printf %03d $((r % 1000)))
    tasks=$(running | grep -v '^$')
    [ -n "$tasks" ] || continue
    random "$(echo "$tasks" | wc -l)"
    task=$(echo "$tasks" | sed -n $((r + 1))p)
    random 3
    if [ $r = 0 ]; then # what Slurm does at the end of a task's time
        scancel --batch --signal=USR1 "$task" 2>/dev/null && signals=$((signals + 1))
    else
        scontrol requeue "$task" 2>/dev/null && requeues=$((requeues + 1))
    fi
done
jobs=$(ls slurm/slurm/*.job | wc -l)
check "the same command meanwhile" exits 0 "$longshot" "$@" --no-wait
check "submits nothing" sh -c "grep -q ', 0 to submit' err || grep -q 'all done' err"
check "and leaves the jobs as they are" test "$(ls slurm/slurm/*.job | wc -l)" = "$jobs" -a "$jobs" = 2
wait $launcher
status=$?
launcher=
cp launch.err err
check "a sweep through Slurm" test $status = 0
check "every disturbance was made" test $((requeues + signals)) -ge "$disturbances"
check "its files are the bytes of the local run" same_results local slurm
check "the array limit was kept: 8 tasks in arrays of at most 6" sh -c "cat slurm/slurm/?.sh | grep -c '^#SBATCH --array=0-[15]\$' | grep -qx 2"
logs=$(cat slurm/slurm/*.log)
asked=$(echo "$logs" | grep -c 'interrupted; the same command goes on from here')
resumed=$(echo "$logs" | grep -c 'resuming at step [1-9]')
timed=$(echo "$logs" | grep -c 'out of time, queueing it again')
check "cells were interrupted in mid-training and went on from their saved step" test "$resumed" -gt 0
check "tasks out of time queued themselves again" test "$timed" -gt 0 -o $signals = 0
echo "# 24 cells in 8 tasks of 2 arrays, $(($(date +%s) - start)) s; $requeues requeues and $signals USR1 signals, of which" \
    "$asked hit a cell at work and $timed requeued their task; $resumed times a cell resumed in mid-training"
check "the queue is empty" queue_is_empty

# ------------------------------------------------------------------------ the real end of the time
set -- run sweep.json -o limit --launcher slurm --cells-per-task 1 --poll 1 --plots no --checkpoint-every 0 \
    'seeds=[1]' 'encodings=["t5","rope"]' train.steps=30000 "--slurm=--time=1 --signal=B:USR1@45"
start=$(date +%s)
check "a local run of longer cells" exits 0 "$longshot" run sweep.json -o longer -j2 --plots no \
    'seeds=[1]' 'encodings=["t5","rope"]' train.steps=30000
check "cells that take longer than the time of a task" exits 0 "$longshot" "$@"
check "end with the bytes of the local run" same_results longer limit
check "after their tasks ran out of time" sh -c "cat limit/slurm/*.log | grep -q 'out of time, queueing it again'"
check "and went on where they were" sh -c "cat limit/slurm/*.log | grep -q 'resuming at step [1-9]'"
echo "# time limit: 2 cells, $(cat limit/slurm/*.log | grep -c 'out of time') times out of time, $(($(date +%s) - start)) s"

# ------------------------------------------------------------------------- failure, and --no-wait
set -- run sweep.json -o killed --launcher slurm --cells-per-task 2 --poll 1 --plots no \
    'encodings=["t5","rope"]' 'seeds=[1,2]'
"$longshot" "$@" >launch.out 2>launch.err &
launcher=$!
i=0
victim=
while [ $i -lt 300 ] && [ -z "$victim" ]; do
    sleep 0.2
    victim=$(sed -n 's/.*"process":\([0-9]*\).*/\1/p' killed/work/*/live.json 2>/dev/null | head -1)
    i=$((i + 1))
done
kill -KILL "$victim"
wait $launcher
status=$?
launcher=
cp launch.err err
check "a task that was killed leaves cells undone: status 4" test $status = 4
check "that is said" has err "are not done"
check "the same command submits what is left" exits 0 "$longshot" "$@" --no-wait
check "and no more than that" grep -q '^longshot: submitted job [0-9]*: [12] cells in 1 tasks' err
check "once: again while it is queued submits nothing" sh -c "'$longshot' run sweep.json -o killed --launcher slurm --no-wait 'encodings=[\"t5\",\"rope\"]' 'seeds=[1,2]' 2>&1 | grep -q ', 0 to submit'"
check "the queue runs empty" queue_is_empty
check "a job has merged and reported" test -s killed/metrics.csv -a -s killed/table.md
check "a local run of these cells" exits 0 "$longshot" run sweep.json -o four -j2 --plots no 'encodings=["t5","rope"]' 'seeds=[1,2]'
check "has the same bytes" same_results four killed

echo "1..$n"
exit $bad
