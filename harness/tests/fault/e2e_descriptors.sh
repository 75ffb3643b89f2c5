#!/bin/sh
# Every subset of the descriptors 0 to 2 closed at the start, for every command: no pipe, lock or file of
# ours takes their place, so each command ends as it does with all of them open and writes the same files. TAP on
# stdout; the program under test is $LONGSHOT or build/longshot.
. "$(dirname "$0")/../e2e/tap.sh"
config=$root/harness/tests/fault/tiny.json

# closed SUBSET COMMAND...: with those of 0, 1, 2 closed that it names.
closed() {
    closed=$1
    shift
    case $closed in
    none) "$@" </dev/null >out 2>err ;;
    0) "$@" <&- >out 2>err ;;
    1) "$@" </dev/null >&- 2>err ;;
    2) "$@" </dev/null >out 2>&- ;;
    01) "$@" <&- >&- 2>err ;;
    02) "$@" <&- >out 2>&- ;;
    12) "$@" </dev/null >&- 2>&- ;;
    012) "$@" <&- >&- 2>&- ;;
    esac
}

# A cell that takes longer than --hang-timeout: its words must reach the supervisor.
steps() { "$longshot" run "$config" -o "$1" -j1 --plots no --hang-timeout 1 'encodings=["nope"]' train.steps="$2"; }
many=10000
while :; do
    rm -rf r
    begin=$(date +%s%N)
    steps r $many >/dev/null 2>&1
    took=$((($(date +%s%N) - begin) / 1000000))
    [ $took -lt 1250 ] && [ $many -lt 200000 ] || break
    more=$((many * 1400 / took))
    many=$((more > 10 * many ? 10 * many : more > many * 5 / 4 ? more : many * 5 / 4))
done
for subset in 01 02 12 012; do
    rm -rf s
    check "closed $subset: a cell of more than a second is not taken for hung" closed $subset steps s $many
    check "closed $subset: the same rows" cmp r/metrics.csv s/metrics.csv
done

rm -rf r
"$longshot" run "$config" -o r -j1 >/dev/null 2>&1
weights=$(echo r/checkpoints/*/model.safetensors | cut -d' ' -f1)
mkdir base
cp r/metrics.csv base

no_pictures

# each NAME COMMAND...: in $tmp/r, a copy of the results; status and files are those with all open.
mv r whole
each() {
    name=$1
    shift
    rm -rf r
    cp -r whole r
    closed none "$@"
    want=$?
    rm -rf r.open
    mv r r.open
    case $name in run | cell | sample) subsets="0 1 2 01 02 12 012" ;; *) subsets="01 02 12 012" ;; esac
    for subset in $subsets; do
        cp -r whole r
        check "closed $subset: $name" same_end $want "$@"
        check "closed $subset: $name: the same files" diff -r --exclude='*.png' r.open r
        rm -rf r
    done
}
same_end() {
    want=$1
    shift
    closed $subset timeout 60 "$@"
    got=$?
    [ $got = "$want" ] || { echo "status $got, with all open $want"; return 1; }
}
each run "$longshot" run "$config" -o r -j2
each report "$longshot" report r
each merge "$longshot" merge r
each status "$longshot" status r
each compare "$longshot" compare base r --format markdown --out r/c.md
each plan "$longshot" plan "$config"
each cell "$longshot" cell "$config" --index 0 -o r
each eval "$longshot" eval "$weights" --config "$config"
each probe "$longshot" probe "$weights" --tokens "$config" --out r/p.safetensors
each sample "$longshot" sample "$config" -n 20 -o r/s.txt
each describe "$longshot" describe alibi --length 4 --plot r/heat.png
each list "$longshot" list
each bench "$longshot" bench --workloads none --lengths none -o r/b
each error "$longshot" run nothing.json -o r

echo "1..$n"
exit $bad
