#!/bin/sh
# A config by hand: the keys where people read them, a config to begin with, the plan for people and for
# programs. TAP on stdout; the program under test is $LONGSHOT or build/longshot.
. "$(dirname "$0")/tap.sh"

run() { want=$1; shift; exits "$want" "$longshot" "$@"; }

# ----------------------------------------------------------------------------- keys where people read
check "the keys in configs/README.md are those of the program" sh -c "'$longshot' describe --markdown >keys && \
    sed -n '/^<!-- keys:/,/^<!-- keys end/{/^<!-- keys/!p}' '$root/configs/README.md' | cmp - keys"
"$longshot" schema >schema.json
# documented SECTION JQ: every property that the schema has there is a key that `describe SECTION` prints.
documented() {
    "$longshot" describe "$1" >shown || return 1
    jq -r "$2 | keys[]" schema.json >want && [ -s want ] || return 1
    while read -r key; do
        awk -v k="$key" '$1 == k {f = 1} END {exit !f}' shown || { echo "describe $1 lacks $key"; return 1; }
    done <want
}
check "every top-level key is described" documented config '.properties'
for s in model train eval; do check "every key of $s is described" documented $s ".properties.$s.properties"; done
check "every key of an entry is described" documented encodings '.["$defs"].encoding.anyOf[] | .properties // empty'
check "every key in place of the list is" documented encodings '.properties.encodings.anyOf[1].properties'
check "every key of a claim is described" documented claims '.["$defs"].claim.properties'
check "every key of a premise is described" documented claims '.["$defs"].claim_premise.anyOf[] | .properties // empty'
check "every key of its gate is described" documented claims '.["$defs"].claim.properties.requires.properties'
check "every key of its sides is described" documented claims '.["$defs"].claim_side.properties'
check "every key of a published table is described" documented published '.["$defs"].published.properties'
check "and of its rows" documented published '.["$defs"].published.properties.rows.items.properties'
check "a typo in a section" run 2 describe trian
check "is answered" has err '(did you mean "train"?)'

# ------------------------------------------------------------------------------------ init, print-config
check "init to stdout" run 0 init
check "is a config" jq -e '.name == "mine" and (.notes | length > 0)' out
check "init FILE" run 0 init study.json seeds=1..3 train.steps=200
check "is named after it" jq -e '.name == "study" and .seeds == [1, 2, 3] and .train.steps == 200' study.json
check "plans as it is" run 0 plan study.json --json
check "all its cells" test "$(wc -l <out)" = 12
# from here on of a shorter text, which is made anew by every plan
jq '.dataset = {"name": "journal", "train_tokens": 100000}' study.json >short.json && mv short.json study.json
check "init does not overwrite" run 2 init study.json
check "says so" has err "study.json: is there already"
awk 'BEGIN { for (i = 0; i < 4000; i++) printf "line %d of a short text\n", i }' >text.txt
check "init --text" run 0 init own.json --text text.txt encodings=alibi
check "plans as it is" run 0 plan own.json --json
check "a text that is not there" run 1 init --text texd.txt
check "gets the nearest name" has err 'did you mean "text.txt"?'
check "a text too short" sh -c "echo short >s.txt; '$longshot' init --text s.txt >out 2>err; test \$? = 1 && grep -q 'must have at least' err && test ! -s out"
check "init with a typo" run 2 init train.step=3
check "names the override" has err 'override train.step=3: train: unknown key "step"'
check "plan --print-config" run 0 plan study.json train.lr=0.25 --print-config
check "writes out overrides, defaults and notes" jq -e '.train.lr == 0.25 and .train.beta2 == 0.95 and (.notes | length > 0)' out
cp out printed.json
check "run --print-config runs nothing" run 0 run study.json train.lr=0.25 --print-config
check "and prints the same" cmp out printed.json
check "no folder is made" test ! -e results
check "what is printed is the same config" sh -c "'$longshot' plan printed.json --json >a && '$longshot' plan study.json train.lr=0.25 --json >b && cmp a b"

# ------------------------------------------------------------------------------- encodings of a file
cat >list.json <<'JSON'
["nope", {"name": "rope", "base": 500},
 {"id": "flat", "stack": [{"name": "alibi", "slope_multiplier": 0.5}], "evaluate_as": [{"id": "flat+w", "stack": ["alibi", "window"]}]}]
