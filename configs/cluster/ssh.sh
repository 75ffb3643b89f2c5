#!/bin/sh
# The cells of a config dealt out to machines over ssh, then tables and plots. Each machine runs its
# share one cell after another; name a machine twice to run two at a time there.
#
#   configs/cluster/ssh.sh CONFIG DIR HOST...
#   configs/cluster/ssh.sh configs/default.json results/default node1 node1 node2
#
# This folder must be the same on all machines (a shared file system), with the program built. Run
# again to go on: cells that are done end at once. LONGSHOT names the program (default: build/longshot).
set -eu
[ $# -ge 3 ] || { sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2; }
config=$1
dir=$2
shift 2
longshot=${LONGSHOT:-build/longshot}
quoted() { printf "'%s'" "$(printf %s "$1" | sed "s/'/'\\\\''/g")"; }
mkdir -p "$dir"
i=0
pids=
for host in "$@"; do
    # the host stands in the command line of ssh, the rest is for the shell over there
    ssh -n -o BatchMode=yes "$host" "cd $(quoted "$PWD") && exec $(quoted "$longshot") cell $(quoted "$config") --shard $i/$# --out $(quoted "$dir")" \
        >"$dir/ssh.$i.log" 2>&1 &
    pids="$pids $!"
    i=$((i + 1))
done
bad=0
i=0
for pid in $pids; do
    wait "$pid" || { echo "ssh.sh: share $i failed: $(tail -n 1 "$dir/ssh.$i.log")" >&2; bad=1; }
    i=$((i + 1))
done
"$longshot" merge "$dir"
"$longshot" report "$dir"
[ $bad = 0 ] || { echo "ssh.sh: the same command goes on from here" >&2; exit 4; }
