#!/bin/sh
# Fetch public datasets as files for the `text` dataset, each checked against pinned sizes and sums.
#
# catalogue.tsv says what there is and how each file comes about. A download goes to FILE.part, is
# resumed from there after an interruption, and becomes FILE only when size and sha256 agree; what
# is made of it goes through FILE.tmp. So a file under its own name is whole, and running the script
# again does only what is missing. No server can make it endless: a transfer may take as many bytes
# as the catalogue says and be resumed 20 times, all transfers of a dataset 10 minutes and a second
# for each 10 kB, and what an archive unpacks to is cut off as well.
set -u
LC_ALL=C
export LC_ALL

here=$(dirname "$0")
given=
from=
catalogue=$here/catalogue.tsv
base=${LX_FETCH_BASE:-}
tool=${LX_FETCH_TOOL:-}
keep=no
temp=
unpacked=
deadline=0
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
  --dir DIR         folder for the files     (default: cache beside this script; of books, latex
                    and code: the folder data of the repository, where the configs look)
  --from DIR        take the downloads from a folder: fetched by hand, or a clone at the commit
                    that catalogue.tsv names; nothing is asked of a server
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
        $2 == "get" && sub(/^</, "", $4) { most[$1] = "<" }
        $2 == "get" { bytes[$1] += $4 }
        END { for (i = 1; i <= n; i++)
                  printf "  %-17s %8s MB  %s\n", name[i],
                      most[name[i]] sprintf("%.1f", bytes[name[i]] / 1e6), text[name[i]] }
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

# The sha256 of stdin.
sum_of() {
    if command -v sha256sum >/dev/null 2>&1; then
        sha256sum | cut -d ' ' -f 1
    else
        shasum -a 256 | cut -d ' ' -f 1
    fi
}

# The most bytes that a column of the catalogue allows: N, "<N" or "-".
most_of() {
    case $1 in
    -) echo 64000000000 ;;
    *) echo "${1#<}" ;;
    esac
}

# check FILE BYTES SUM: whether the file is what it must be; says in $why what is wrong.
check() {
    why=
    if [ ! -f "$1" ]; then
        why="no such file"
        return 1
    fi
    got=$(size_of "$1")
    case $2 in
    "<"*) [ "$got" -le "${2#<}" ] || why="must have at most ${2#<} bytes, got $got" ;;
    -) ;;
    *) [ "$got" = "$2" ] || why="must have $2 bytes, got $got" ;;
    esac
    [ -z "$why" ] || return 1
    if [ "$got" = 0 ]; then
        why="must not be empty"
        return 1
    fi
    [ "$3" = - ] && return 0
    got=$(sum_of <"$1")
    if [ "$got" != "$3" ]; then
        why="sha256 must be $3, got $got"
        return 1
    fi
}

# check_text FILE BYTES SUM: the same of the text in a file, which may be packed.
check_text() {
    why=
    if [ ! -f "$1" ]; then
        why="no such file"
        return 1
    fi
    got=$(gzip -dcf <"$1" 2>/dev/null | head -c $(($2 + 1)) | sum_of)
    [ "$got" = "$3" ] || why="the sha256 of its text must be $3, got $got"
    [ -z "$why" ]
}

# check_product ACTION FILE BYTES SUM
check_product() {
    case $1 in
    join | pick) check_text "$2" "$3" "$4" ;;
    *) check "$2" "$3" "$4" ;;
    esac
}

# limited BYTES COMMAND...: cannot write a file that is longer, up to a block of 512 or 1024 bytes.
limited() {
    (
        ulimit -f $(($1 / 512 + 2))
        shift
        "$@"
    )
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
    seconds=$((deadline - $(date +%s)))
    [ $seconds -gt 0 ] || return 1
    set -- "$1" "$2" "$(most_of "$3")"
    case $tool in
    curl)
        limited "$3" bounded "$seconds" curl --silent --show-error --fail --location --max-redirs 10 \
            --proto '=http,https' --connect-timeout 20 --speed-limit 100 --speed-time 60 \
            --max-time "$seconds" --user-agent longshot-fetch --continue-at - --output "$2" "$1"
        ;;
    wget)
        limited "$3" bounded "$seconds" wget --quiet --tries=1 --max-redirect=10 --timeout=60 \
            --user-agent=longshot-fetch --continue --output-document="$2" "$1"
        ;;
    esac
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
                if [ "$after" -gt "$(most_of "$3")" ]; then
                    say "$1: must have $(most_of "$3") bytes, sends more; discarded"
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
    [ "$urls" != - ] || urls=$site${2##*/}
    [ -n "$base" ] && urls=${base%/}/$2
    [ -n "$tool" ] || die "$1: needs curl or wget to download; or fetch by hand and give --from"
    if [ "$(size_of "$part")" -gt "$(most_of "$3")" ]; then
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

# by_hand NAME FILE BYTES SUM: the same from the folder of --from.
by_hand() {
    check "$from/${2##*/}" "$3" "$4" || die "$1: $from/${2##*/}: $why"
    temp=$dir/$2.tmp
    cp "$from/${2##*/}" "$temp" || die "$1: $dir/$2: cannot be written"
    place "$1" "$2" "$3" "$4"
}

# place NAME FILE BYTES SUM: the temp file is made; it becomes FILE if it is right.
place() {
    check "$temp" "$3" "$4" || die "$1: $2: $why"
    mv "$temp" "$dir/$2" || die "$1: $dir/$2: cannot be written"
    temp=
}

# Without white space at the front and at the end of stdin, then one line break.
trimmed() {
    awk '
        /^[ \t\r\f\v]*$/ { if (n) gap = gap $0 "\n"; next }
        n++ { printf "%s\n%s", last, gap; gap = "" }
        n == 1 { sub(/^[ \t\r\f\v]+/, "") }
        { last = $0 }
        END { sub(/[ \t\r\f\v]+$/, "", last); print last }
    '
}

# joined FOLDER ITEM...: the files with a NUL byte between them, each as its item FILE[:cr][:trim] says.
joined() {
    folder=$1
    shift
    between=
    for item in "$@"; do
        printf "$between"
        between='\0'
        case $item in
        *:cr:trim) tr -d '\r' <"$folder${item%%:*}" | trimmed ;;
        *:cr) tr -d '\r' <"$folder${item%%:*}" ;;
        *:trim) trimmed <"$folder${item%%:*}" ;;
        *) cat "$folder$item" ;;
        esac || return
    done
}

