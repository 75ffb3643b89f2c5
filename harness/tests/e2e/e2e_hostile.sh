#!/bin/sh
# Files of a results folder that were cut, changed by a bit, lengthened or emptied behind the program's
# back: `merge` refuses them and names them, `run` makes them again, and the final files have the bytes
# of an undisturbed run. LX_FLIPS bit flips and as many cuts for each kind of file (default 2), at places
# drawn from LX_SEED. TAP on stdout; the program under test is $LONGSHOT or build/longshot.
. "$(dirname "$0")/tap.sh"
flips=${LX_FLIPS:-2}
seed=${LX_SEED:-1}

cat >tiny.json <<'JSON'
{
  "name": "tiny",
  "dataset": {"name": "journal", "train_tokens": 5000, "valid_tokens": 1000},
  "model": {"layers": 1, "d_model": 8, "heads": 2},
  "train": {"length": 16, "batch_tokens": 32, "steps": 40, "lr": 0.003, "warmup": 5, "log_every": 7},
  "encodings": ["nope", {"id": "t5", "stack": ["t5"], "evaluate_as": [{"id": "no", "stack": ["nope"]}]}],
  "eval": {"lengths": ["1x", "2x"], "modes": ["last"], "tokens": 64},
  "seeds": [1]
}
JSON

random() {
    seed=$(((seed * 1103515245 + 12345) % 2147483648))
    r=$((seed / 65536 % $1))
}
size() { wc -c <"$1"; }

# flip FILE AT BIT
flip() { perl -e 'open my $f, "+<", $ARGV[0] or die; binmode $f; seek $f, $ARGV[1], 0; read $f, my $c, 1; seek $f, $ARGV[1], 0; print $f chr(ord($c) ^ 1 << $ARGV[2]); close $f or die' "$@"; }


# spoil FILE HOW: how is flip, cut, longer, empty.
spoil() {
    bytes=$(size "$1")
    case $2 in
        flip) random "$bytes"; at=$r; random 8; flip "$1" $at $r; what="bit $r of byte $at" ;;
        cut) random "$bytes"; truncate -s $r "$1"; what="cut to $r bytes" ;;
        longer) printf 'x' >>"$1"; what="one byte longer" ;;
        empty) : >"$1"; what="empty" ;;
    esac
}

# A damaged copy of folder FROM: what merge makes of it, and what run does. The checks of one kind of
# file are one line of TAP.
attack() {
    from=$1
    file=$2
    how=$3
    rm -rf b
    cp -r "$from" b
    set -- b/$file
    spoil "$1" "$how"
    cmp -s "$1" "$from/${1#b/}" && return 0 # cut nothing off
    if [ "$from" = a ]; then # a finished folder: what is used must be refused
        rm -f b/metrics.csv b/train.csv b/runs.csv
        if "$longshot" merge b >out 2>err; then
            case $file in
                checkpoints/*) ;; # merge does not look at them
                *) echo "$1: $what: merged"; return 1 ;;
            esac
        elif ! grep -q "^longshot: b/.*\(broken\|SHA-256\)" err; then
            echo "$1: $what: no clear error"; cat err; return 1
        fi
        case $file in checkpoints/*) rm -rf b/cells ;; esac
    fi
    "$longshot" run tiny.json -o b -j2 --plots no >out 2>err || { echo "$1: $what: run failed"; cat err; return 1; }
    same_results a b || { echo "$1: $what: other bytes"; return 1; }
}

attacks() {
    for how in flip cut; do
        i=0
        while [ $i -lt "$flips" ]; do
            attack "$1" "$2" $how || return 1
            tried=$((tried + 1))
            i=$((i + 1))
        done
    done
    for how in longer empty; do
        attack "$1" "$2" $how || return 1
        tried=$((tried + 1))
    done
}

tried=0
check "an undisturbed run" exits 0 "$longshot" run tiny.json -o a -j2 --plots no
id=$(sed -n '2s/.*"id":"\([0-9a-f]*\)","train_id.*/\1/p' a/plan.jsonl)
train_id=$(sed -n '2s/.*"train_id":"\([0-9a-f]*\)".*/\1/p' a/plan.jsonl)
for f in config.json plan.jsonl plan.sha256 cells/$id/metrics.csv cells/$id/train.csv cells/$id/run.csv \
    cells/$id/cell.sha256 checkpoints/$train_id/model.safetensors checkpoints/$train_id/train.csv \
    checkpoints/$train_id/train.json checkpoints/$train_id/train.sha256; do
    check "finished: $(basename "$f")" attacks a "$f"
done

# Two states of a training under way, an evaluation under way, and what a running cell says of itself.
i=0
while [ $i -lt 100 ] && [ "$(find half -name 'state.?.safetensors' 2>/dev/null | wc -l)" -lt 2 ]; do
    rm -rf half
    "$longshot" cell tiny.json --id "$id" -o half --checkpoint-every 0.0001 >/dev/null 2>&1 &
    pid=$!
    while kill -0 $pid 2>/dev/null && [ "$(find half -name 'state.?.safetensors' 2>/dev/null | wc -l)" -lt 2 ]; do :; done
    kill -KILL $pid 2>/dev/null
    wait $pid 2>/dev/null
    i=$((i + 1))
done
check "a training killed after two states" test -e half/work/$train_id/state.0.safetensors -a -e half/work/$train_id/state.1.safetensors
for f in state.0.safetensors state.1.safetensors; do
    check "half trained: $f" attacks half work/$train_id/$f
done
check "half trained: live.json" attacks half work/$id/live.json
i=0
while [ $i -lt 100 ] && [ ! -e part/work/$id/eval.part ]; do
    rm -rf part
    cp -r a part
    rm -r part/cells
    "$longshot" cell tiny.json --id "$id" -o part --checkpoint-every 0.0001 >/dev/null 2>&1 &
    pid=$!
    while kill -0 $pid 2>/dev/null && [ ! -e part/work/$id/eval.part ]; do :; done
    kill -KILL $pid 2>/dev/null
    wait $pid 2>/dev/null
    i=$((i + 1))
done
check "an evaluation killed after a unit" test -e part/work/$id/eval.part
check "half evaluated: eval.part" attacks part work/$id/eval.part

echo "# $tried damaged files"
echo "1..$n"
exit $bad
