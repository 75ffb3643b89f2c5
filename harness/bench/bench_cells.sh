#!/bin/sh
# How sweeps scale on this machine: the same two cells one after the other, side by side, and one
# after the other with two threads each, by the clock, through `run` itself.
#
#   bench_cells.sh LONGSHOT DIR       writes DIR/cells.csv
#
# Environment: CELLS_STEPS (150 steps of training a cell).
set -u
[ $# = 2 ] || { echo "usage: bench_cells.sh LONGSHOT DIR" >&2; exit 2; }
longshot=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
mkdir -p "$2" || exit 1
dir=$(cd "$2" && pwd)
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
cd "$tmp" || exit 1
cat >cells.json <<JSON
{
  "name": "cells",
  "dataset": {"name": "journal", "train_tokens": 500000, "valid_tokens": 20000},
  "model": {"layers": 4, "d_model": 128, "heads": 4},
  "train": {"length": 128, "batch_tokens": 4096, "steps": ${CELLS_STEPS:-150}, "warmup": 10},
  "encodings": ["alibi"],
  "eval": {"lengths": ["1x", "4x"], "modes": ["nonoverlapping"], "tokens": 16384},
  "seeds": [1, 2]
}
JSON

# seconds OUT OPTIONS...: of a run in a folder of its own.
seconds() {
    out=$1
    shift
    begin=$(date +%s.%N)
    "$longshot" run cells.json -o "$out" --plots no "$@" >/dev/null 2>log || { cat log >&2; exit 1; }
    end=$(date +%s.%N)
    awk -v b="$begin" -v e="$end" 'BEGIN { printf "%.2f", e - b }'
}

echo "bench-cells: one cell at a time" >&2
one=$(seconds one -j1) || exit 1
echo "bench-cells: two cells at a time" >&2
two=$(seconds two -j2) || exit 1
echo "bench-cells: one cell at a time, two threads" >&2
threads=$(seconds threads -j1 --threads 2) || exit 1
cmp one/metrics.csv two/metrics.csv && cmp one/metrics.csv threads/metrics.csv || exit 1
awk -v one="$one" -v two="$two" -v threads="$threads" 'BEGIN {
    print "cells,at_a_time,threads_each,seconds,speedup"
    printf "2,1,1,%s,1.00\n2,2,1,%s,%.2f\n2,1,2,%s,%.2f\n", one, two, one / two, threads, one / threads
}' >"$dir/cells.csv"
cat "$dir/cells.csv"