JSON
jq '.encodings = {"from": "list.json"}' study.json >listed.json
check "encodings from a file" run 0 plan listed.json --print-config
check "are those of the list" jq -ce '[.encodings[].id] == ["nope", "rope", "flat"] and .encodings[2].evaluate_as[0].id == "flat+w"' out
"$longshot" plan listed.json --json >a
jq --slurpfile l list.json '.encodings = $l[0]' study.json >spelled.json
check "and give the same cells as the list itself" sh -c "'$longshot' plan spelled.json --json | cmp - a"
check "some of them, in the order asked" run 0 plan listed.json encodings.only=flat,nope --print-config
check "are taken" jq -e '[.encodings[].id] == ["flat", "nope"]' out
check "without what they are evaluated as" run 0 plan listed.json 'encodings.evaluate_as=[]' --print-config
check "it is left out" jq -e '[.encodings[] | has("evaluate_as")] | any | not' out
check "a list on the command line takes its place" run 0 plan listed.json encodings=alibi --print-config
check "whole" jq -e '[.encodings[].id] == ["alibi"]' out
# listing MESSAGE VALUE: that value of encodings is refused
listing() {
    jq --argjson v "$2" '.encodings = $v' study.json >wrong.json
    run 2 plan wrong.json && has err "wrong.json: $1" && [ "$(wc -l <err)" -le 2 ]
}
check "a name that is not in it" listing 'encodings.only[0]: not in the list of encodings.from "flatt" (did you mean "flat"?)' '{"from": "list.json", "only": ["flatt"]}'
check "the same twice" listing 'encodings[1].id: must be unique, got "nope"' '{"from": "list.json", "only": ["nope", "nope"]}'
check "none" listing 'encodings.only: must not be empty' '{"from": "list.json", "only": []}'
check "no file" listing 'encodings.from: must be given' '{"only": ["nope"]}'
check "a file that is not there" listing 'encodings.from: lost.json: no such file' '{"from": "lost.json"}'
check "a file that is no list" listing 'encodings.from: study.json: must be' '{"from": "study.json"}'
check "a typo" listing 'encodings: unknown key "onyl" (did you mean "only"?)' '{"from": "list.json", "onyl": []}'
check "other stacks" listing 'encodings.evaluate_as: must be []' '{"from": "list.json", "evaluate_as": ["alibi"]}'

# the configs of the large study, whose names and claims hang together, without their texts
planned() (
    cd "$root" && for f in configs/study/[0-9]*.json; do
        "$longshot" plan "$f" 'dataset={"name": "journal", "train_tokens": 70000}' --json >"$tmp/out" 2>"$tmp/err" ||
            { cat "$tmp/err"; exit 1; }
    done
)
check "the parts of the study plan" planned
check "with at most 20 primary claims" sh -c "cat '$root'/configs/study/[0-9]*.json | jq -s '[.[].claims[]? | select(.role == \"primary\")] | length <= 20' | grep -qx true"
check "no text is scored that rates were found on, and no seed" sh -c "cat '$root'/configs/study/[0-9]*.json | \
    jq -es 'all(if .claims then .eval.split == \"test\" and (.seeds | min) > 100 else true end) and all(if .tune.seed then .tune.seed < 101 and .tune.split == \"valid\" else true end)'"
check "a part that there is not" exits 2 sh "$root/configs/study/run.sh" 9
check "is said so" has err 'PART must be 1, 0, 2a, 2b, 2c, 3, 4 or 5, got "9"'

# --------------------------------------------------------------------------------------- plan for people
check "plan" run 0 plan study.json encodings=nope,rope+alibi model.d_model=16
check "is a table, seeds together" sh -c "grep -q '^encoding  *dataset  *seeds ' out && grep -q '^rope+alibi  *journal  *1-3 ' out && test \$(wc -l <out) = 5"
check "and a sum" sh -c "tail -1 out | grep -qE '^6 cells, up to [0-9]+ MB each\$'"
check "seeds with a gap" run 0 plan study.json encodings=nope model.d_model=16 'seeds=1..3,7'
check "are shown as such" grep -q '^nope .* 1-3,7 ' out
# Where there is work for more than some seconds, a second of it tells how long all will take.
check "plan of longer work" run 0 plan study.json encodings=nope train.steps=100000
check "has a time for a cell and for all" sh -c "head -1 out | grep -q 'a cell\$' && tail -1 out | grep -qE '^3 cells, about [0-9.]+ (seconds|minutes|hours|days) on [0-9]+( idle)? cores?, '"
check "-j is what the time is for" sh -c "'$longshot' plan study.json encodings=nope train.steps=100000 -j 1 | tail -1 | grep -qE ' on 1( idle)? core,'"
# The probe is of the same operations as the plan: on an idle core it differs by less than a factor of 4 from
# what bench says of a like model.
rate=$("$longshot" bench --rate=4,128,4,128,32 --stacks='["nope"]' | cut -d' ' -f1)
check "the probe gives a rate" awk -v r="${rate:-0}" 'BEGIN {exit !(r > 0.01)}'

