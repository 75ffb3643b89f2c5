#!/bin/sh
# What a results folder holds, and what becomes of it: rows that are committed and found again elsewhere,
# the one rule for "done", weights that are given up or lost, merges that are not whole, links. TAP on
# stdout; the program under test is $LONGSHOT or build/longshot.
. "$(dirname "$0")/tap.sh"
pid=
on_exit() { [ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null; }

cat >tiny.json <<'JSON'
{
  "name": "tiny",
  "dataset": {"name": "journal", "train_tokens": 20000, "valid_tokens": 4000},
  "model": {"layers": 1, "d_model": 8, "heads": 2},
  "train": {"length": 16, "batch_tokens": 32, "steps": 40, "lr": 0.003, "warmup": 5, "log_every": 7},
  "encodings": ["nope", "t5"],
  "eval": {"lengths": ["1x", "2x"], "modes": ["last"], "tokens": 512},
  "seeds": [1, 2]
}
JSON
run() { "$longshot" run tiny.json --plots no "$@"; }
# everything DIR: names and content of all that is there, but for dates.
everything() { (cd "$1" && find . -type f -exec sha256sum {} + | sort && find . -type l -exec ls -l {} + | sort); }

# --------------------------------------------------------------------- rows that can be committed
check "a run that packs its cells" exits 0 run -o a -j2 --pack
check "leaves one small file a cell" test "$(ls a/cells/*.csv.gz | wc -l)" = 4
check "less than 3 kB each" test -z "$(find a/cells -name '*.csv.gz' -size +6)"
check "that says what it is" sh -c 'zcat a/cells/*.csv.gz | grep -c "^longshot-cell-1 [0-9a-f]*$" | grep -qx 4'
cp -r a/cells packed && rm -r packed/*[!z]
check "packing again gives the same bytes" exits 0 "$longshot" merge a --pack
for f in packed/*; do cmp "$f" "a/cells/${f#packed/}" || echo differs; done >out
check "and touches nothing" test ! -s out
git init -q clone 2>/dev/null || mkdir clone
mkdir -p clone/results/tiny/cells
cp packed/* clone/results/tiny/cells
cp a/config.json a/metrics.csv a/runs.csv a/train.csv a/table.* clone/results/tiny
cp "$root/.gitignore" clone
check "version control takes them" sh -c 'cd clone && ! git check-ignore -q results/tiny/cells/*.csv.gz'
cp -r a/cells/*[0-9a-f] clone/results/tiny/cells
check "and not the folders of the cells" sh -c 'cd clone && for c in results/tiny/cells/*[0-9a-f]; do git check-ignore -q "$c/metrics.csv" || exit 1; done'
rm -r clone/results/tiny/cells/*[0-9a-f]
rm -f clone/results/tiny/*.csv clone/results/tiny/table.*
check "a fresh clone" exits 0 sh -c "cd clone && exec '$longshot' run ../tiny.json --plots no"
check "takes them as done" has err "4 of 4 cells are done by their rows in cells/*.csv.gz, without weights"
for f in metrics.csv train.csv runs.csv table.md; do
    check "and has the same $f" cmp "a/$f" "clone/results/tiny/$f"
done
check "nothing was trained" test ! -e clone/results/tiny/checkpoints
check "status" exits 0 "$longshot" status clone/results/tiny
check "knows" has out "4 done by their rows in cells/*.csv.gz, without weights"
check "with one cell more" exits 0 sh -c "cd clone && exec '$longshot' run ../tiny.json --plots no -o ../more 'seeds=[1,2,3]'"
mkdir -p some/cells && cp packed/* some/cells && rm "some/cells/$(ls packed | head -1)"
check "what is not there is run" exits 0 run -o some
check "that and nothing else" test "$(ls some/checkpoints | wc -l)" = 1
check "with the same bytes" cmp a/metrics.csv some/metrics.csv

one=$(ls packed | head -1)
id=${one%.csv.gz}
# spoil COMMAND: a packed cell that was changed is never used.
spoil() {
    rm -rf bad && mkdir -p bad/cells && cp packed/* bad/cells && cp a/config.json a/plan.jsonl bad
    sh -c "$1" "bad/cells/$one" || return 1
    exits 1 "$longshot" merge bad && has err "bad/cells/$one: " && has err "makes it again" &&
        exits 0 run -o bad && has err "not used, evaluating again: bad/cells/$one: " && cmp a/metrics.csv bad/metrics.csv
}
check "a packed cell that is cut short is made again" spoil 'head -c 500 "$0" >x && mv x "$0"'
check "and one with another number" spoil 'zcat "$0" | sed "s/,ok,longshot/,ko,longshot/" | gzip -n >x && mv x "$0"'
check "and one with more in it" spoil '(zcat "$0"; echo more) | gzip -n >x && mv x "$0"'
check "and one with other sums" spoil 'zcat "$0" | sed "2s/^./x/" | gzip -n >x && mv x "$0"'
check "and one of another cell" spoil 'cp "bad/cells/$(ls bad/cells | tail -1)" "$0"'
check "and an empty one" spoil ': >"$0"'
check "and one that is none" spoil 'echo "longshot-cell-1 0" | gzip -n >"$0"'
cp -r a both && echo "0,0" >>"both/cells/$id/train.csv"
check "a broken folder beside a packed cell that is whole" exits 0 "$longshot" merge both
check "is told" has err "both/cells/$id/train.csv: broken"
check "and the packed rows are taken" cmp a/metrics.csv both/metrics.csv

# ------------------------------------------------------------------------ sums that are not there
cp -r a bare && rm bare/cells/*.gz "bare/cells/$id/cell.sha256"
check "a cell without sums" exits 0 run -o bare
check "is taken with a word" has err "bare/cells/$id: no cell.sha256: taken as it is"
check "merge" exits 0 "$longshot" merge bare
check "has one, too" has err "bare/cells/$id: no cell.sha256: taken as it is"
check "status" exits 0 "$longshot" status bare
check "as well" has out "no cell.sha256"
rm bare/plan.sha256
check "a plan without sums" exits 0 "$longshot" merge bare
check "is taken with a word" has err "bare: no plan.sha256: the plan is taken as it is"

# ------------------------------------------------------------------------------------- weights
cp -r bare w && rm w/cells/*/cell.sha256
train=$(ls w/checkpoints | head -1)
# lost COMMAND: what is done stays done, and the loss is told.
lost() {
    rm -rf w && cp -r a w && sh -c "$1" "w/checkpoints/$train" || return 1
    exits 0 run -o w && has err "its weights are $2: w/checkpoints/$train" && has err "weights of 1 trainings are not there" &&
        has err "4 cells: 4 done, 0 to do" && exits 0 "$longshot" status w && has out "weights $2: w/checkpoints/$train" &&
        sh -c "'$longshot' status w --json | grep -q '\"weights\": \"$2\"'"
}
check "weights that are gone are told" lost 'rm "$0/model.safetensors"' broken
check "and a training that is gone" lost 'rm -r "$0"' missing
check "and empty ones" lost ': >"$0/model.safetensors"' broken
check "and changed ones" lost 'printf x | dd of="$0/model.safetensors" bs=1 seek=900 conv=notrunc 2>/dev/null' broken
check "a cell that needs them" exits 0 run -o w 'eval.lengths=["1x","4x"]'
check "makes them again" has err "4 of 4 cells done"
check "with the same bytes" cmp "a/checkpoints/$train/model.safetensors" "w/checkpoints/$train/model.safetensors"
check "and no others" test "$(grep -l 'training again' w/work/*/log.txt | wc -l)" = 1
check "a run that gives up its weights" exits 0 run -o drop -j2 --weights drop
check "has the same rows" cmp a/metrics.csv drop/metrics.csv
check "and no weights" test -z "$(find drop -name '*.safetensors')"
check "the manifests say so" sh -c 'cat drop/checkpoints/*/train.sha256 | grep -c "^# dropped: [0-9a-f]*  model.safetensors$" | grep -qx 4'
check "sha256sum agrees" sh -c 'for d in drop/checkpoints/*; do (cd "$d" && sha256sum --quiet --strict -c train.sha256) || exit 1; done'
check "again" exits 0 run -o drop
check "nobody misses them" lacks err "weights"
check "nor status" sh -c "'$longshot' status drop >out && ! grep -q weights out"
check "a cell that needs them" exits 0 run -o drop 'encodings=["nope"]' 'seeds=[1]' 'eval.lengths=["1x","4x"]'
check "says why it trains" grep -q 'training again: the weights of .* were dropped' drop/work/*/log.txt
check "and has them" test "$(find drop -name '*.safetensors' | wc -l)" = 1
check "--weights maybe" exits 2 run --weights maybe
check "names the rule" has err '--weights: must be keep or drop, got "maybe"'

# ------------------------------------------------------------- trainings that are there elsewhere
rm -rf reuse
check "a run that may take trainings from elsewhere" exits 0 run -o reuse 'eval.lengths=["1x"]' --reuse a,w
check "says how many it took" has err "--reuse: 4 trainings taken"
check "has the same weights" sh -c 'for f in a/checkpoints/*/model.safetensors; do cmp "$f" "reuse${f#a}" || exit 1; done'
# its time is that of the training that was done
column() { awk -F, -v name="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i; next } { print $c }' "$1" | sort; }
column a/runs.csv train_seconds >before
column reuse/runs.csv train_seconds >after
check "and was not trained" cmp before after
check "again" exits 0 run -o reuse 'eval.lengths=["1x"]' --reuse a
check "takes none, since nothing is to be done" has err "--reuse: 0 trainings taken"
cp -r a broken && for f in broken/checkpoints/*/model.safetensors; do printf x >>"$f"; done
rm -rf reuse
check "broken ones" exits 0 run -o reuse 'eval.lengths=["1x"]' --reuse broken
check "are told" has err "--reuse: not used: "
check "and not taken" has err "--reuse: 0 trainings taken"
check "other trainings are not taken" sh -c "'$longshot' run tiny.json --plots no -o reuse train.steps=41 --reuse a 2>err; grep -q 'reuse: 0 trainings taken' err"
check "a folder that is not there" exits 2 run -o reuse --reuse a,none
check "is named" has err '--reuse: must be results folders, got "none"'
check "one without trainings" exits 2 run -o reuse --reuse packed
check "is named too" has err '--reuse: packed: must hold trainings, has no checkpoints/'

# --------------------------------------------------------------------------- a merge that is not whole
"$longshot" cell tiny.json --shard 0/4 -o part >out 2>err
check "a merge of one cell of four" exits 0 "$longshot" merge part
check "counts them" sh -c "jq -e '.done == 1 and .cells == 4 and (.missing | length) == 3' part/partial.json"
check "and names those that are missing" sh -c "jq -e '.missing[0] | .encoding == \"nope\" and .seed == 2 and .dataset == \"journal\" and (.id | length) == 16' part/partial.json"
check "when all are done" exits 0 run -o part
check "nothing says so any more" test ! -e part/partial.json
check "kernels of two kinds in a folder" exits 0 env LX_SIMD=plain "$longshot" cell tiny.json --shard 0/4 -o kinds
check "the others" exits 0 run -o kinds
check "are told" grep -Eq 'kinds: cells of 2 kinds of kernels, whose last digits differ: [A-Za-z0-9_]+ plain \(1\), [A-Za-z0-9_]+ [a-z0-9]+ \(3\)|\(3\), [A-Za-z0-9_]+ plain \(1\)' err

# ----------------------------------------------------------------- old tables beside new rows
cp -r a old
check "a merge that changes nothing" exits 0 "$longshot" merge old
check "has nothing to say" test ! -e old/stale.txt
sed -i '$d' old/metrics.csv
check "one that does, beside tables" exits 0 "$longshot" merge old
check "says so" has old/stale.txt "tables and figures are older than the rows"
check "so does status" sh -c "'$longshot' status old | grep -q '^stale.txt: tables and figures are older'"
check "for programs, too" sh -c "'$longshot' status old --json | jq -e '.stale | test(\"older\")'"
check "verify fails" exits 3 "$longshot" verify old
check "and says why" has out "differs  tables: stale.txt: tables and figures are older"
check "a report" exits 0 "$longshot" report old --no-plots
check "makes them one" test ! -e old/stale.txt
echo "metrics.csv and the rows beside it are of different moments: \`longshot merge\` makes them anew" >old/stale.txt
check "a report of what a merge left half" exits 0 "$longshot" report old --no-plots
check "says so" has err "old/stale.txt: metrics.csv and the rows beside it are of different moments"
check "and leaves it so" test -e old/stale.txt
check "the same run" exits 0 run -o old
check "mends it" test ! -e old/stale.txt

# ------------------------------------------------------------------------- other cells, same folder
check "a run" exits 0 run -o mix
everything mix >before
check "the same config again" exits 0 run -o mix
check "is no change" lacks err "than before"
check "nor is one in another order" exits 0 run -o mix 'encodings=["t5","nope"]'
check "that makes the same cells" lacks err "than before"
check "nor is a claim" exits 0 run -o mix 'claims=[{"id":"c","text":"t","source":"s","left":{"encoding":"nope","length":"2x"},"op":"<=","right":{"encoding":"t5","length":"2x"}}]'
check "that judges them" lacks err "than before"
check "as it was" exits 0 run -o mix
rm -f mix/claims.* # of the config before
check "a run of other cells" exits 0 run -o mix train.steps=50 'encodings=["nope","rope"]'
check "names what was changed" has err "longshot: mix: train.steps 40 -> 50, encodings - t5, encodings + rope: other cells than before; the tables and plots of before are kept in mix/earlier-"
earlier=$(echo mix/earlier-*)
check "in one line" test "$(grep -c 'than before' err)" = 1
for f in metrics.csv blocks.csv.gz train.csv table.md table.tex table.csv; do check "the earlier $f is whole" cmp "a/$f" "$earlier/$f"; done
check "the plan beside it is its own" sh -c "cd '$earlier' && sha256sum --quiet --strict -c plan.sha256 && grep -q '\"steps\": 40' config.json"
check "it can be reported" exits 0 "$longshot" report "$earlier" --no-plots
check "and compared" exits 0 "$longshot" compare "$earlier" a
check "back again" exits 0 run -o mix
check "everything is done" has err "4 cells: 4 done, 0 to do"
check "with the same tables" cmp a/table.md mix/table.md
check "and a place for the others" test "$(ls -d mix/earlier-* | wc -l)" = 2
check "forth again" exits 0 run -o mix train.steps=50 'encodings=["nope","rope"]'
check "makes no more places" test "$(ls -d mix/earlier-* | wc -l)" = 2
check "more seeds" exits 0 run -o seeds 'seeds=[1]'
check "one more" exits 0 run -o seeds
check "are more cells" has err "seeds [1] -> [1,2]: more cells than before"
check "of which those before are done" has err "4 cells: 2 done, 2 to do"
check "with the same bytes" cmp a/metrics.csv seeds/metrics.csv
timeout -s TERM 1 "$longshot" run tiny.json -o seeds --plots no train.steps=4000000 >out 2>err
check "interrupted, a folder has no tables of another config" test ! -e seeds/metrics.csv -a ! -e seeds/table.md -a "$(ls -d seeds/earlier-* | wc -l)" = 2
check "drawn plots" exits 0 "$longshot" run tiny.json -o drawn 'seeds=[1]'
drawn=$(ls drawn/plots | wc -l)
check "go with their tables" exits 0 run -o drawn 'seeds=[2]'
check "all of them" test "$drawn" -gt 0 -a ! -e drawn/plots -a "$(ls drawn/earlier-*/plots | wc -l)" = "$drawn"
mkdir clone2 && cp a/config.json a/metrics.csv a/table.md clone2
check "committed tables without a plan: the same cells" exits 0 run -o clone2
check "are no change" lacks err "than before"
mkdir clone3 && cp a/config.json a/metrics.csv a/table.md clone3
check "other cells" exits 0 run -o clone3 train.steps=50
check "are one" cmp a/metrics.csv "$(echo clone3/earlier-*/metrics.csv)"
"$longshot" run tiny.json -o busy -j1 --plots no train.steps=4000000 >out 2>busy.err &
pid=$!
for i in $(seq 100); do ls busy/work/*/lock >/dev/null 2>&1 && break; sleep 0.1; done
cp busy/config.json busy.json
check "another config in a folder where one is run" exits 1 run -o busy train.steps=50
check "is refused" grep -Eq 'busy: process [0-9]+ is running cells of another config there \(train.steps 4000000 -> 50\)' err
check "and changes nothing" cmp busy.json busy/config.json
kill -TERM $pid
wait $pid
pid=
"$longshot" run tiny.json -o grow -j1 --plots no train.steps=3000 'seeds=[1]' >out 2>grow.err &
pid=$!
for i in $(seq 500); do ls grow/work/*/lock >/dev/null 2>&1 && break; sleep 0.02; done
check "more cells in a folder where some are run" exits 0 run -o grow -j1 train.steps=3000
check "are run beside them" has err "seeds [1] -> [1,2]: more cells than before"
wait $pid
check "and both end well" test $? = 0
pid=
check "with one table" test "$(wc -l <grow/runs.csv)" = 5 -a ! -e grow/partial.json
# Workers read what their supervisor planned with, whatever is in the folder by then.
"$longshot" run tiny.json -o edit -j1 --plots no train.steps=3000 >out 2>edit.err &
pid=$!
for i in $(seq 500); do ls edit/work/*/lock >/dev/null 2>&1 && break; sleep 0.02; done
sed -i 's/"steps": 3000/"steps": 30/' edit/config.json
check "a config that is edited while its cells are run" sh -c "wait_for() { while kill -0 $pid 2>/dev/null; do sleep 0.1; done; }; wait_for"
wait $pid
status=$?
pid=
check "spoils none of them" sh -c "[ $status = 1 ] && grep -q '4 of 4 cells done' edit.err"
check "and is told" grep -q 'edit/config.json: broken' edit.err

# ---------------------------------------------------------------------------------------- links
mkdir -p elsewhere/sub && for f in a lock error.txt live.json eval.part state.0.safetensors sub/x; do echo "$f" >"elsewhere/$f"; done
everything elsewhere >before
host=$(uname -n | tr -c 'A-Za-z0-9.\n' _)
owner=$("$longshot" run tiny.json -o own train.steps=400000 'seeds=[1]' 'encodings=["nope"]' >/dev/null 2>&1 &
    pid=$!
    for i in $(seq 100); do jq -r .owner own/work/*/live.json 2>/dev/null && break; sleep 0.1; done
    kill -TERM $pid; wait $pid)
