#!/bin/sh
# Interrupted and killed runs: each signal saves the step and the same command goes on from there;
# SIGKILL of workers and supervisors at random moments loses nothing, and the files end with the bytes
# of an undisturbed run. LX_KILLS kills (default 50), drawn from LX_SEED. TAP on stdout; the program
# under test is $LONGSHOT or build/longshot.
. "$(dirname "$0")/tap.sh"
kills=${LX_KILLS:-50}
seed=${LX_SEED:-1}
pid=
on_exit() { [ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null; }


# clean DIR: nothing but whole files of finished cells.
clean() {
    left=$(find "$1" -name '*.tmp-*' -o -name 'state*' -o -name lock -o -name error.txt)
    [ -z "$left" ] || { echo "left behind: $left"; return 1; }
}

cat >tiny.json <<'JSON'
{
  "name": "tiny",
  "dataset": {"name": "journal", "train_tokens": 20000, "valid_tokens": 4000},
  "model": {"layers": 1, "d_model": 8, "heads": 2},
  "train": {"length": 16, "batch_tokens": 32, "steps": 1000, "lr": 0.003, "warmup": 5, "log_every": 7},
  "encodings": ["nope", "t5"],
  "eval": {"lengths": ["1x", "4x"], "modes": ["last"], "tokens": 512},
  "seeds": [1, 2]
}
JSON

# ------------------------------------------------------------------------ each signal, one process
set -- train.steps=10000 'encodings=["t5"]' 'seeds=[1]'
check "an undisturbed run" exits 0 "$longshot" cell tiny.json "$@" --index 0 -o a

# step DIR: the newest saved step.
step() {
    LC_ALL=C grep -aho '"step":"[0-9]*"' "$1"/work/*/state.*.safetensors 2>/dev/null |
        tr -dc '0-9\n' | sort -n | tail -1
}

# interrupt SIGNAL: in mid-training; leaves the exit status in $status.
interrupt() {
    : >err # the child opens it later than the first look at it
    LX_LOG_INTERVAL=0 "$longshot" cell tiny.json "$@" --index 0 -o b --checkpoint-every 0 >out 2>err &
    pid=$!
    i=0
    while [ $i -lt 500 ] && ! grep -q ' train [0-9]' err && kill -0 $pid 2>/dev/null; do
        sleep 0.02
        i=$((i + 1))
    done
    kill -"$signal" $pid
    wait $pid
    status=$?
    pid=
}
before=0
for signal in TERM INT USR1 USR2 XCPU; do
    interrupt "$@"
    check "$signal ends a cell with 75" test $status = 75
    [ $before = 0 ] || check "it had gone on from step $before" has err "resuming at step $before of 10000"
    now=$(step b)
    check "and saved a later step" test "${now:-0}" -gt $before
    before=${now:-0}
done
check "the same command completes it" exits 0 "$longshot" cell tiny.json "$@" --index 0 -o b
check "from the step that was saved last" has err "resuming at step $before of 10000"
"$longshot" merge a >out 2>err
check "merge" exits 0 "$longshot" merge b
check "with the same bytes" same_results a b
check "and nothing left behind" clean b

# ----------------------------------------------------------------------------- hostile states
weights=$(echo b/checkpoints/*/model.safetensors)
folder=c/work/$(basename "$(dirname "$weights")")
mkdir -p "$folder"
cp "$weights" "$folder/state.0.safetensors"
head -c 100 "$weights" >"$folder/state.1.safetensors"
check "states that are none" exits 0 "$longshot" cell tiny.json "$@" --index 0 -o c
check "are refused, and that is said" has err "state of training not used: $folder/state.0.safetensors: not a training state"
check "merge" exits 0 "$longshot" merge c
check "and training begins anew with the same bytes" same_results a c
check "and nothing left behind" clean c

# ------------------------------------------------------------------- a second signal ends at once
# One step of this model takes some seconds, so no request can be met meanwhile.
jq '.model = {"layers": 6, "d_model": 512, "heads": 4} | .train.batch_tokens = 8192 | .train.length = 256 | .dataset.train_tokens = 200000 | .eval.lengths = ["1x"]' \
    tiny.json >slow.json
"$longshot" cell slow.json --index 0 -o d >out 2>err &
pid=$!
i=0
while [ $i -lt 200 ] && ! grep -q "^SigCgt:.*[1-9a-f]" "/proc/$pid/status"; do
    sleep 0.05
    i=$((i + 1))
done
sleep 0.1
kill -TERM $pid
kill -TERM $pid
sleep 0.2
check "two signals at a time are one request" kill -0 $pid
sleep 0.5
kill -XCPU $pid
sleep 0.1
check "XCPU comes every second and is never a second request" kill -0 $pid
kill -INT $pid
wait $pid
status=$?
pid=
check "a second signal ends the program at once with 75" test $status = 75

# ----------------------------------------------------------------------------------- a whole sweep
check "an undisturbed sweep" exits 0 "$longshot" run tiny.json -o e -j2 --plots no
"$longshot" run tiny.json -o f -j2 --plots no train.steps=9000 seeds=[1] >out 2>err &
pid=$!
i=0
while [ $i -lt 200 ] && [ "$(find f/work -name lock 2>/dev/null | wc -l)" -lt 2 ]; do
    sleep 0.02
    i=$((i + 1))
done
sleep 0.3
kill -USR1 $pid
wait $pid
status=$?
pid=
check "USR1 ends a sweep with 75" test $status = 75
check "its workers have saved" test -n "$(step f)"
check "the sweep goes on" exits 0 "$longshot" run tiny.json -o f -j2 --plots no train.steps=9000 seeds=[1]
check "from where its workers were" grep -q 'resuming at step [1-9]' f/work/*/log.txt
check "and nothing left behind" clean f

# ------------------------------------------------------------------------------------ random kills
# random N: 0 .. N-1 into $r.
random() {
    seed=$(((seed * 1103515245 + 12345) % 2147483648))
    r=$((seed / 65536 % $1))
}

# children PID: the workers of a supervisor.
children() { cat "/proc/$1/task/$1/children" 2>/dev/null; }

# alive PID: there, and not just waiting to be waited for.
alive() {
    case $(cat "/proc/$1/stat" 2>/dev/null) in
        '' | *') Z '*) return 1 ;;
    esac
}

# disturb DIR CONFIG KILLS: run until done, killing on the way until so many were done in all.
disturb() {
    config=$2
    most=$3
    lives=0
    while :; do
        lives=$((lives + 1))
        [ $lives -lt 200 ] || { echo "not done after $lives lives"; return 1; }
        "$longshot" run "$config" -o "$1" -j2 --plots no --checkpoint-every 0.02 >out 2>err &
        pid=$!
        while [ $killed -lt "$most" ]; do
            random 300
            sleep 0."$(printf %03d $((r + 20)))"
            random 3
            set -- "$1" $(children $pid)
            if [ $r = 0 ] || [ $# -lt 2 ]; then
                victim=$pid
            elif [ $r = 1 ] || [ $# -lt 3 ]; then
                victim=$2
            else
                victim=$3
            fi
            if alive "$victim" && kill -KILL "$victim" 2>/dev/null; then
                killed=$((killed + 1))
                [ "$victim" = $pid ] || workers=$((workers + 1))
            fi
            alive $pid || break
        done
        wait $pid 2>/dev/null
        status=$?
        pid=
        case $status in
            0) return 0 ;;
            4 | 137) ;;
            *) echo "status $status"; cat err; return 1 ;;
        esac
    done
}
killed=0
workers=0
sweeps=0
resumed=0

# Positions that are drawn anew in each step, for tokens and for distances, and rotations that end within
# the training, where rates and moments start again: a resumed step must draw and switch as the first
# time. drop ends its rotations at step 600; kills come all along, on both sides of it.
jq '.name = "drawn" | .train.restart_at = 0.6 | .encodings = [
      {"id": "subset", "stack": ["rope", {"name": "positions", "draw": "subset"}]},
      {"id": "shift", "stack": ["alibi", {"name": "positions", "draw": "shift"}]},
      {"id": "drop", "stack": [{"name": "rope", "until": 0.6}]}] | .seeds = [1]' tiny.json >drawn.json
check "an undisturbed sweep with drawn positions" exits 0 "$longshot" run drawn.json -o h -j2 --plots no

# kill_sweeps CONFIG UNDISTURBED KILLS: sweeps under kills, until so many were done in all.
kill_sweeps() {
    while [ $killed -lt "$3" ] && [ $bad = 0 ]; do
        sweeps=$((sweeps + 1))
        check "a sweep of $1 under kills ends" disturb g "$1" "$3"
        check "with the bytes of the undisturbed one" same_results "$2" g
        check "and nothing left behind" clean g
        resumed=$((resumed + $(cat g/work/*/log.txt 2>/dev/null | grep -c 'resuming at step [1-9]')))
        rm -rf g
    done
}
kill_sweeps tiny.json e $((kills / 2))
kill_sweeps drawn.json h "$kills"
echo "# $killed kills, $workers of them of workers, in $sweeps sweeps, seed ${LX_SEED:-1}; in $resumed cells the last life had resumed"
check "so many kills were done" test $killed -ge "$kills"

echo "1..$n"
exit $bad
