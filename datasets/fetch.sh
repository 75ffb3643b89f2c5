#!/bin/sh
# Fetch public datasets as files for the `text` dataset, each checked against pinned sizes and sums.
#
# catalogue.tsv says what there is and how each file comes about. A download goes to FILE.part, is
# resumed from there after an interruption, and becomes FILE only when size and sha256 agree; what
# is unpacked or cut goes through FILE.tmp. So a file under its own name is whole, and running the
# script again does only what is missing. No server can make it endless: a transfer may take as many
# bytes as are pinned (else 64 GB), 10 minutes and a second for each 10 kB, and be resumed 20 times.
set -u
LC_ALL=C
export LC_ALL

here=$(dirname "$0")
dir=$here/cache
catalogue=$here/catalogue.tsv
base=${LX_FETCH_BASE:-}
tool=${LX_FETCH_TOOL:-}
keep=no
temp=
tab=$(printf '\t')

die() {
    echo "fetch: $*" >&2
    exit 1
}

usage_error() {
    echo "fetch: $*" >&2
    echo "hint: $0 --help" >&2
    exit 2
}

say() {
    echo "fetch: $*" >&2
}

usage() {
    cat <<END
usage: fetch.sh [options] NAME...

Downloads datasets into a folder, checks them, unpacks them and splits them into NAME.train,
NAME.valid and NAME.test. Prints the files on stdout. Without NAME: this text.

options:
  --dir DIR         folder for the files                    (default: cache beside this script)
  --base URL        download URL/FILE instead of the public addresses; also LX_FETCH_BASE
  --catalogue FILE  another list of datasets                (default: catalogue.tsv)
  --keep            keep downloaded archives after unpacking
  --help            this text
LX_FETCH_TOOL=curl|wget chooses the downloader (default: the first one there is).

exit status: 0 all there, 1 a dataset could not be made, 2 wrong usage

datasets:
END
    awk -F "$tab" '
        /^#/ || NF < 6 { next }
        $2 == "about" { name[++n] = $1; text[$1] = $6 }
        $2 == "get" && $4 != "-" { bytes[$1] += $4 }
        END { for (i = 1; i <= n; i++)
                  printf "  %-17s %7.1f MB  %s\n", name[i], bytes[name[i]] / 1e6, text[name[i]] }
    ' "$catalogue"
}

# Bytes of a file; 0 if there is none.
size_of() {
    if [ -f "$1" ]; then
        wc -c <"$1" | tr -d ' '
    else
        echo 0
    fi
}

sum_of() {
    if command -v sha256sum >/dev/null 2>&1; then
        sha256sum <"$1" | cut -d ' ' -f 1
    else
        shasum -a 256 <"$1" | cut -d ' ' -f 1
    fi
}

# check FILE BYTES SUM: whether the file is what it must be; says in $why what is wrong.
check() {
    why=
    if [ ! -f "$1" ]; then
        why="no such file"
        return 1
    fi
    got=$(size_of "$1")
    if [ "$2" != - ] && [ "$got" != "$2" ]; then
        why="must have $2 bytes, got $got"
        return 1
    fi
    if [ "$got" = 0 ]; then
        why="must not be empty"
        return 1
    fi
    [ "$3" = - ] && return 0
    got=$(sum_of "$1")
    if [ "$got" != "$3" ]; then
        why="sha256 must be $3, got $got"
        return 1
    fi
}

# bounded SECONDS COMMAND...: where there is timeout(1); curl bounds itself as well.
bounded() {
    if command -v timeout >/dev/null 2>&1; then
        timeout "$@"
    else
        shift
        "$@"
    fi
}

# transfer URL PART BYTES: append what is missing to the part. An existing part asks for a range.
transfer() {
    most=$3
    [ "$most" != - ] || most=64000000000
    seconds=${LX_FETCH_SECONDS:-$((600 + most / 10000))}
    (
        # one block more than there may be, in blocks of at least 512 bytes
        ulimit -f $((most / 512 + 2))
        case $tool in
        curl)
            bounded "$seconds" curl --silent --show-error --fail --location --max-redirs 10 \
                --proto '=http,https' --connect-timeout 20 --speed-limit 100 --speed-time 60 \
                --max-time "$seconds" --user-agent longshot-fetch --continue-at - --output "$2" "$1"
            ;;
        wget)
            bounded "$seconds" wget --quiet --tries=1 --max-redirect=10 --timeout=60 \
                --user-agent=longshot-fetch --continue --output-document="$2" "$1"
            ;;
        esac
    )
}

# pull URL PART BYTES SUM: transfer until it is whole, resuming as long as each try adds something.
pull() {
    old=$(size_of "$2")
    tries=0
    while :; do
        tries=$((tries + 1))
        before=$(size_of "$2")
        if [ "$before" = 0 ] || [ "$before" != "$3" ]; then
            if ! transfer "$1" "$2" "$3"; then
                after=$(size_of "$2")
                if [ "$3" != - ] && [ "$after" -gt "$3" ]; then
                    say "$1: must have $3 bytes, sends more; discarded"
                    rm -f "$2"
                    return 1
                fi
                if [ $tries -gt 20 ]; then
                    say "$1: cut short at $after bytes after $tries tries"
                    return 1
                fi
                [ "$after" = 0 ] && rm -f "$2"
                if [ "$after" -le "$before" ]; then
                    # A part that already is whole cannot grow; its sum tells.
                    [ "$4" != - ] && check "$2" "$3" "$4"
                    return
                fi
                grew=yes
                say "$1: cut short at $after bytes, resuming"
                continue
            fi
        fi
        if check "$2" "$3" "$4"; then
            return 0
        fi
        say "$1: $why; discarded"
        grew=yes
        rm -f "$2"
        # What was there before may have been to blame: once more from the start.
        [ "$old" != 0 ] || return 1
        old=0
    done
}