# ------------------------------------------------------------------------------- what was nearly typed
mkdir -p results/books
check "a results folder with typos" run 1 report resutls/bokos
check "gets the nearest" has err 'did you mean "results/books"?'
check "status of one" run 1 status results/boks
check "gets the nearest, too" has err 'did you mean "results/books"?'
check "a data file" run 1 plan own.json dataset.path=texd.txt
check "gets the nearest" has err 'did you mean "text.txt"?'
check "a value with more than its name" run 2 plan study.json eval.modes=sliding_window
check "gets it" has err '(did you mean "sliding"?)'
check "a launcher" run 2 run study.json --launcher slrum
check "gets the nearest" has err 'got "slrum" (did you mean "slurm"?)'
cp -r "$root/results/baselines/ci-exact" done
check "status of committed results" run 1 status done
check "says that they are finished" has err "done: holds finished results without their plan.jsonl: nothing to run"
check "run_all.sh --config=FILE" sh -c "'$root/run_all.sh' --config=study.json --nonsense 2>err; test \$? = 2 && grep -q 'unknown argument \"--nonsense\"' err"
# The noise of apt-get and make is shown where they fail.
mkdir fake
cat >fake/make <<'SH'
#!/bin/sh
[ "$1" != -q ] || exit 1
echo noise
echo "W: a warning"
exit "${FAKE:-0}"
SH
chmod +x fake/make
check "run_all.sh builds in two lines" sh -c "PATH='$PWD/fake:$PATH' '$root/run_all.sh' --no-install --config=none.json >out 2>err; test \$? = 2 && grep -q 'building with' out && grep -q 'done in' out && ! grep noise out err"
check "and the warnings" sh -c "grep -qx 'W: a warning' err"
check "and goes on to the study" has err "none.json: no such file"
check "run_all.sh with a build that fails" sh -c "FAKE=7 PATH='$PWD/fake:$PATH' '$root/run_all.sh' --no-install >out 2>err; test \$? = 7"
check "shows why" sh -c "grep -q '^noise' err && grep -q 'failed after' err"

# ------------------------------------------------------------------------------------ checkpoints by name
cat >tiny.json <<'JSON'
{
  "name": "tiny",
  "dataset": [{"name": "journal", "train_tokens": 20000, "valid_tokens": 4000},
              {"name": "journal", "id": "other", "seed": 2, "train_tokens": 20000, "valid_tokens": 4000}],
  "model": {"layers": 1, "d_model": 16, "heads": 2},
  "train": {"length": 16, "batch_tokens": 64, "steps": {"sweep": [5, 6]}, "warmup": 2},
  "encodings": ["rope", "alibi"],
  "eval": {"lengths": ["1x"], "tokens": 512},
  "seeds": [1, 2]
}
JSON
check "a study" run 0 run tiny.json -o r --plots no
check "list checkpoints" run 0 list checkpoints r
check "one line a training" test "$(wc -l <out)" = 17
check "their names, ids and files" sh -c "sed 1d out | while read -r name id file; do test -s \$file && grep -q \"\\\"train_id\\\":\\\"\$id\\\"\" r/plan.jsonl || exit 1; done"
# Each name in the list is that of one training, and gives its file.
by_name() {
    "$longshot" list checkpoints r | sed 1d >names
    while read -r name id file; do
        "$longshot" describe --checkpoint "r:$name" --length 4 >a && "$longshot" describe --checkpoint "$file" --length 4 >b && cmp a b || return 1
    done <names
    test -s names
}
check "describe --checkpoint of each by name" by_name
one='r:rope[steps=6]/2/other'
file=$(sed 1d out | awk -v n="${one#r:}" '$1 == n {print $3}')
check "eval by name" sh -c "'$longshot' eval '$one' --config tiny.json --dataset other >a && '$longshot' eval '$file' --config tiny.json --dataset other >b && cmp a b && test \$(wc -l <a) -gt 3"
printf 'abcdefghijklmnop' >text.txt
check "probe by name" sh -c "'$longshot' probe '$one' --tokens text.txt --out a.st && '$longshot' probe '$file' --tokens text.txt --out b.st && cmp a.st b.st"
check "a name that several have" run 2 eval 'r:rope[steps=6]' --config tiny.json
check "is said so, with what to write" sh -c "grep -qF 'must name one training, it fits 4' err && grep -qF 'hint: write r:rope[steps=6]/1/journal' err"
check "a folder alone" run 2 eval r --config tiny.json
check "is not one training" has err "it fits 16"
check "a typo in a name" run 2 eval 'r:alibbi[steps=6]/1/journal'
check "gets the nearest" has err '(did you mean "alibi[steps=6]/1/journal"?)'
check "a seed that there is not" run 2 eval 'r:rope[steps=6]/3/other'
check "a folder that there is not" run 1 eval nowhere:rope/1
check "is said so" has err "nowhere:rope/1: no such file, and nowhere no such folder"
mkdir empty
check "a folder that is no study" run 1 eval empty:rope/1
check "is said so" has err "plan.jsonl"
rm "$file"
check "weights that are gone" run 1 eval "$one"
check "are said to be" has err "no weights there"

echo "1..$n"
exit $bad
