#!/bin/sh
# The cells of a config through GNU parallel, one process each, then tables and plots.
#
#   configs/cluster/parallel.sh CONFIG DIR [OPTIONS OF PARALLEL]
#   configs/cluster/parallel.sh configs/default.json results/default -j 8
#   configs/cluster/parallel.sh configs/default.json results/default --sshloginfile nodes --workdir .
#
# Run again to go on: cells that are done end at once. DIR must be seen by all machines.
# LONGSHOT names the program (default: build/longshot).
set -eu
[ $# -ge 2 ] || { sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
config=$1
dir=$2
shift 2
longshot=${LONGSHOT:-build/longshot}
cells=$("$longshot" plan "$config" --json | wc -l)
mkdir -p "$dir"
status=0
seq 0 $((cells - 1)) | parallel --joblog "$dir/parallel.log" --retries 2 "$@" \
    "$longshot" cell "$config" --index '{}' --out "$dir" || status=$?
"$longshot" merge "$dir"
"$longshot" report "$dir"
[ $status = 0 ] || { echo "parallel.sh: $status cells failed; see \`$longshot status $dir\`" >&2; exit 4; }