# picked FOLDER SUFFIX MODULUS RESIDUES: the files below a folder whose number, in the order of their
# paths from 0, has one of the residues ("1-9,11"), with a NUL byte between them. Empty files do not count.
picked() {
    between=
    find "$1" -name .git -prune -o -type f -name "*$2" -size +0 -print | sort | awk -v m="$3" -v list="$4" '
        BEGIN { n = split(list, part, ",")
                for (i = 1; i <= n; i++) {
                    split(part[i] "-" part[i], ends, "-")
                    for (k = ends[1]; k <= ends[2]; k++) wanted[k] = 1 } }
        (NR - 1) % m in wanted' | while IFS= read -r path; do
        printf "$between"
        between='\0'
        cat "$path" || return
    done
}

# unpack NAME ARCHIVE: a .tar.gz becomes the folder ARCHIVE.tmp, if it is no larger than this, unpacked.
unpacked_most=200000000
unpack() {
    [ "$unpacked" != "$2" ] || return 0
    unpacked=$2
    rm -rf "$2.tmp"
    mkdir "$2.tmp" && limited "$unpacked_most" gzip -dc <"$2" >"$2.tmp.tar" 2>/dev/null &&
        limited "$unpacked_most" tar -xf "$2.tmp.tar" -C "$2.tmp" 2>/dev/null && return
    rm -f "$2"
    die "$1: $2: is no archive, or one of more than $((unpacked_most / 1000000)) MB; discarded"
}

# pack: gzip of stdin, with the bytes of the studies' files where Perl has zlib; any gzip is as good to read.
pack() {
    if perl -MCompress::Raw::Zlib -e 1 2>/dev/null; then
        perl -MCompress::Raw::Zlib -e '
            binmode STDIN;
            binmode STDOUT;
            my $text = do { local $/; <STDIN> };
            my $z = Compress::Raw::Zlib::Deflate->new(-Level => 9, -WindowBits => -15, -MemLevel => 8, -AppendOutput => 1);
            my $out = pack "C10", 31, 139, 8, 0, 0, 0, 0, 0, 2, 255;
            $z->deflate($text, $out) == Z_OK && $z->flush($out) == Z_OK or exit 1;
            print $out, pack "VV", crc32($text), length $text or exit 1;
            close STDOUT or exit 1;'
    else
        gzip -9n
    fi
}

# write_text NAME FILE BYTES SUM COMMAND...: what the command prints, packed, if it is the text.
write_text() {
    corpus=$1 product=$dir/$2 bytes=$3 sum=$4
    shift 4
    temp=$product.tmp
    limited "$bytes" "$@" >"$temp" 2>/dev/null
    check "$temp" "$bytes" "$sum" || die "$corpus: $product: $why"
    pack <"$temp" >"$temp.gz" && check_text "$temp.gz" "$bytes" "$sum" && mv "$temp.gz" "$product" ||
        die "$corpus: $product: cannot be written"
    rm -f "$temp"
    temp=
}

