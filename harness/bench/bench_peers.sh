#!/bin/sh
# Longshot beside PyTorch: both benchmarks in one run, one thread each, workload by workload so that
# the two are near in time. For each workload and encoding the best PyTorch mode counts.
#
#   bench_peers.sh LONGSHOT DIR       writes DIR/peers.csv (ratios) and DIR/peers-runs.csv (all rows)
#   bench_peers.sh --join OURS THEIRS OUT
#
# Environment: PYTHON, PEER_WORKLOADS, PEER_ENCODINGS, PEER_MODES, PEER_REPEAT, PEER_SECONDS.
set -u
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}

# Joins two CSV files by workload and encoding: a table on stdout, the same as CSV in $3. Fields have
# no commas in them.
join_rows() {
    awk -F, -v out="$3" '
        FNR == 1 {
            delete col
            for (i = 1; i <= NF; i++) col[$i] = i
            next
        }
        { key = $col["workload"] "," $col["encoding"]; rate = $col["tokens_per_second"] }
        FILENAME == ARGV[1] {
            if ($col["mode"] != "full") next
            order[++n] = key
            ours[key] = rate
            threads[key] = $col["threads"]
            fraction[key] = $col["fraction_of_sgemm"]
            next
        }
        rate != "" && rate + 0 > best[key] + 0 {
            best[key] = rate
            mode[key] = $col["mode"]
            peer[key] = $col["implementation"]
        }
        END {
            print "workload,encoding,threads,longshot_tokens_per_second,fraction_of_sgemm,peer,peer_mode,peer_tokens_per_second,ratio" >out
            printf "%-9s %-12s %12s %9s %12s %-13s %7s\n", "workload", "encoding", "longshot t/s", "of sgemm", "best t/s", "mode", "ratio"
            for (i = 1; i <= n; i++) {
                k = order[i]
                split(k, part, ",")
                ratio = ""
                if (ours[k] != "" && best[k] != "") {
                    ratio = sprintf("%.2f", ours[k] / best[k])
                    joined++
                }
                print k "," threads[k] "," ours[k] "," fraction[k] "," peer[k] "," mode[k] "," best[k] "," ratio >out
                printf "%-9s %-12s %12s %9s %12s %-13s %6s%s\n", part[1], part[2], ours[k] == "" ? "-" : ours[k],
                    fraction[k] == "" ? "-" : fraction[k], best[k] == "" ? "-" : best[k],
                    mode[k] == "" ? "-" : mode[k], ratio == "" ? "-" : ratio, ratio == "" ? "" : "x"
            }
            if (!joined) exit 1
        }' "$1" "$2" || { echo "bench-peers: no workload and encoding that both have numbers for" >&2; return 1; }
}

if [ "${1:-}" = --join ] && [ $# = 4 ]; then
    join_rows "$2" "$3" "$4"
    exit
fi
[ $# = 2 ] || { echo "usage: bench_peers.sh LONGSHOT DIR | --join OURS THEIRS OUT" >&2; exit 2; }
"$python" -c 'import torch' 2>/dev/null ||
    { echo "bench-peers: $python has no PyTorch: pip install torch==2.13.0" >&2; exit 1; }

longshot=$1
dir=$2
workloads=${PEER_WORKLOADS:-tiny,small,long,eval8,eval32}
encodings=${PEER_ENCODINGS:-alibi,t5,rope}
repeat=${PEER_REPEAT:-10}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
mkdir -p "$dir" || exit 1
# The rows just made, with the header only once.
add() { if [ -s "$1" ]; then sed 1d "$tmp/rows" >>"$1"; else cat "$tmp/rows" >"$1"; fi; }
for w in $(echo "$workloads" | tr , ' '); do
    echo "bench-peers: $w" >&2
    "$longshot" bench --workloads "$w" --encodings "$encodings" --lengths none --repeat "$repeat" \
        --seconds "${PEER_SECONDS:-30}" >"$tmp/rows" || exit 1
    add "$tmp/ours"
    OMP_NUM_THREADS=1 "$python" "$here/torch_bench.py" --threads 1 --workloads "$w" --encodings "$encodings" \
        --modes "${PEER_MODES:-eager,sdpa,compile,sdpa_compile}" --repeat "$repeat" >"$tmp/rows" || exit 1
    add "$tmp/theirs"
done
{ cut -d, -f1-7 "$tmp/ours"; sed 1d "$tmp/theirs"; } >"$dir/peers-runs.csv"
join_rows "$tmp/ours" "$tmp/theirs" "$dir/peers.csv"