# get NAME FILE BYTES SUM URLS: from the first address that yields the right file.
get() {
    part=$dir/$2.part
    urls=$5
    [ -n "$base" ] && urls=${base%/}/$2
    [ -n "$tool" ] || die "$1: needs curl or wget to download"
    if [ "$3" != - ] && [ "$(size_of "$part")" -gt "$3" ]; then
        rm -f "$part"
    fi
    for round in resume afresh; do
        had=$(size_of "$part")
        grew=no
        for url in $urls; do
            say "$1: $url"
            if pull "$url" "$part" "$3" "$4"; then
                mv "$part" "$dir/$2" || die "$1: $dir/$2: cannot be written"
                return
            fi
        done
        # An old part that no address can add to may be in the way: once more without it.
        if [ "$round" = afresh ] || [ "$had" = 0 ] || [ "$grew" = yes ]; then
            break
        fi
        rm -f "$part"
    done
    if [ -f "$part" ]; then
        say "hint: $part holds what arrived; run again to resume"
    fi
    die "$1: $2: no address gave the right file"
}

# place NAME FILE BYTES SUM: the temp file is made; it becomes FILE if it is right.
place() {
    check "$temp" "$3" "$4" || die "$1: $2: $why"
    mv "$temp" "$dir/$2" || die "$1: $dir/$2: cannot be written"
    temp=
}

# make NAME ACTION FILE BYTES SUM FROM: one step of the catalogue.
make() {
    check "$dir/$3" "$4" "$5" && return
    if [ "$2" = get ]; then
        rm -f "$dir/$3"
        get "$1" "$3" "$4" "$5" "$6"
        return
    fi
    temp=$dir/$3.tmp
    source=$dir/${6%% *}
    detail=${6#* }
    case $2 in
    unzip)
        command -v unzip >/dev/null 2>&1 || die "$1: needs unzip to unpack $source"
        unzip -p "$source" "$detail" >"$temp" || die "$1: $source: cannot unpack $detail"
        ;;
    gunzip)
        gzip -dc <"$source" >"$temp" || die "$1: $source: cannot be unpacked"
        ;;
    cut)
        tail -c "+$((detail + 1))" "$source" | head -c "$4" >"$temp" ||
            die "$1: $source: cannot be cut"
        ;;
    *)
        die "$catalogue: $1: action must be about, get, unzip, gunzip or cut, got $2"
        ;;
    esac
    place "$1" "$3" "$4" "$5"
}

# Lines of a dataset: "archives" are what unzip and gunzip read, "products" everything else.
lines_of() {
    awk -F "$tab" -v name="$1" -v what="$2" '
        /^#/ || NF < 6 || $1 != name || $2 == "about" { next }
        { line[++n] = $0; file[n] = $3
          if ($2 == "unzip" || $2 == "gunzip") { split($6, from, " "); archive[from[1]] = 1 } }
        END { for (i = 1; i <= n; i++)
                  if (what == "all" || (file[i] in archive) == (what == "archives"))
                      print line[i] }
    ' "$catalogue"
}

# The reader of a dataset's lines must not be a pipe: die has to leave the script.
fetch() {
    name=$1
    steps=$(lines_of "$name" all)
    [ -n "$steps" ] || usage_error "$name: no such dataset"
    whole=yes
    while IFS=$tab read -r _ action file bytes sum _; do
        check "$dir/$file" "$bytes" "$sum" || whole=no
    done <<END
$(lines_of "$name" products)
END
    if [ "$whole" = no ]; then
        mkdir -p "$dir" || die "$dir: cannot be made"
        while IFS=$tab read -r _ action file bytes sum from; do
            make "$name" "$action" "$file" "$bytes" "$sum" "$from"
        done <<END
$steps
END
    fi
    if [ "$keep" = no ]; then
        lines_of "$name" archives | while IFS=$tab read -r _ _ file _; do
            rm -f "$dir/$file"
        done
    fi
    lines_of "$name" products | while IFS=$tab read -r _ _ file _; do
        echo "$dir/$file"
    done
}

cleanup() {
    [ -z "$temp" ] || rm -f "$temp"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

names=
help=no
while [ $# -gt 0 ]; do
    case $1 in
    --dir | --base | --catalogue)
        [ $# -ge 2 ] || usage_error "$1: needs a value"
        case $1 in
        --dir) dir=$2 ;;
        --base) base=$2 ;;
        --catalogue) catalogue=$2 ;;
        esac
        shift
        ;;
    --keep) keep=yes ;;
    --help | -h) help=yes ;;
    -*) usage_error "$1: no such option" ;;
    *) names="$names $1" ;;
    esac
    shift
done

[ -r "$catalogue" ] || usage_error "$catalogue: cannot be read"
if [ "$help" = yes ] || [ -z "$names" ]; then
    usage
    exit 0
fi
case $tool in
'')
    for candidate in curl wget; do
        if [ -z "$tool" ] && command -v "$candidate" >/dev/null 2>&1; then
            tool=$candidate
        fi
    done
    ;;
curl | wget)
    command -v "$tool" >/dev/null 2>&1 || die "LX_FETCH_TOOL: $tool: not found"
    ;;
*) usage_error "LX_FETCH_TOOL: must be curl or wget, got $tool" ;;
esac
for name in $names; do
    [ -n "$(lines_of "$name" all)" ] || usage_error "$name: no such dataset"
done
for name in $names; do
    fetch "$name"
done
