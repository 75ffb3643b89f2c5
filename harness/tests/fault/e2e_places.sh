#!/bin/sh
# Something else in the place of each file and folder of a results folder, for each command that looks
# there: links to a file or a folder outside, to nothing and to /dev/zero, a pipe, a socket, a folder. The
# command ends, soon, with a status of its own, and nothing outside has changed. Files of the results folder
# itself may be links: then what they point to is replaced. LX_PLACES=1 takes every case, N every N-th (61).
# TAP on stdout; the program under test is $LONGSHOT or build/longshot.
. "$(dirname "$0")/../e2e/tap.sh"
config=$root/harness/tests/fault/tiny.json
stride=${LX_PLACES:-61}
at=$((stride / 2))

mkdir stubs
printf '#!/bin/sh\neval "out=${3#out = }"\nfor kind in svg png pdf; do echo drawn >$out.$kind; done\n' >stubs/gnuplot
chmod +x stubs/gnuplot
PATH="$tmp/stubs:$PATH"

cp "$config" tiny.json
"$longshot" run tiny.json -o whole -j1 >/dev/null 2>&1
weights=$(cd whole && echo checkpoints/*/model.safetensors | cut -d' ' -f1)
# A cell that was stopped: what is there only meanwhile. Each of these names is tried as if it were there.
id=$(basename "$(echo whole/cells/* | cut -d' ' -f1)")
training=$(basename "$(echo whole/checkpoints/* | cut -d' ' -f1)")
transient="work work/$id work/$training"
for file in lock log.txt error.txt live.json eval.part; do transient="$transient work/$id/$file"; done
for file in lock state.0.safetensors state.1.safetensors; do transient="$transient work/$training/$file"; done
transient="$transient cells/x.tmp-$(hostname | tr -c 'A-Za-z0-9.\n' _)-999999-0 plots/y.tmp-1-999999-0 slurm slurm/1.sh"

outside() { (cd outside && find . -printf '%p %y %m %l\n' && find . -type f -exec sha256sum {} +) | sort; }
make_outside() {
    chmod -R u+w outside 2>/dev/null
    rm -rf outside
    mkdir -p outside/folder/sub
    for file in file folder/lock folder/error.txt folder/live.json folder/eval.part folder/model.safetensors folder/metrics.csv \
        folder/state.0.safetensors folder/sub/file "folder/x.tmp-$(hostname | tr -c 'A-Za-z0-9.\n' _)-999999-0"; do echo precious >"outside/$file"; done
}

# put KIND PATH: that in the place of it.
put() {
    rm -rf "$2"
    mkdir -p "$(dirname "$2")"
    case $1 in
    file) ln -s "$tmp/outside/file" "$2" ;;
    folder) ln -s "$tmp/outside/folder" "$2" ;;
    nothing) ln -s "$tmp/outside/none" "$2" ;;
    zero) ln -s /dev/zero "$2" ;;
    pipe) mkfifo "$2" ;;
    socket) perl -MSocket -e 'chdir $ARGV[0]; socket(S, PF_UNIX, SOCK_STREAM, 0) && bind(S, sockaddr_un($ARGV[1])) || die' "$(dirname "$2")" "$(basename "$2")" ;;
    inside) mkdir "$2" && echo mine >"$2/file" ;;
    esac
}

# ends COMMAND...: within its time, by no signal.
ends() {
    timeout -s KILL 20 "$@" </dev/null >out 2>err
    got=$?
    case $got in 0 | 1 | 2 | 4) ;; *) echo "status $got: $*"; return 1 ;; esac
    [ $got = 0 ] || [ -s err ] || { echo "status $got without a word"; return 1; }
}

# one KIND PLACE FRESH COMMAND...: fresh: the cells are still to be made.
one() {
    kind=$1
    place=$2
    fresh=$3
    shift 3
    at=$((at + 1))
    [ $((at % stride)) = 0 ] || return 0
    rm -rf r
    cp -r whole r
    [ "$fresh" = no ] || rm -rf r/cells r/checkpoints r/metrics.csv
    put "$kind" "r/$place"
    make_outside
    outside >before
    check "$kind at $place, fresh $fresh: ${*#"$longshot"} ends" ends "$@"
    case $place in
    */*) outside >after ;;
    cells | checkpoints | work) outside | grep -v '\.tmp-' >after; sed -i '/\.tmp-/d' before ;; # they may be on another disk
    *.*) # a file of the user's, linked
        sed -i '\|\./file|d; \|\./none|d' before
        outside | sed '\|\./file|d; \|\./none|d' >after ;;
    *) outside >after ;;
    esac
    check "$kind at $place, fresh $fresh: ${*#"$longshot"}: nothing outside has changed" cmp before after
}

for kind in file folder nothing zero pipe socket inside; do
    for place in $(cd whole && find . -mindepth 1 -printf '%P\n' | sort) $transient; do
        case $place in plots/*.png | plots/*.svg | plots/*.pdf | plots/*-*) continue ;; esac
        one $kind "$place" no "$longshot" merge r
        one $kind "$place" no "$longshot" run tiny.json -o r -j1
        one $kind "$place" no "$longshot" report r
        one $kind "$place" no "$longshot" status r
        one $kind "$place" yes "$longshot" run tiny.json -o r -j1 --plots no
        one $kind "$place" yes "$longshot" cell tiny.json --index 0 -o r
    done
    one $kind metrics.csv no "$longshot" compare r whole
    one $kind "$weights" no "$longshot" probe "r/$weights" --tokens tiny.json --out r/p.safetensors
    one $kind p.safetensors no "$longshot" probe "r/$weights" --tokens tiny.json --out r/p.safetensors
    one $kind text no "$longshot" probe "r/$weights" --tokens r/text --out r/p.safetensors
    one $kind "$weights" no "$longshot" eval "r/$weights" --config tiny.json
    one $kind tiny.json no "$longshot" run r/tiny.json -o r
    one $kind text no "$longshot" plan tiny.json 'dataset={"name":"text","path":"r/text"}'
    one $kind text no "$longshot" sample tiny.json 'dataset={"name":"text","path":"r/text"}' -n 5
    one $kind s.csv no "$longshot" sample tiny.json -n 5 --tokens -o r/s.csv
    one $kind c.md no "$longshot" compare whole whole --out r/c.md
    one $kind heat.csv no "$longshot" describe alibi --length 4 --plot r/heat.png
    one $kind stack no "$longshot" describe r/stack
    one $kind b no "$longshot" bench --workloads none --lengths none -o r/b
done
echo "# $at cases, every $stride. taken"

echo "1..$n"
exit $bad
