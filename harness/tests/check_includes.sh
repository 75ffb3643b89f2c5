#!/bin/sh
# House rules that a compiler does not know: which folder may include which, one includer for each
# third-party header, no scheme's or dataset's name outside its folder, file names unique, files of
# a readable length. Prints each breach as file:line; exits 1 if there was one.
set -u
cd "$(dirname "$0")/../.." || exit 2
bad=0
breach() { echo "$1" >&2; bad=1; }

# may FOLDER "ALLOWED": quoted includes of a folder's files must begin with one of these.
may() {
    folder=$1; allowed=$2
    for f in "$folder"/*.c "$folder"/*.h; do
        [ -f "$f" ] || continue
        grep -n '^#include "' "$f" | while IFS=: read -r line text; do
            target=$(printf '%s\n' "$text" | sed 's/^#include "\([^"]*\)".*/\1/')
            ok=0
            for a in $allowed; do case $target in "$a"*) ok=1 ;; esac; done
            [ $ok = 1 ] || echo "$f:$line: $folder may not include $target"
        done
    done
}

out=$(
    may harness/core "core/"
    may harness/tensor "core/ tensor/"
    may harness/model "core/ tensor/ model/ encodings/encoding.h"
    may harness/train "core/ tensor/ model/ train/ datasets/dataset.h"
    may harness/eval "core/ tensor/ model/ eval/ encodings/encoding.h datasets/dataset.h"
    may harness/report "core/ report/"
    may harness/run "core/ tensor/ model/ train/ eval/ report/ run/ encodings/encoding.h datasets/dataset.h"
    may encodings "core/ tensor/ encodings/"
    may datasets "core/ datasets/"

    for pair in cJSON.h:harness/core/json cblas.h:harness/tensor/gemm zlib.h:harness/core/gzip csv.h:harness/core/csvfile; do
        header=${pair%%:*}; owner=${pair#*:}
        grep -nE "^#include [<\"](cjson/)?$header[>\"]" -r harness encodings datasets --include='*.[ch]' |
            grep -v "^$owner" | sed "s/\$/: only $(basename "$owner").c may include $header/"
    done

    # A scheme or dataset is known by its registry alone.
    for f in encodings/*.c datasets/*.c; do
        name=$(basename "$f" .c)
        case $name in *_list | *_*words | *_model | text | window | temperature | learned) continue ;; esac
        grep -nw "\"$name\"" -r harness --include='*.[ch]' | grep -v '^harness/tests/' |
            sed "s/\$/: names the scheme or dataset $name/"
    done

    find harness encodings datasets -name '*.[ch]' -exec basename {} \; | sort | uniq -d |
        sed 's/$/: this file name occurs twice/'
    find harness encodings datasets -name '*.[ch]' -exec wc -l {} + | awk '$2 != "total" && $1 > 600 {print $2 ": " $1 " lines, at most 600"}'
    grep -nE '(//|/\*).*(TODO|FIXME|XXX)' -r harness encodings datasets --include='*.[ch]' | sed 's/$/: write it or delete it/'
)
[ -z "$out" ] || breach "$out"
exit $bad
