#!/bin/sh
# datasets/fetch.sh against a server on the loopback: what it fetches, what it refuses, what it
# resumes. TAP on stdout. Runs in the repository's root.
set -u
LC_ALL=C
export LC_ALL
unset LX_FETCH_BASE LX_FETCH_TOOL http_proxy HTTP_PROXY all_proxy ALL_PROXY

work=$(mktemp -d "${TMPDIR:-/tmp}/lx_fetch.XXXXXX") || exit 1
server=
cleanup() {
    [ -z "$server" ] || kill "$server" 2>/dev/null
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

fetch=datasets/fetch.sh
count=0
failed=0

# ok NAME COMMAND...: one test.
ok() {
    label=$1
    shift
    count=$((count + 1))
    if "$@"; then
        echo "ok $count - $label"
    else
        echo "not ok $count - $label"
        sed 's/^/# /' "$work/err" 2>/dev/null
        failed=1
    fi
}

skip() {
    count=$((count + 1))
    echo "ok $count - $1 # SKIP $2"
}

have() {
    command -v "$1" >/dev/null 2>&1
}

# run WANTED_STATUS ARGUMENT...: the script with the catalogue of this test.
run() {
    want=$1
    shift
    sh "$fetch" --catalogue "$work/catalogue" --dir "$work/cache" "$@" >"$work/out" 2>"$work/err"
    status=$?
    [ "$status" = "$want" ] && return
    echo "# exit status $status, expected $want" >>"$work/err"
    return 1
}

says() {
    grep -qF -- "$1" "$work/err"
}

sum() {
    if have sha256sum; then
        sha256sum <"$1" | cut -d ' ' -f 1
    else
        shasum -a 256 <"$1" | cut -d ' ' -f 1
    fi
}

bytes() {
    wc -c <"$1" | tr -d ' '
}

# line NAME ACTION FILE BYTES SUM FROM: one line of the catalogue.
line() {
    printf '%s\t%s\t%s\t%s\t%s\t%s\n' "$@" >>"$work/catalogue"
}

reset() {
    rm -rf "$work/cache" "$work/log"
    : >"$work/log"
}

requests() {
    [ "$(grep -c . "$work/log")" = "$1" ]
}

clean() {
    [ -z "$(find "$work/cache" -name '*.tmp' -o -name '*.part' 2>/dev/null)" ]
}

same() {
    cmp -s "$1" "$2"
}

#### What needs no server.

run_plain() {
    sh "$fetch" "$@" >"$work/out" 2>"$work/err"
}
lists_all() {
    run_plain "$@" || return 1
    for name in enwik8 text8 wikitext-103 wikitext-103-raw wikitext-2 wikitext-2-raw \
        tiny-shakespeare books latex code; do
        grep -q "^  $name " "$work/out" || return 1
    done
}
ok "without arguments it lists the datasets" lists_all
ok "--help lists them too" lists_all --help

refuses() {
    want=$1
    shift
    run_plain "$@"
    [ $? = 2 ] && says "$want"
}
ok "an unknown dataset is a usage error" refuses "enwik7: no such dataset" enwik7
ok "an unknown option is a usage error" refuses "--dri: no such option" --dri x enwik8
ok "an option without its value is a usage error" refuses "--dir: needs a value" --dir
ok "a missing catalogue is a usage error" refuses "$work/none: cannot be read" \
    --catalogue "$work/none" x

catalogue_is_sound() {
    awk -F '\t' '
        function fault(text) { print "line " NR ": " text; bad = 1 }
        /^#/ || /^$/ { next }
        NF != 6 { fault(NF " columns") }
        $2 !~ /^(about|site|get|unzip|gunzip|cut|join|pick)$/ { fault("action " $2) }
        $4 !~ /^(-|<?[0-9]+)$/ { fault("bytes " $4) }
        $5 != "-" && ($5 !~ /^[0-9a-f]+$/ || length($5) != 64) { fault("sum") }
        $2 == "get" && ($4 == "-" || $5 == "-" && $4 !~ /^</) { fault("download not pinned") }
        $2 ~ /^(join|pick)$/ && ($4 !~ /^[0-9]+$/ || $5 == "-") { fault("text not pinned") }
        $2 == "site" { site[$1] = $6 }
        $2 == "get" && $6 == "-" { $6 = site[$1] }
        $2 ~ /^(get|site)$/ && $6 !~ /^https?:/ { fault("address " $6) }
        $2 !~ /^(about|site)$/ && seen[$3]++ { fault($3 " twice") }
        $2 ~ /^(unzip|gunzip|cut|join|pick)$/ {
            folder = $3
            sub(/[^\/]*$/, "", folder)
            n = split($6, from, " ")
            for (i = 1; i <= ($2 == "join" ? n : 1); i++) {
                sub(/(:cr)?(:trim)?$/, "", from[i])
                if (!(folder from[i] in seen)) fault(from[i] " is made nowhere")
                if ($2 == "join" && used[folder from[i]]++) fault(from[i] " in two texts")
            } }
        $2 == "get" { loose[$3] = $5 == "-" }
        $2 == "pick" { loose[folder from[1]] = 0 }
        $2 == "cut" { cut[from[1]] += $4; if (size[from[1]] < cut[from[1]]) fault("more than there is") }
        $2 !~ /^(about|site)$/ { size[$3] = $4 }
        END { for (f in loose) if (loose[f]) { print f ": nothing pins it"; bad = 1 }
              exit bad }
    ' datasets/catalogue.tsv >"$work/err"
}
ok "the catalogue is sound, and every download pinned" catalogue_is_sound

# Where a config looks for a text that is fetched is where it is put, and who misses it is told the name.
longshot=${LONGSHOT:-build/longshot}
configs_find() {
    awk -F '\t' '$2 ~ /^(join|pick)$/ { print "data/" $3 }' datasets/catalogue.tsv >"$work/texts"
    grep -oh '"data/[^"]*"' configs/*.json configs/papers/*.json | tr -d '"' | sort -u >"$work/wanted"
    [ -s "$work/wanted" ] && ! grep -vxFf "$work/texts" "$work/wanted" >"$work/err" || return 1
    while read -r text; do
        name=${text#data/}
        (cd "$work" && "$longshot" plan "$here/configs/smoke.json" \
            "dataset={\"name\": \"text\", \"train\": \"$text\", \"valid\": \"$text\"}") >"$work/out" 2>"$work/err"
        says "datasets/fetch.sh ${name%%/*}" || return 1
    done <"$work/texts"
}
here=$PWD
case $longshot in /*) ;; *) longshot=$here/$longshot ;; esac
if [ -x "$longshot" ]; then
    ok "configs find what is fetched, and a missing text says how" configs_find
else
    skip "configs find what is fetched, and a missing text says how" "needs the program"
fi

#### What needs one.

if ! have perl || ! { have curl || have wget; }; then
    skip "fetching from a server" "needs perl, and curl or wget"
    echo "1..$count"
    exit $failed
fi

mkdir "$work/root" "$work/files"
awk 'BEGIN { for (i = 0; i < 4000; i++) printf "line %d of the sample text\n", i * i }' \
    >"$work/root/plain.txt"
gzip -9nc "$work/root/plain.txt" >"$work/root/plain.gz"
perl harness/tests/e2e/httpd.pl "$work/root" "$work/port" "$work/log" 2>"$work/server.err" &
server=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    [ -s "$work/port" ] && break
    sleep 0.2
done
if [ ! -s "$work/port" ]; then
    skip "fetching from a server" "no server on the loopback: $(head -n 1 "$work/server.err")"
    echo "1..$count"
    exit $failed
fi
url=http://127.0.0.1:$(cat "$work/port")

plain_sum=$(sum "$work/root/plain.txt")
plain_bytes=$(bytes "$work/root/plain.txt")
gz_sum=$(sum "$work/root/plain.gz")
gz_bytes=$(bytes "$work/root/plain.gz")
other_sum=$(echo other | sum /dev/stdin)
half=$((plain_bytes / 2))
third=$((plain_bytes * 2 / 5))

: >"$work/catalogue"
line plain about - - - "a text"
line plain get plain.txt "$plain_bytes" "$plain_sum" "$url/plain.txt"
line plain cut plain.train 1000 - "plain.txt 0"
line plain cut plain.valid 500 - "plain.txt 1000"
line packed get plain.gz "$gz_bytes" "$gz_sum" "$url/plain.gz"
line packed gunzip packed.txt "$plain_bytes" "$plain_sum" plain.gz
line wrong get plain.txt "$plain_bytes" "$other_sum" "$url/plain.txt"
line short get plain.txt $((plain_bytes + 1)) - "$url/plain.txt"
line mirror get plain.txt "$plain_bytes" "$plain_sum" \
    "$url/absent $url/status/503/x $url/html/plain.txt $url/plain.txt"
line gone get plain.txt "$plain_bytes" "$plain_sum" "$url/absent $url/status/500/x"
line cut get plain.txt "$plain_bytes" "$plain_sum" "$url/cut/$third/plain.txt"
line endless get plain.txt 1000 "$other_sum" "$url/endless/plain.txt"
line slow get plain.txt 1000000 "$other_sum" "$url/slow/plain.txt"
line drip get plain.txt "$plain_bytes" "$plain_sum" "$url/cut/1/plain.txt"
line stuck get plain.txt "$plain_bytes" "$plain_sum" "$url/cut/0/plain.txt"
line norange get plain.txt "$plain_bytes" "$plain_sum" "$url/norange/plain.txt"
line bad_cut get plain.txt "$plain_bytes" "$plain_sum" "$url/plain.txt"
line bad_cut cut part $((plain_bytes + 5)) - "plain.txt 0"
line odd get plain.txt "$plain_bytes" "$plain_sum" "$url/plain.txt"
line odd melt odd.txt - - plain.txt

for tool in curl wget; do
    if ! have $tool; then
        skip "with $tool" "needs $tool"
        continue
    fi
    LX_FETCH_TOOL=$tool
    export LX_FETCH_TOOL

    reset
    good() {
        run 0 plain && same "$work/cache/plain.txt" "$work/root/plain.txt" && clean &&
            head -c 1000 "$work/root/plain.txt" | cmp -s - "$work/cache/plain.train" &&
            tail -c +1001 "$work/root/plain.txt" | head -c 500 | cmp -s - "$work/cache/plain.valid" &&
            grep -q "^$work/cache/plain.valid$" "$work/out"
    }
    ok "$tool: a file is fetched, cut, and named on stdout" good
    again() {
        before=$(grep -c . "$work/log")
        run 0 plain && requests "$before"
    }
    ok "$tool: what is there is not fetched again" again
    recut() {
        echo x >"$work/cache/plain.valid"
        before=$(grep -c . "$work/log")
        run 0 plain && requests "$before" && [ "$(bytes "$work/cache/plain.valid")" = 500 ]
    }
    ok "$tool: a damaged product is made again from what is there" recut
    refetch() {
        echo x >"$work/cache/plain.txt"
        run 0 plain && same "$work/cache/plain.txt" "$work/root/plain.txt"
    }
    ok "$tool: a damaged download is fetched again" refetch

    reset
    wrong() {
        run 1 wrong && says "sha256 must be $other_sum, got $plain_sum" &&
            [ ! -e "$work/cache/plain.txt" ] && clean
    }
    ok "$tool: a wrong sum is refused, nothing is left" wrong

    reset
    wrong_size() {
        run 1 short && says "got $plain_bytes" && [ ! -e "$work/cache/plain.txt" ] && clean
    }
    ok "$tool: a wrong size is refused" wrong_size

    reset
    mirror() {
        run 0 mirror && same "$work/cache/plain.txt" "$work/root/plain.txt" && requests 4 && clean
    }
    ok "$tool: 404, 503 and a page in its place lead on to the next address" mirror

    reset
    gone() {
        run 1 gone && says "gone: plain.txt: no address gave the right file" &&
            [ ! -e "$work/cache/plain.txt" ] && clean
    }
    ok "$tool: no address left is an error" gone

    reset
    cut_short() {
        run 0 cut && same "$work/cache/plain.txt" "$work/root/plain.txt" && requests 3 &&
            grep -q " $third 206$" "$work/log" && grep -q " $((2 * third)) 206$" "$work/log"
    }
    ok "$tool: a transfer cut short is resumed where it stopped" cut_short

    reset
    interrupted() {
        mkdir -p "$work/cache"
        head -c "$half" "$work/root/plain.txt" >"$work/cache/plain.txt.part"
        run 0 plain && same "$work/cache/plain.txt" "$work/root/plain.txt" && requests 1 &&
            grep -q " $half 206$" "$work/log" && clean
    }
    ok "$tool: the part of an interrupted run is used" interrupted

    reset
    whole_part() {
        mkdir -p "$work/cache"
        cp "$work/root/plain.txt" "$work/cache/plain.txt.part"
        run 0 plain && requests 0 && clean
    }
    ok "$tool: a part that is whole needs no request" whole_part

    reset
    bad_part() {
        mkdir -p "$work/cache"
        head -c "$half" /dev/zero >"$work/cache/plain.txt.part"
        run 0 plain && says "sha256 must be" && clean &&
            same "$work/cache/plain.txt" "$work/root/plain.txt"
    }
    ok "$tool: a part of something else is discarded" bad_part

    reset
    norange() {
        mkdir -p "$work/cache"
        head -c "$half" "$work/root/plain.txt" >"$work/cache/plain.txt.part"
        run 0 norange && same "$work/cache/plain.txt" "$work/root/plain.txt" && clean
    }
    ok "$tool: a server that cannot resume is asked for all" norange

    reset
    stuck() {
        run 1 stuck && [ ! -e "$work/cache/plain.txt" ]
    }
    ok "$tool: a server that never sends anything is given up" stuck

    reset
    through_base() {
        run 0 --base "$url/" gone && same "$work/cache/plain.txt" "$work/root/plain.txt" &&
            requests 1 && reset && LX_FETCH_BASE=$url run 0 gone && requests 1
    }
    ok "$tool: --base and LX_FETCH_BASE replace the addresses" through_base
done
unset LX_FETCH_TOOL

reset
unpacks() {
    run 0 packed && same "$work/cache/packed.txt" "$work/root/plain.txt" &&
        [ ! -e "$work/cache/plain.gz" ] && requests 1 && run 0 packed && requests 1 &&
        run 0 --keep packed
}
ok "an archive is unpacked, removed, and not fetched again" unpacks

reset
keeps() {
    run 0 --keep packed && [ -e "$work/cache/plain.gz" ]
}
ok "--keep keeps the archive" keeps

reset
too_short() {
    run 1 bad_cut && says "part: must have" && [ ! -e "$work/cache/part" ] && clean
}
ok "a cut that comes out short is refused" too_short

reset
odd_action() {
    run 1 odd && says "action must be about, site, get, unzip, gunzip, cut, join or pick, got melt"
}
ok "an unknown action of the catalogue is named" odd_action

several() {
    reset
    run 2 plain nonesuch && requests 0 && run 0 plain packed && [ -e "$work/cache/packed.txt" ]
}
ok "several names at once; a wrong one stops before any download" several

if have unzip && have zip; then
    mkdir "$work/files/inner"
    cp "$work/root/plain.txt" "$work/files/inner/a.tokens"
    (cd "$work/files" && zip -q "$work/root/pack.zip" inner/a.tokens)
    zip_bytes=$(bytes "$work/root/pack.zip")
    zip_sum=$(sum "$work/root/pack.zip")
    line zipped get pack.zip "$zip_bytes" "$zip_sum" "$url/pack.zip"
    line zipped unzip zipped.train "$plain_bytes" - "pack.zip inner/a.tokens"
    line no_member get pack.zip "$zip_bytes" "$zip_sum" "$url/pack.zip"
    line no_member unzip no_member.train - - "pack.zip inner/b.tokens"
    reset
    unzips() {
        run 0 zipped && same "$work/cache/zipped.train" "$work/root/plain.txt" &&
            [ ! -e "$work/cache/pack.zip" ] && clean
    }
    ok "a member is unpacked from a zip" unzips
    no_member() {
        reset
        run 1 no_member && says "cannot unpack inner/b.tokens" && clean &&
            [ ! -e "$work/cache/no_member.train" ]
    }
    ok "a missing member is named" no_member
else
    skip "a member is unpacked from a zip" "needs zip and unzip"
    skip "a missing member is named" "needs zip and unzip"
fi

# A corpus: files of a site joined by a recipe, and files picked from an archive.
mkdir -p "$work/root/corpus" "$work/tree/top/sub" "$work/tree/top/.git"
printf ' \r\n\r\n  one\r\ntwo \r\n\r\n' >"$work/root/corpus/a.txt"
printf 'three\r\nfour' >"$work/root/corpus/b.txt"
printf '\n\t five\n\n six \v\f\n\n\n' >"$work/root/corpus/c.txt"
printf 'one\ntwo\n\0three\nfour' >"$work/want.train"
printf 'five\n\n six\n' >"$work/want.valid"
for i in 0 1 2 3 4 5 6; do printf "file $i" >"$work/tree/top/$i.c"; done
printf 'upper' >"$work/tree/top/B.c"
printf 'lower' >"$work/tree/top/a.c"
printf 'deep' >"$work/tree/top/sub/x.c"
printf 'no' >"$work/tree/top/0.h"
printf 'no' >"$work/tree/top/.git/0.c"
: >"$work/tree/top/00.c"
ln -s /etc/passwd "$work/tree/top/1a.c"
printf 'file 0\0file 3\0file 6\0deep' >"$work/want.0"
printf 'file 1\0file 2\0file 4\0file 5\0upper\0lower' >"$work/want.12"
tar -C "$work/tree" -czf "$work/root/tree.tar.gz" top
head -c 2100000 /dev/zero | gzip >"$work/part.gz"
for i in $(seq 100); do cat "$work/part.gz"; done >"$work/root/bomb.tar.gz"
head -c 4000 /dev/urandom >"$work/root/noise.tar.gz"

corpus_lines() { # NAME SITE
    line "$1" about texts - - "texts"
    line "$1" site - - - "$2"
    for f in a b c; do
        line "$1" get "$1/$f.txt" "$(bytes "$work/root/corpus/$f.txt")" "$(sum "$work/root/corpus/$f.txt")" -
    done
    line "$1" join "$1/train.txt.gz" "$(bytes "$work/want.train")" "$(sum "$work/want.train")" "a.txt:cr:trim b.txt:cr"
    line "$1" join "$1/valid.txt.gz" "$(bytes "$work/want.valid")" "$(sum "$work/want.valid")" "c.txt:trim"
}
picked_lines() { # NAME ADDRESS
    line "$1" get "$1/tree.tar.gz" "<1000000" - "$2"
    line "$1" pick "$1/0.txt.gz" "$(bytes "$work/want.0")" "$(sum "$work/want.0")" "tree.tar.gz .c 3 0"
    line "$1" pick "$1/12.txt.gz" "$(bytes "$work/want.12")" "$(sum "$work/want.12")" "tree.tar.gz .c 3 1-2"
}
corpus_lines novels "$url/corpus/"
corpus_lines lost "$url/absent/"
corpus_lines local "$url/passwd/"
corpus_lines round "$url/round/"
corpus_lines encoded "$url/encoded/corpus/"
picked_lines tree "$url/tree.tar.gz"
for bad in bomb noise; do picked_lines $bad "$url/$bad.tar.gz"; done
picked_lines flood "$url/endless/tree.tar.gz"

holds() { gzip -dc <"$1" | cmp -s - "$2"; }
only() { # FILE...: what there is, and nothing else
    find "$work/cache" -type f -o -type d -name '*.tmp' | sed "s|^$work/cache/||" | sort >"$work/there"
    printf '%s\n' "$@" | sed '/^$/d' | sort | cmp -s - "$work/there"
}
novels() {
    holds "$work/cache/novels/train.txt.gz" "$work/want.train" && holds "$work/cache/novels/valid.txt.gz" "$work/want.valid"
}
trees() {
    holds "$work/cache/tree/0.txt.gz" "$work/want.0" && holds "$work/cache/tree/12.txt.gz" "$work/want.12"
}
joins() {
    reset
    run 0 novels && novels && requests 3 && only novels/train.txt.gz novels/valid.txt.gz &&
        run 0 novels && requests 3 && grep -q "^$work/cache/novels/valid.txt.gz$" "$work/out"
}
ok "a corpus is joined as its recipe says, once" joins
same_pack() {
    reset
    run 0 novels && cp "$work/cache/novels/train.txt.gz" "$work/first.gz" && reset && run 0 novels &&
        same "$work/first.gz" "$work/cache/novels/train.txt.gz"
}
ok "and packed into the same bytes again" same_pack
own_text() {
    reset
    mkdir -p "$work/cache/novels"
    echo mine >"$work/cache/novels/train.txt.gz"
    run 1 novels && says "it stays as it is" && requests 0 && grep -qx mine "$work/cache/novels/train.txt.gz"
}
ok "a text of one's own in its place is left alone" own_text
picks() {
    reset
    run 0 tree && trees && requests 1 && only tree/0.txt.gz tree/12.txt.gz
}
ok "files are picked from an archive by their number" picks
by_hand() {
    reset
    run 0 --from "$work/root/corpus" novels && novels && run 0 --from "$work/root" tree && trees && requests 0 &&
        only novels/train.txt.gz novels/valid.txt.gz tree/0.txt.gz tree/12.txt.gz
}
ok "--from: files that were fetched by hand" by_hand
by_clone() {
    reset
    run 0 --from "$work/tree/top" tree && trees && requests 0
}
ok "--from: a clone" by_clone
by_hand_bad() {
    reset
    mkdir -p "$work/hand"
    cp "$work/root/corpus/a.txt" "$work/hand"
    run 1 --from "$work/hand" novels && says "novels: $work/hand/b.txt: no such file" && clean &&
        echo x >"$work/hand/b.txt" && run 1 --from "$work/hand" novels && says "$work/hand/b.txt: must have 11 bytes, got 2" &&
        [ ! -e "$work/cache/novels/train.txt.gz" ] && clean && requests 0 &&
        run 2 --from "$work/none" novels && says "--from: $work/none: no such folder"
}
ok "--from: what is missing or wrong is named" by_hand_bad
for tool in curl wget; do
    if ! have $tool; then
        skip "a corpus from a bad server, with $tool" "needs $tool"
        continue
    fi
    LX_FETCH_TOOL=$tool
    export LX_FETCH_TOOL
    hostile() { # NAME SAYS
        reset
        run 1 "$1" && says "$2" && only "" && ! grep -q root: "$work/err" && [ "$(grep -c . "$work/err")" -le 7 ]
    }
    ok "$tool: a corpus that is gone" hostile lost "lost: lost/a.txt: no address gave the right file"
    ok "$tool: one that leads to a file of this machine" hostile local "local: local/a.txt: no address gave the right file"
    ok "$tool: one that leads round and round" hostile round "round: round/a.txt: no address gave the right file"
    ok "$tool: an archive that unpacks to more than is sane" hostile bomb "bomb/tree.tar.gz: is no archive, or one of more than 200 MB; discarded"
    ok "$tool: no archive" hostile noise "noise/tree.tar.gz: is no archive, or one of more than 200 MB; discarded"
    ok "$tool: an archive without an end" hostile flood "flood: flood/tree.tar.gz: no address gave the right file"
    encoded() {
        reset
        run 0 encoded && holds "$work/cache/encoded/train.txt.gz" "$work/want.train"
    }
    ok "$tool: what a server calls packed is taken as it comes" encoded
done
unset LX_FETCH_TOOL

# A server without an end: in size, in time, in the number of tries.
for tool in curl wget; do
    if ! have $tool; then
        skip "a bad server, with $tool" "needs $tool"
        continue
    fi
    LX_FETCH_TOOL=$tool
    endless() {
        reset
        run 1 endless && says "no address gave the right file" &&
            [ -z "$(find "$work/cache" -size +20k)" ]
    }
    ok "$tool: an endless file is cut off where it should end" endless
    slow() {
        reset
        LX_FETCH_SECONDS=3 timeout 30 sh "$fetch" --catalogue "$work/catalogue" --dir "$work/cache" slow >"$work/out" 2>"$work/err"
        [ $? = 1 ] && says "no address gave the right file"
    }
    ok "$tool: a slow one is given up" slow
    drip() {
        reset
        run 1 drip && says "after 21 tries" && [ "$(grep -c . "$work/log")" -le 50 ]
    }
    ok "$tool: one that comes byte by byte is given up" drip
done

unwritable() {
    reset
    echo file >"$work/cache"
    run 1 plain && says "$work/cache: cannot be made"
    result=$?
    rm -f "$work/cache"
    return $result
}
ok "a folder that cannot be made is named" unwritable

echo "1..$count"
exit $failed
