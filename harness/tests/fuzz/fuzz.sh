#!/bin/sh
# fuzz.sh SECONDS FOLDER PROGRAM...: each target, named as its corpus in this folder, for so many seconds,
# going on from that corpus; what it finds goes to FOLDER. Fails if a target does, or if it ran nothing: an
# assurance that was never given looks just like one.
set -u
seconds=$1
folder=$2
shift 2
here=$(cd "$(dirname "$0")" && pwd)
failed=0
for program; do
    name=$(basename "$program")
    grown=$folder/corpus-$name
    mkdir -p "$grown"
    set -- "$grown"
    [ ! -d "$here/corpus/$name" ] || set -- "$grown" "$here/corpus/$name"
    case $name in csv) longest=2000 ;; *) longest=16384 ;; esac # a wide table takes its time
    echo "fuzzing $name for $seconds s"
    "$program" -max_total_time="$seconds" -max_len=$longest -timeout=30 -rss_limit_mb=3000 -print_final_stats=1 \
        -artifact_prefix="$folder/$name-" "$@" >"$folder/$name.log" 2>&1
    status=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$folder/$name.log")
    if [ $status -ne 0 ]; then
        tail -40 "$folder/$name.log" >&2
        echo "fuzz: $name: status $status, see $folder/$name.log" >&2
        failed=1
    elif [ "${runs:-0}" -lt 10 ]; then
        echo "fuzz: $name: ${runs:-no} executions, see $folder/$name.log" >&2
        failed=1
    else
        echo "fuzz: $name: $runs executions"
    fi
done
exit $failed
