#!/bin/sh
# Sweeps that lose nothing: any number of workers and any order give the same bytes; failures are listed,
# left alone or tried again; workers that hang, die or are stopped from outside; evaluation that goes on;
# a full disk; memory as estimated; progress and `status`. TAP on stdout; the program under test is
# $LONGSHOT or build/longshot.
. "$(dirname "$0")/tap.sh"
pid=
on_exit() { [ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null; }

# until SECONDS COMMAND...: poll.
until_true() {
    left=$(($1 * 20))
    shift
    while ! "$@" >/dev/null 2>&1; do
        left=$((left - 1))
        [ $left -gt 0 ] || return 1
        sleep 0.05
    done
}
children() { cat "/proc/$1/task/$1/children" 2>/dev/null; }
child() { set -- $(children "$1"); echo "${1:-}"; }
gone() { ! kill -0 "$1"; }
has_child() { [ -n "$(child "$1")" ]; }
# ends STATUS: the background run ends with it.
ends() {
    wait $pid
    got=$?
    pid=
    [ $got = "$1" ] || { echo "status $got, expected $1"; return 1; }
}
start() {
    : >err
    "$longshot" "$@" >out 2>err &
    pid=$!
}

cat >tiny.json <<'JSON'
{
  "name": "tiny",
  "dataset": {"name": "journal", "train_tokens": 20000, "valid_tokens": 4000},
  "model": {"layers": 1, "d_model": 8, "heads": 2},
  "train": {"length": 16, "batch_tokens": 32, "steps": 60, "lr": 0.003, "warmup": 5, "log_every": 7},
  "encodings": ["nope", "t5",
    {"id": "rope", "stack": ["rope"], "evaluate_as": [{"id": "pi", "stack": [{"name": "rope", "scaling": "pi"}]}]},
    {"id": "again", "stack": ["nope"]}],
  "eval": {"lengths": ["1x", "2x", "4x"], "modes": ["nonoverlapping", "last"], "tokens": 512},
  "seeds": [1, 2]
}
JSON

# ------------------------------------------------------------------- workers, order, duplicates
check "one worker" exits 0 "$longshot" run tiny.json -o w1 -j1 --plots no
for j in 2 4 8; do
    check "$j workers" exits 0 "$longshot" run tiny.json -o w$j -j$j --plots no
    check "give the same bytes" same_results w1 w$j
done
for i in 3 1 0 2; do
    check "shard $i of 4" exits 0 "$longshot" cell tiny.json --shard $i/4 -o shards
done
check "merge" exits 0 "$longshot" merge shards
check "shards in another order give the same bytes" same_results w1 shards
races=${LX_RACES:-1} # how often all cells are run twice
while [ "$races" -gt 0 ]; do
    races=$((races - 1))
    rm -rf dup
    for i in 0 1 2 3 4 5 6 7; do
        "$longshot" cell tiny.json --index $i -o dup 2>/dev/null &
        "$longshot" cell tiny.json --index $i -o dup 2>/dev/null &
        wait
    done
    "$longshot" merge dup >out 2>err && same_results w1 dup >check.out 2>&1 || break
done
check "every cell run twice at the same time" exits 0 "$longshot" merge dup
check "gives the same bytes" same_results w1 dup
cp -r dup/cells/. shards/cells/
check "cells of two folders put together" exits 0 "$longshot" merge shards
check "are each counted once" same_results w1 shards
check "finished files carry sums that sha256sum understands" sh -c \
    'for s in w1 w1/cells/* w1/checkpoints/*; do (cd "$s" && sha256sum --quiet --strict -c ./*.sha256) || exit 1; done'

# ---------------------------------------------------------------------------- failures, retries
train_id=$(sed -n '3s/.*"train_id":"\([0-9a-f]*\)".*/\1/p' w1/plan.jsonl)
mkdir -p f/checkpoints
: >"f/checkpoints/$train_id"
check "a sweep with a cell that fails" exits 4 "$longshot" run tiny.json -o f -j2 --plots no --keep-going
check "names it at once" has err "failed: t5 seed 1: f/checkpoints/$train_id: cannot make folder"
check "and lists it at the end with its cause" sh -c \
    "sed -n '/failed cells/,\$p' err | grep -q 't5 seed 1: f/checkpoints/$train_id: cannot make folder'"
check "and says what to do" has err "the same command tries them again"
check "the others are done" sh -c "'$longshot' status f | grep -q '^8 cells: 7 done, 0 running, 1 failed, 0 to do'"
check "--retry no leaves it alone" exits 4 "$longshot" run tiny.json -o f -j2 --plots no --retry no
check "and lists it all the same" sh -c \
    "grep -q '7 done, 1 failed before and are skipped, 0 to do' err && sed -n '/failed cells/,\$p' err | grep -q 't5 seed 1: '"
rm "f/checkpoints/$train_id"
check "tried again" exits 0 "$longshot" run tiny.json -o f -j2 --plots no
check "it is whole" same_results w1 f
mkdir -p ff/checkpoints
: >"ff/checkpoints/$train_id"
check "--fail-fast ends with the first failure" exits 4 "$longshot" run tiny.json -o ff -j1 --plots no --fail-fast
check "and says how many are left" has err "1 of 8 cells failed, 5 are left (--fail-fast)"
check "--fail-fast and --keep-going" exits 2 "$longshot" run tiny.json --fail-fast --keep-going
check "--retry maybe" exits 2 "$longshot" run tiny.json --retry maybe
check "names the rule" has err '--retry: must be yes or no, got "maybe"'

# -------------------------------------------------------------------- workers that hang or die
faulty=${LONGSHOT_FAULT:-$root/build/release/tests/longshot-fault}
hung=$(LX_FAULT=rename:1:once:hang LX_FAULT_IN=worker LX_FAULT_LOG=$tmp/hung "$faulty" run tiny.json -o h -j2 --plots no --hang-timeout 6 2>&1 >/dev/null; echo $?)
check "a worker that hangs is told by exit 4" sh -c "echo '$hung' | tail -1 | grep -qx 4"
check "is killed and recorded" sh -c "echo '$hung' | grep -q 'failed: .* seed [12]: no progress for'"
check "the others are done" sh -c "'$longshot' status h | grep -q '^8 cells: 7 done, 0 running, 1 failed, 0 to do'"
check "tried again" exits 0 "$longshot" run tiny.json -o h -j2 --plots no
check "it is whole" same_results w1 h

set -- train.steps=8000 'encodings=["t5"]' 'seeds=[1]'
check "an undisturbed cell" exits 0 "$longshot" run tiny.json -o long -j1 --plots no "$@"
start run tiny.json -o stop -j1 --plots no --hang-timeout 4 "$@"
check "a worker starts" until_true 10 has_child $pid
until_true 30 sh -c 'test -e stop/work/*/live.json' # it has begun: its first sign of life
worker=$(child $pid)
kill -STOP "$worker"
check "one that is stopped is left alone" until_true 120 grep -q "its worker (process $worker) is stopped" err
kill -CONT "$worker"
sleep 0.1
kill -STOP $pid "$worker"
sleep 5
kill -CONT $pid "$worker"
check "and so is one whose supervisor was stopped with it" ends 0
check "with the same bytes" same_results long stop

start run tiny.json -o kill -j1 --plots no --checkpoint-every 0.02 "$@"
until_true 10 has_child $pid
until_true 10 sh -c 'test -e kill/work/*/state.0.safetensors'
kill -KILL "$(child $pid)"
check "a killed worker" ends 4
check "is recorded with a cause that helps" sh -c "grep -q 'failed: t5 seed 1: killed from outside (signal 9)' err && grep -q 'fewer (-j)' err"
check "and goes on" exits 0 "$longshot" run tiny.json -o kill -j1 --plots no "$@"
check "from its state" grep -q 'resuming at step' kill/work/*/log.txt
check "with the same bytes" same_results long kill

start run tiny.json -o term -j1 --plots no "$@"
until_true 10 sh -c "grep -q '\"step\":[1-9]' term/work/*/live.json" # written every two seconds
kill -TERM "$(child $pid)" 2>/dev/null
check "a worker that a signal from outside ended is started again" ends 0
check "and its cell ends with the same bytes" same_results long term

# Much data: a worker has not done a step when the signal comes; and the one that it ends with it cannot save.
listens() { worker=$(child $pid) && grep -q '^SigCgt:.*[1-9a-f]' "/proc/$worker/status"; }
set -- "$@" dataset.train_tokens=1000000
id=$("$longshot" plan tiny.json --json "$@" | sed 's/.*"train_id":"\([0-9a-f]*\)".*/\1/')
mkdir -p "busy/work/$id/state.0.safetensors" "busy/work/$id/state.1.safetensors"
start run tiny.json -o busy -j1 --plots no "$@"
for i in 1 2; do
    until_true 20 listens
    worker=$(child $pid)
    [ -z "$worker" ] || kill -TERM "$worker"
    until_true 20 gone "$worker"
done
check "one that is ended twice without progress is a failure" ends 4
check "and no endless loop" has err "twice, without progress"
set -- train.steps=8000 'encodings=["t5"]' 'seeds=[1]'

# -------------------------------------------------------------------- two runs in one folder
start run tiny.json -o two -j1 --plots no "$@" train.steps=15000
other=$pid
mv err other.err
until_true 10 sh -c 'test -e two/work/*/live.json'
held=$(child $other)
kill -STOP "$held" # so that it is not done before the test is
start run tiny.json -o two -j1 --plots no "$@" train.steps=15000
check "a second run waits for the first one's cell" until_true 10 grep -q "t5 seed 1: process [0-9]* is at it, waiting for that" err
sleep 6
check "however long it takes" kill -0 $pid
kill -TERM $other
kill -CONT "$held"
wait $other
check "when the first one is stopped it goes on in its place" until_true 10 has_child $pid
check "and ends well" ends 0
check "from where that was" grep -q 'resuming at step [1-9]' two/work/*/log.txt

# ------------------------------------------------------------------------- evaluation goes on
set -- 'eval.lengths=["1x","2x","4x","8x","16x"]' eval.tokens=1792 'encodings=[{"id":"rope","stack":["rope"],"evaluate_as":[{"id":"pi","stack":[{"name":"rope","scaling":"pi"}]},{"id":"no","stack":["nope"]}]}]' \
    'seeds=[1]' 'eval.modes=["nonoverlapping","sliding","last"]' eval.stride=4
check "a cell with a long evaluation" exits 0 "$longshot" run tiny.json -o ev -j1 --plots no "$@"
lives=0
units=0
redone=0
while [ $lives -lt 40 ]; do
    lives=$((lives + 1))
    "$longshot" cell tiny.json -o ek --index 0 --checkpoint-every 0.001 "$@" >out 2>err &
    pid=$!
    last=$units
    while kill -0 $pid 2>/dev/null; do
        now=$(sed -n '1s/longshot-eval-[0-9]* \([0-9]*\) .*/\1/p' ek/work/*/eval.part 2>/dev/null)
        [ "${now:-0}" -lt $((last + 6)) ] || { kill -KILL $pid; units=$now; break; }
        sleep 0.01
    done
    wait $pid 2>/dev/null
    status=$?
    pid=
    [ $lives = 1 ] || ! grep -q 'train [0-9]' err || redone=$((redone + 1))
    [ $status = 137 ] || break
done
check "killed again and again in evaluation it ends" test $status = 0
check "after several lives" test $lives -ge 3
check "the last of which began behind what was done" grep -Eq ': [1-9][0-9]* of 45 evaluations were done before' err
check "and none of which trained again" test $redone = 0
"$longshot" merge ek >/dev/null 2>&1
check "with the same bytes" same_results ev ek
check "and nothing left behind" test -z "$(find ek -name 'eval.part*' -o -name 'live.json*' -o -name lock -o -name '*.tmp-*')"

# --------------------------------------------------------------------------------- disk, memory
set -- train.steps=60
check "too little disk space" exits 1 "$longshot" run tiny.json -o d -j2 --disk 1000
check "is one clear line" sh -c "grep -Eq '^longshot: d: 8 cells need up to [0-9]+ bytes of disk space, 1000 are allowed' err && [ \$(wc -l <err) = 2 ]"
check "before anything is written" test ! -e d
# A file system of its own: 8 cells of 120 kB of weights do not fit, then a file is removed.
cat >full.sh <<'SH'
mkdir -p mnt && mount -t tmpfs -o size=4m none mnt || exit 99
head -c 2600000 /dev/zero >mnt/ballast
"$1" run tiny.json -o mnt/r -j1 --plots no model.d_model=32 >out 2>err
[ $? = 1 ] || { echo "not refused"; exit 1; }
grep -q 'of disk space, [0-9]* are free' err || { cat err; exit 1; }
"$1" run tiny.json -o mnt/r -j2 --plots no --disk 1G model.d_model=64 train.batch_tokens=64 train.steps=30 >out 2>err
first=$?
[ $first = 4 ] || { echo "status $first"; cat err; exit 1; }
grep -q 'No space left on device' err || { cat err; exit 1; }
[ -z "$(find mnt -name '*.tmp-*')" ] || { find mnt -name '*.tmp-*'; exit 1; }
rm mnt/ballast
"$1" run tiny.json -o mnt/r -j2 --plots no --disk 1G model.d_model=64 train.batch_tokens=64 train.steps=30 >out 2>err || { cat err; exit 1; }
cp -r mnt/r filled
SH
if unshare -rm true 2>/dev/null && unshare -rm sh -c 'mkdir -p mnt && mount -t tmpfs none mnt' 2>/dev/null; then
    check "a disk that is full from the start, and one that gets full on the way" unshare -rm sh full.sh "$longshot"
    check "the same without a limit" exits 0 "$longshot" run tiny.json -o free -j2 --plots no model.d_model=64 train.batch_tokens=64 train.steps=30
    check "the cells that ran out of space end with the same bytes" same_results free filled
else
    check "a full disk # SKIP no user namespaces here" true
fi
# No file may grow beyond 100 blocks of 512 bytes: writes fail in the middle.
check "a limit on the size of files" sh -c \
    "(ulimit -f 100; '$longshot' run tiny.json -o lim -j2 --plots no model.d_model=64 'encodings=[\"t5\"]' >out 2>err); [ \$? = 4 ]"
check "is an error and no crash" has err "File too large"
check "that leaves nothing half-written" test -z "$(find lim -name '*.tmp-*')"
check "and the next run goes on" exits 0 "$longshot" run tiny.json -o lim -j2 --plots no model.d_model=64 'encodings=["t5"]'

# fits NAME FACTOR OVERRIDES...: the peak lies below the estimate, and not far below.
fits() {
    folder=$1
    factor=$2
    shift 2
    "$longshot" run tiny.json -o "$folder" -j1 --plots no --checkpoint-every 0.05 'seeds=[1]' "$@" 2>err || return 1
    "$longshot" plan tiny.json --json 'seeds=[1]' "$@" | sed 's/.*"id":"\([0-9a-f]*\)","train_id.*"bytes":\([0-9]*\).*/\1 \2/' >need
    awk -F, 'NR > 1 { print $1, $12 }' "$folder/runs.csv" | sort >peak
    sort need | join - peak | awk -v f="$factor" '{ print; if ($3 > $2 || $2 > f * $3) bad = 1 } END { exit bad || NR == 0 }'
}
sanitized || {
check "memory lies below the estimate: a tiny model" fits mem1 6 'encodings=["t5","rope"]'
check "many weights, states saved" fits mem2 1.4 model.d_model=384 model.heads=4 model.layers=3 'encodings=["t5"]' train.steps=3 train.warmup=1 'eval.modes=["nonoverlapping"]'
check "a large batch" fits mem3 1.6 model.d_model=64 train.length=256 train.batch_tokens=8192 eval.tokens=2048 'encodings=["alibi"]' train.steps=10
check "a long evaluation" fits mem4 2.2 model.d_model=64 dataset.valid_tokens=20000 eval.lengths=[16,8192] eval.tokens=8192 eval.last_tokens=16 'encodings=["nope"]' train.steps=10
check "much data" fits mem5 1.6 dataset.train_tokens=2000000 'encodings=["nope"]' train.steps=10
}

# A control group of 60 MB, as a container or a batch job has one: one cell fits, the other needs 180.
group=
for at in /sys/fs/cgroup/memory /sys/fs/cgroup; do
    for limit in memory.limit_in_bytes memory.max; do
        [ -z "$group" ] && mkdir "$at/longshot-$$" 2>/dev/null || continue
        if [ -e "$at/longshot-$$/cgroup.procs" ] && echo 60M >"$at/longshot-$$/$limit"; then group=$at/longshot-$$; else rmdir "$at/longshot-$$"; fi
    done
done 2>/dev/null
confined() { sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group" "$@"; }
set -- 'model={"layers":3,"heads":2,"d_model":{"sweep":[8,384]}}' 'encodings=["nope"]' 'seeds=[1]' train.steps=3 train.warmup=1 'eval.modes=["nonoverlapping"]'
if [ -n "$group" ] && ! sanitized && confined true 2>/dev/null; then
    check "a limit on memory is respected" exits 1 confined "$longshot" run tiny.json -o oom -j1 --plots no "$@"
    check "and named before anything begins" grep -Eq '^longshot: tiny.json: training nope\[d_model=384\] needs 1[0-9]{8} bytes of memory, [1-6][0-9]{7} are allowed' err
    check "a cell that the system kills for memory fails" exits 4 confined "$longshot" run tiny.json -o oom -j1 --plots no --memory 4G "$@"
    check "with that cause" grep -q 'failed: nope\[d_model=384\] seed 1: killed from outside (signal 9) when the system was out of memory; it needs up to 18[0-9] MB' err
    check "and the other one is done" has err "1 of 2 cells done: nope[d_model=8] seed 1"
    check "where there is memory it is run" exits 0 "$longshot" run tiny.json -o oom -j1 --plots no "$@"
    check "a sweep without a limit" exits 0 "$longshot" run tiny.json -o noom -j1 --plots no "$@"
    check "gives the same bytes" same_results noom oom
    rmdir "$group"
else
    check "a limit on memory # SKIP no control groups here" true
fi

# --------------------------------------------------------------------------------- status
# never done: it is killed below
set -- train.steps=2000000 'encodings=["t5"]'
start run tiny.json -o s -j2 --plots no "$@"
until_true 20 sh -c "[ \$(grep -l '\"step\":[1-9]' s/work/*/live.json | wc -l) = 2 ]"
"$longshot" status s >st
"$longshot" status s --json >st.json
check "status while it runs counts" grep -Eq '^2 cells: 0 done, 2 running, 0 failed, 0 to do; about [0-9]+' st
check "and shows each worker with its loss" sh -c "[ \$(grep -Ec '^running .* t5 journal seed [12]: [0-9]+%, step [0-9]+ of 2000000, nll [0-9.]+ \(process [0-9]+ on ' st) = 2 ]"
check "as JSON too" sh -c "jq -e '.count.running == 2 and (.cells | length) == 2 and (.cells[0] | .state == \"running\" and .step > 0 and .nll > 0) and .seconds_left > 0' st.json"
workers=$(children $pid)
kill -KILL $pid $workers
wait $pid 2>/dev/null
pid=
sleep 0.2
check "a sweep that died is not running" sh -c "'$longshot' status s | grep -q '^2 cells: 0 done, 0 running, 0 failed, 2 to do$'"
check "its cells are stopped, and where" sh -c "[ \$('$longshot' status s | grep -Ec '^stopped .*: [0-9]+%, step .*is gone, last heard of [0-9]+s ago') = 2 ]"
check "and the way on is named" sh -c "'$longshot' status s | grep -q 'nothing is running'"
sed -i 's/"host":"[^"]*","owner":"[^"]*"/"host":"elsewhere","owner":"elsewhere.0"/' s/work/*/live.json
check "one that another machine wrote a moment ago runs" sh -c "'$longshot' status s | grep -q ' 2 running'"
touch -d '20 minutes ago' s/work/*/live.json
check "and one that it has not written for long does not" sh -c "'$longshot' status s | grep -q ' 0 running'"
check "status of a config" exits 1 "$longshot" status tiny.json
check "names the rule" has err "tiny.json: must be a results folder, got a file"
check "merge of a config" exits 1 "$longshot" merge tiny.json
check "names the rule" has err "tiny.json: must be a results folder, got a file"
check "report of a config" exits 1 "$longshot" report tiny.json
check "names the rule" has err "tiny.json: must be a results folder, got a file"

# --------------------------------------------------------------------------------- progress
check "a log" exits 0 env LX_LOG_INTERVAL=0 "$longshot" run tiny.json -o p1 -j2 --plots no 'seeds=[1]' train.steps=1500
check "has plain lines" grep -Eq '^longshot: [0-9]/4 cells, .* left.* \| .* train [0-9]+%' err
check "and no control characters" sh -c "! LC_ALL=C grep -q '[[:cntrl:]]' err"
terminal() { TERM=xterm script -qec "stty cols $1; $longshot run tiny.json -o $2 -j2 --plots no 'seeds=[1]' train.steps=1500 2>&1 >/dev/null" /dev/null </dev/null; }
if script -qec true /dev/null </dev/null >/dev/null 2>&1; then
    terminal 60 p2 | tr '\r' '\n' >tty
    check "a terminal has one line that rewrites itself" grep -q "$(printf '^\033')\[K.*cells.* left" tty
    check "never wider than the terminal" awk '/\033\[K/ { sub(/\033\[K/, ""); if (length($0) > 59) exit 1; n++ } END { exit n < 2 }' tty
    NO_COLOR=1 terminal 60 p3 | sed "s/$(printf '\033')\[K//g" >tty
    check "NO_COLOR: no colours" sh -c "! grep -q \"$(printf '\033')\" tty"
else
    check "a terminal # SKIP no pseudo-terminals here" true
fi
# Done before, half done: the time left and the rate speak of this run alone.
set -- train.steps=400000 'encodings=["t5"]' 'seeds=[1]'
start run tiny.json -o eta -j1 --plots no "$@"
until_true 60 sh -c "grep -Eq '\"done\":0\.(0[5-9]|[1-9])' eta/work/*/live.json"
kill -TERM $pid
wait $pid
pid=
: >err
LX_LOG_INTERVAL=0.2 "$longshot" run tiny.json -o eta -j1 --plots no "$@" >out 2>err &
pid=$!
until_true 4 sh -c '[ $(grep -c Gflop err) -ge 8 ]'
kill -TERM $pid
wait $pid
pid=
awk '/Gflop/ { t = $0; sub(/.* cells, [0-9ms]+, [^,]*, /, "", t); r = t + 0; n++; if (n == 3) first = r; last = r } END { print first, last; exit !(n > 3 && first < 3 * last && last < 3 * first) }' err >rates
check "after a resume the rate counts only what this run does" awk '{ exit !($1 > 0 && $1 < 3 * $2 && $2 < 3 * $1) }' rates

echo "1..$n"
exit $bad