check "temp files carry their owner" sh -c "echo '$owner' | grep -Eq '^$host\.[0-9a-f]{8}$'"
cp -r a linked
mkdir linked/work
for name in linked/work/y "linked/work/$id" "linked/cells/x.tmp-$owner-99999999-0" "linked/checkpoints/x.tmp-$owner-99999999-1" \
    "linked/plots" "linked/mine" "linked/z.tmp-$owner-99999999-0"; do
    ln -s "$tmp/elsewhere" "$name"
done
check "garbage that is links" exits 0 "$longshot" merge linked
everything elsewhere | cmp -s - before
check "is unlinked and never followed" test $? = 0
check "temp names are gone" test -z "$(find linked -name '*.tmp-*')"
rm -rf "linked/cells/$id" linked/cells/*.gz && ln -s "$tmp/elsewhere" "linked/cells/$id"
rm -f "linked/work/$id"
check "a cell whose folder is a link to something else is made again" exits 0 run -o linked
check "in a folder of its own" test ! -L "linked/cells/$id" -a -f "linked/cells/$id/metrics.csv"
rm -rf "linked/cells/$id" && mkdir -p linked/work && ln -s "$tmp/elsewhere" "linked/work/$id"
check "a link where a cell works" exits 4 run -o linked
check "is refused" has err "linked/work/$id: is a symbolic link, must be a folder"
everything elsewhere | cmp -s - before
check "and nothing is written through it" test $? = 0

rm "linked/work/$id"
rm -rf "linked/checkpoints/$train" linked/cells/*[0-9a-f]
everything elsewhere >before
mkdir -p "linked/work/$id" "linked/work/$train"
for f in error.txt live.json eval.part log.txt; do ln -s "$tmp/elsewhere/$f" "linked/work/$id/$f"; done
for k in 0 1; do ln -s "$tmp/elsewhere/state.0.safetensors" "linked/work/$train/state.$k.safetensors"; done
check "links among the files of a cell" exits 0 run -o linked --checkpoint-every 0.001
everything elsewhere | cmp -s - before
check "are replaced and not written through" test $? = 0
rm -rf "linked/cells/$id" && mkdir -p "linked/work/$id" && ln -s "$tmp/elsewhere/lock" "linked/work/$id/lock"
check "a lock that is a link" exits 4 run -o linked
check "is named" has err "linked/work/$id/lock: "
everything elsewhere | cmp -s - before
check "and not opened" test $? = 0

# ----------------------------------------------------------------- another namespace, another clock
cp -r a ns
for d in "ns/cells/x.tmp-$host.01234567-99999999-0" "ns/cells/x.tmp-$host-99999999-0" "ns/cells/x.tmp-$owner-99999999-0"; do
    mkdir "$d"
done
check "temp folders" exits 0 "$longshot" merge ns
check "of the same host name in another namespace may still be written" test -d "ns/cells/x.tmp-$host.01234567-99999999-0" -a -d "ns/cells/x.tmp-$host-99999999-0"
check "and those of this one are removed" test ! -e "ns/cells/x.tmp-$owner-99999999-0"
touch -d '2 hours ago' ns/cells/x.tmp-*
check "after an hour" exits 0 "$longshot" merge ns
check "those are, too" test -z "$(find ns -name '*.tmp-*')"
mkdir ns/cells/x.tmp-elsewhere-1-0
if command -v faketime >/dev/null; then
    check "a clock that is two hours ahead" exits 0 faketime -f +2h "$longshot" merge ns
    check "removes nothing that is new" test -d ns/cells/x.tmp-elsewhere-1-0
else
    check "a clock that is ahead # SKIP no faketime here" true
fi

echo "1..$n"
exit $bad
