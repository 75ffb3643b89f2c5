#!/bin/sh
# Line coverage by folder from gcov's counts: coverage.sh BUILD_DIRECTORY
set -eu
out=$1
for folder in $(cd "$out" && ls -d harness/*/ encodings/ datasets/ | grep -v harness/tests | sed "s,/$,,"); do
    gcov -n -r "$out/$folder"/*.gcda 2>/dev/null |
        awk -v folder="$folder" '
            /^File/ { keep = index($0, "\x27" folder "/") > 0 }
            /^Lines executed/ && keep { split($0, a, /[:% ]+/); n = a[5]; hit += a[3] / 100 * n; all += n; keep = 0 }
            END { if (all) printf "%-16s %5.1f%% of %d lines\n", folder, 100 * hit / all, all }'
done
