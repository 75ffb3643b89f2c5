#!/bin/sh
# A table of limits, each from far too little to plenty: address space, processes, descriptors, file size,
# and what files may take of memory. Whatever there is too little of, the program ends soon, says so in one
# line of its own, and leaves nothing half; with plenty it writes the rows of an undisturbed run. TAP on
# stdout; the program under test is $LONGSHOT or build/longshot.
. "$(dirname "$0")/../e2e/tap.sh"
. "$root/harness/tests/fault/commands.sh"
config=$root/harness/tests/fault/tiny.json
"$longshot" run "$config" -o whole -j1 --plots no >/dev/null 2>&1

command -v prlimit >/dev/null || { echo "1..0 # SKIP needs prlimit (util-linux)"; exit 0; }

# under LIMIT COMMAND...: with that option of prlimit.
under() {
    limit=$1
    shift
    timeout -s KILL 60 prlimit "$limit" "$@" >out 2>err
}
ends_well() {
    under "$@"
    got=$?
    case $got in
    0) cmp whole/metrics.csv r/metrics.csv ;;
    1 | 2 | 4) [ -s err ] && [ -z "$(grep -v '^longshot: \|^hint: ' err)" ] && [ -z "$(find r -name '*.tmp-*' 2>/dev/null)" ] ;;
    *) echo "status $got"; return 1 ;;
    esac || { echo "status $got"; return 1; }
}

# Sanitizers map terabytes, and know no such limit.
if "$longshot" version | grep -q 'asan\|tsan'; then
    spaces=
else
    spaces="60 150 190 210 250 300 350 400 600"
fi
for space in $spaces; do
    rm -rf r
    check "address space of $space MB" ends_well "--as=${space}000000" "$longshot" run "$config" -o r -j1 --plots no
done
[ -z "$spaces" ] || check "none for the libraries is said" sh -c "prlimit --as=100000000 '$longshot' list >out 2>err; test \$? = 1 && grep -q 'address space' err"

for files in 4 5 6 8 10 16; do
    rm -rf r
    check "$files descriptors" ends_well "--nofile=$files" "$longshot" run "$config" -o r -j1 --plots no
done
for size in 100 512 1000 4000 16000; do
    rm -rf r
    check "files of $size bytes" ends_well "--fsize=$size" "$longshot" run "$config" -o r -j1 --plots no
done
as_other=
[ "$(id -u)" != 0 ] || as_other="setpriv --reuid=65534 --clear-groups"
if $as_other true 2>/dev/null; then
    chmod 777 "$tmp"
    for processes in 1 2 3; do
        rm -rf r
        check "$processes processes" ends_well "--nproc=$processes" $as_other "$longshot" run "$config" -o r -j1 --plots no
    done
fi

# The table: every command that there is, under each limit. It ends of itself, in words of its own, with
# nothing half.
prepare_commands
lives() {
    limit=$1
    rm -rf r
    cp -r whole r
    [ -z "$as_other" ] || chmod -R go+rwX r whole
    with_command "$2" under "$limit" $as_limited
    got=$?
    case $got in
    0) : ;;
    1 | 2 | 3 | 4) [ -s err ] && [ -z "$(grep -v '^longshot: \|^hint: ' err)" ] ;;
    *) echo "status $got"; return 1 ;;
    esac || { echo "status $got"; cat err; return 1; }
    left=$(find r -name '*.tmp-*')
    [ -z "$left" ] || { echo "left: $left"; return 1; }
}
# the libraries cannot be loaded at all below what `list` needs
for command in $(command_names); do
    as_limited=
    for limit in ${spaces:+--as=170000000 --as=230000000} --nofile=5 --nofile=9 --fsize=300; do
        check "$command under $limit" lives $limit "$command"
    done
    if [ -n "$as_other" ] && $as_other true 2>/dev/null; then
        as_limited=$as_other
        check "$command under --nproc=1" lives --nproc=1 "$command"
    fi
done

# 300 MB of zeros in 1.3 MB, packed a hundredth at a time: refused by its ratio, and by the memory there is.
head -c 3000000 /dev/zero | gzip -1 >part.gz
for i in $(seq 100); do cat part.gz; done >bomb.gz
text() { printf 'dataset={"name":"text","path":"%s"}' "$1"; }
check "a bomb" exits 1 "$longshot" plan "$config" "$(text bomb.gz)"
check "is known by its size" has err "must be at most 100 times"
seq 3000000 >long.txt
check "a file larger than the memory it may take" exits 1 "$longshot" run "$config" "$(text long.txt)" -o r -j1 --memory 10M
check "is named, with both sizes" has err "long.txt: has 22.9 MB, more than the 10.5 MB of memory that it may take"
gzip -1 -k long.txt
check "packed, too" exits 1 "$longshot" run "$config" "$(text long.txt.gz)" -o r -j1 --memory 10M
check "is named" has err "long.txt.gz: unpacks to more than"

echo "1..$n"
exit $bad
