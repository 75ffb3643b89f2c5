#!/bin/sh
# A part of the study, from public texts to tables: configs/study/run.sh PART [OPTION of `longshot run` ...].
# What is done is never run again, and what was stopped goes on with the same command. README.md beside it says
# what the parts are, what they need and what they cost. Everything runs at the lowest priority.
set -eu
cd "$(dirname "$0")/../.."
longshot=${LONGSHOT:-build/longshot}
configs=configs/study
results=results/study

die() {
    echo "study: $*" >&2
    exit 2
}

# texts NAME...: fetched where they are not there.
texts() {
    for text in "$@"; do
        test -e "data/$text/test.txt.gz" || datasets/fetch.sh "$text" >/dev/null
    done
}

# need RATES: a part whose table of rates this one reads.
need() {
    test -e "$results/$1/tune/tune.csv" || die "$results/$1/tune/tune.csv: not there; make study PART=$2 first"
}

# rates NAME [OPTION...]: a table of rates.
rates() {
    name=$1
    shift
    nice -n 19 "$longshot" tune "$configs/$name.json" --dir "$results/$name" -o "$results/$name/found.json" \
        --pack --weights drop "$@"
}

# study NAME [OPTION...]: cells and report. Trainings that parts share are done once: one folder has their weights.
study() {
    name=$1
    shift
    mkdir -p "$results/$name" "$results/checkpoints"
    test -e "$results/$name/checkpoints" || ln -s ../checkpoints "$results/$name/checkpoints"
    nice -n 19 "$longshot" run "$configs/$name.json" -o "$results/$name" --pack "$@"
}

# The best of the new schemes, for the parts on length and size: that with the lowest loss at 8x, at its own rate, over
# the last tokens of the validation novel, in the table of rates. So the test text has no part in it.
newest() {
    awk -F, '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $at["mode"] == "last" && $at["eval_length"] == 8 * $at["train_length"] && $at["choice"] ~ /^(best|edge)$/ &&
        $at["encoding"] ~ /^(fire|fox|scale_invariant|rope[+]ssmax|rnope_swa-every3)$/ && $at["status"] == "ok" &&
        (best == "" || $at["nll"] < least) { best = $at["encoding"]; least = $at["nll"] }
        END { print best }' "$results/1-rates/tune/tune.csv"
}
eight() {
    new=$(newest)
    test -n "$new" || die "$results/1-rates/tune/tune.csv: none of the new schemes has a loss at 8x"
    echo "encodings.only=nope,sinusoidal,rope,alibi,t5,sandwich,kerple_log,$new"
}

part=${1:-}
test $# -eq 0 || shift
case $part in
1)
    texts books
    rates 1-rates "$@"
    study 1-longer "$@"
    ;;
0)
    need 1-rates 1
    texts books code
    study 0-control "$@"
    ;;
2a)
    need 1-rates 1
    texts books
    study 2a-books "$@"
    study 2a-rest "$@"
    ;;
2b)
    need 1-rates 1
    texts code
    study 2b-code "$@"
    ;;
2c)
    need 1-rates 1
    texts code
    study 2c-far "$@"
    ;;
3)
    need 1-rates 1
    texts books
    only=$(eight)
    rates 3-rates "$only" "$@"
    study 3-length "$only" "$@"
    ;;
4)
    need 1-rates 1
    study 4-journal "$@"
    ;;
5)
    need 3-rates 3
    texts books
    study 5-size "$@"
    study 5-rest "encodings.only=nope,sinusoidal,sandwich,$(newest)" "$@"
    ;;
*)
    die "PART must be 1, 0, 2a, 2b, 2c, 3, 4 or 5, got \"$part\""
    ;;
esac