# make NAME ACTION FILE BYTES SUM FROM: one step of the catalogue.
make() {
    if [ "$2" = site ]; then
        site=$6
        return
    fi
    check_product "$2" "$dir/$3" "$4" "$5" && return
    mkdir -p "$(dirname "$dir/$3")" || die "$(dirname "$dir/$3"): cannot be made"
    folder=$dir/
    case $3 in */*) folder=$dir/${3%/*}/ ;; esac
    source=$dir/${6%% *}
    detail=${6#* }
    case $2 in
    get)
        rm -f "$dir/$3"
        if [ -z "$from" ]; then
            get "$1" "$3" "$4" "$5" "$6"
        elif [ -f "$from/${3##*/}" ] || [ "$5" != - ]; then
            by_hand "$1" "$3" "$4" "$5"
        fi
        return
        ;;
    unzip)
        command -v unzip >/dev/null 2>&1 || die "$1: needs unzip to unpack $source"
        temp=$dir/$3.tmp
        limited "$(most_of "$4")" unzip -p "$source" "$detail" >"$temp" || die "$1: $source: cannot unpack $detail"
        ;;
    gunzip)
        temp=$dir/$3.tmp
        limited "$(most_of "$4")" gzip -dc <"$source" >"$temp" || die "$1: $source: cannot be unpacked"
        ;;
    cut)
        temp=$dir/$3.tmp
        tail -c "+$((detail + 1))" "$source" | head -c "$4" >"$temp" ||
            die "$1: $source: cannot be cut"
        ;;
    join)
        # shellcheck disable=SC2086
        write_text "$1" "$3" "$4" "$5" joined "$folder" $6
        return
        ;;
    pick)
        tree=$folder${6%% *}.tmp
        if [ -f "$folder${6%% *}" ]; then
            unpack "$1" "$folder${6%% *}"
        else
            tree=$from
        fi
        # shellcheck disable=SC2086
        write_text "$1" "$3" "$4" "$5" picked "$tree" $detail
        return
        ;;
    *)
        die "$catalogue: $1: action must be about, site, get, unzip, gunzip, cut, join or pick, got $2"
        ;;
    esac
    place "$1" "$3" "$4" "$5"
}

# Lines of a dataset: "archives" are what other files are made of, "products" everything else.
lines_of() {
    awk -F "$tab" -v name="$1" -v what="$2" '
        /^#/ || NF < 6 || $1 != name || $2 == "about" { next }
        { line[++n] = $0; file[n] = $3
          folder = $3
          sub(/[^\/]*$/, "", folder)
          parts = split($6, from, " ")
          if ($2 != "join") parts = ($2 ~ /^(unzip|gunzip|pick)$/)
          for (i = 1; i <= parts; i++) {
              sub(/:.*/, "", from[i])
              archive[folder from[i]] = 1
          } }
        END { for (i = 1; i <= n; i++)
                  if (what == "all" || file[i] != "-" && (file[i] in archive) == (what == "archives"))
                      print line[i] }
    ' "$catalogue"
}

# The folder of a dataset: --dir, else as the line "about" says: cache here, or one beside this folder.
home_of() {
    beside=$(awk -F "$tab" -v name="$1" '$1 == name && $2 == "about" && $3 != "-" { print $3 }' "$catalogue")
    if [ -n "$given" ]; then
        echo "$given"
    elif [ -z "$beside" ]; then
        echo "$here/cache"
    else
        top=$(cd "$here/.." && pwd)
        [ "$top" != "$(pwd)" ] || top=
        echo "${top:+$top/}$beside"
    fi
}

# Seconds that all transfers of a dataset may take.
seconds_of() {
    lines_of "$1" all | awk -F "$tab" '
        $2 == "get" { sub(/^</, "", $4); bytes += $4 }
        END { printf "%d\n", 600 + bytes / 10000 }'
}

# The reader of a dataset's lines must not be a pipe: die has to leave the script.
fetch() {
    name=$1
    dir=$(home_of "$name")
    site=
    steps=$(lines_of "$name" all)
    deadline=$(($(date +%s) + ${LX_FETCH_SECONDS:-$(seconds_of "$name")}))
    whole=yes
    while IFS=$tab read -r _ action file bytes sum _; do
        check_product "$action" "$dir/$file" "$bytes" "$sum" && continue
        whole=no
        case $action in
        join | pick)
            # Somebody's own text may be where ours would go: that is asked before anything is fetched.
            [ ! -e "$dir/$file" ] || die "$name: $dir/$file: $why; it stays as it is: move it away, or give --dir"
            ;;
        esac
    done <<END
$(lines_of "$name" products)
END
    if [ "$whole" = no ]; then
        mkdir -p "$dir" || die "$dir: cannot be made"
        while IFS=$tab read -r _ action file bytes sum origin; do
            make "$name" "$action" "$file" "$bytes" "$sum" "$origin"
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
    [ -z "$temp" ] || rm -f "$temp" "$temp.gz"
    if [ -n "$unpacked" ]; then
        chmod -R u+rwX "$unpacked.tmp" 2>/dev/null
        rm -rf "$unpacked.tmp" "$unpacked.tmp.tar"
    fi
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

names=
help=no
while [ $# -gt 0 ]; do
    case $1 in
    --dir | --from | --base | --catalogue)
        [ $# -ge 2 ] || usage_error "$1: needs a value"
        case $1 in
        --dir) given=$2 ;;
        --from) from=$2 ;;
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

[ -z "$from" ] || [ -d "$from" ] || usage_error "--from: $from: no such folder"
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
