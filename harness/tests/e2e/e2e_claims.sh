#!/bin/sh
# Claims through the command line: every config of configs/papers is valid as it stands, claims change
# no cell, their verdicts reach terminal and files, and a wrong one is refused with what was meant.
# TAP on stdout; the program under test is $LONGSHOT or build/longshot.
. "$(dirname "$0")/tap.sh"

refuses() { # refuses JQ-PROGRAM MESSAGE: of claims.json, edited
    jq "$1" claims.json >wrong.json && exits 2 "$longshot" plan wrong.json && has err "$2"
}

# ---------------------------------------------------------------------------- configs/papers
# The books are not in a clone: any text that is long enough stands in for them.
mkdir -p data/books data/latex
awk 'BEGIN { for (i = 0; i < 9000; i++) printf "line %d of a text that only has to be long enough\n", i }' >long.txt
for d in books latex; do
    cp long.txt data/$d/train.txt.gz # plain text is read as well
    cp long.txt data/$d/valid.txt.gz
    cp long.txt data/$d/test.txt.gz
done
for f in "$root"/configs/papers/*.json; do
    check "$(basename "$f") is valid" exits 0 "$longshot" plan "$f" --json
    # What is a table over learning rates claims nothing.
    case $f in
    */rates.json | */dispersal-*.json)
        check "$(basename "$f") has rates" sh -c "jq -e '[.encodings[].lr?, .train.lr] | any(.sweep? | length >= 3)' '$f'" ;;
    *)
        check "$(basename "$f") has seeds, claims and sources" sh -c \
            "jq -e '(.seeds | length >= 3) and (.claims | length > 0) and all(.claims[]; .source | length > 5)' '$f'" ;;
    esac
    check "$(basename "$f") is named after its file" test "$(jq -r .name "$f")" = "papers-$(basename "$f" .json)"
done
check "names are unique" test -z "$(jq -r .name "$root"/configs/papers/*.json | sort | uniq -d)"

# ------------------------------------------------------------------------------ a study of claims
cat >claims.json <<'JSON'
{
  "name": "tiny",
  "dataset": {"name": "journal", "train_tokens": 20000, "valid_tokens": 4000},
  "model": {"layers": 1, "d_model": 16, "heads": 2},
  "train": {"length": 16, "batch_tokens": 64, "steps": 20, "warmup": 5},
  "encodings": ["nope", {"id": "alibi", "stack": ["alibi"],
    "evaluate_as": [{"id": "alibi+window", "stack": ["alibi", {"name": "window", "width": 16}]}]}],
  "eval": {"lengths": ["1x", "4x"], "modes": ["nonoverlapping"], "tokens": 1024},
  "seeds": [1, 2],
  "claims": [
    {"id": "flat", "text": "a claim", "source": "somebody", "role": "control", "left": {"encoding": "alibi", "length": "4x"}, "op": "<=", "right": {"length": "1x"}, "ratio": 9},
    {"id": "window", "text": "another", "source": "somebody", "role": "control", "left": {"encoding": "alibi", "evaluated_as": "alibi+window", "length": 64, "metric": "nll"}, "op": ">", "right": 1000}
  ],
  "published": [{"source": "somebody, Table 1", "certainty": "verified", "train_length": 512, "lengths": [512, 2048], "rows": [{"encoding": "alibi", "values": [20, 19]}]}]
}
JSON
jq 'del(.claims, .published)' claims.json >plain.json
check "claims change no cell" sh -c "'$longshot' plan claims.json --json >p1 && '$longshot' plan plain.json --json >p2 && cmp p1 p2"
check "run" exits 0 "$longshot" run claims.json -o a --plots no
check "a claim that is true by far holds" has out "holds      flat (non-overlapping only) (control): a claim"
check "a claim that is false by far fails" has out "fails      window (non-overlapping only) (control): another"
check "20 steps train nothing: what is no control is not testable" sh -c \
    "jq 'del(.claims[].role)' claims.json >questions.json && '$longshot' run questions.json -o a --plots no >out 2>err && grep -q '^not testable  flat: a claim' out && grep -q 'alibi is no better than the table of byte pairs: not trained' out"
check "and asked as a control again" exits 0 "$longshot" run claims.json -o a --plots no
check "and says where the claims are" has err "claims: a/claims.md"
check "claims are written" test -s a/claims.md -a -s a/claims.tex -a -s a/claims.csv -a -s a/published.csv
check "the page has them, as links to their curves" sh -c "grep -c '<a href=\"#charts\" data-show=' a/report.html | grep -qx 2"
check "and marks what is not a default" has a/report.html '<mark>&#34;steps&#34;: 20</mark>'
check "and that alone" lacks a/report.html '<mark>&#34;weight_decay&#34;'
check "with one row each" test "$(wc -l <a/claims.csv)" = 3
check "the paper's ratio stands beside ours" has a/claims.md "19.00 (×0.950)"
check "config.json holds the claims" sh -c "jq -e '.claims[1].id == \"window\" and .published[0].lengths == [512, 2048]' a/config.json"
check "the stored config has the same plan" sh -c "'$longshot' plan a/config.json --json | cmp - p1"
check "report makes them from the folder alone" sh -c "cp a/claims.csv old && rm a/claims.* && '$longshot' report a --no-plots | grep -q '^holds' && cmp a/claims.csv old"
check "one seed" exits 0 "$longshot" run claims.json -o b --plots no 'seeds=[1]'
check "decides nothing" has out "2 control claims: 0 hold, 0 fail, 2 undecided"
check "an edited claim is judged anew, without running" sh -c \
    "jq '.claims[0].op = \">\"' claims.json >edited.json && '$longshot' run edited.json -o a --plots no >out 2>err && grep -q '4 cells: 4 done' err && grep -q '^fails *flat' out"
check "no claims, no files" sh -c "'$longshot' run plain.json -o a --plots no >out 2>err && ! ls a/claims.* a/published.csv 2>/dev/null"

# ------------------------------------------------------------------------------------ typos
check "unknown encoding" refuses '.claims[0].left.encoding = "alibo"' \
    'claims[0].left.encoding: must be the id of an encoding of this config, got "alibo" (did you mean "alibi"?)'
check "unknown stack" refuses '.claims[1].left.evaluated_as = "alibi+windaw"' \
    'claims[1].left.evaluated_as: must be the id of a stack in evaluate_as of that encoding, got "alibi+windaw" (did you mean "alibi+window"?)'
check "a length that is not evaluated" refuses '.claims[0].left.length = "2x"' \
    'claims[0].left.length: must be one of eval.lengths (16, 64), got 32'
check "a mode that is off" refuses '.claims[0].left.mode = "last"' \
    'claims[0].left.mode: must be one of eval.modes, got "last"'
check "unknown metric" refuses '.claims[1].left.metric = "nnl"' \
    'claims[1].left.metric: must be a metric of metrics.csv, got "nnl" (did you mean "nll"?)'
check "unknown dataset" refuses '.claims[0].left.dataset = "jurnal"' \
    'claims[0].left.dataset: must be the id of a dataset of this config, got "jurnal" (did you mean "journal"?)'
check "a training length that is not trained" refuses '.claims[0].left.train_length = 32' \
    'claims[0].left.train_length: must be a train.length, got 32'
check "sides of different views" refuses '.eval.modes += ["last"] | .claims[0].left.mode = "last" | .claims[0].right.mode = "nonoverlapping"' \
    'claims[0]: the views differ, and so do their targets'
check "sides at different positions" refuses '.claims[1].left.positions = ["0x", "1x"] | .claims[1].right = {"positions": ["1x", "2x"]}' \
    'claims[1]: positions that differ are other tokens of the text'
check "a premise that is no earlier claim" refuses '.claims[0].premise = ["window"]' \
    'claims[0].premise[0]: must be a standard premise or the id of an earlier claim, got "window"'
check "a premise of an encoding that is not there" refuses '.claims[1].premise = [{"name": "converged", "encoding": "alibo"}]' \
    'claims[1].premise[0].encoding: must be the id of an encoding of this config, got "alibo" (did you mean "alibi"?)'
check "unknown key" refuses '.claims[0].rigth = .claims[0].right' 'did you mean "right"?'
check "recalled numbers" refuses '.published[0].certainty = "recalled"' 'published[0].certainty: must be one of'
check "no source" refuses '.published[0].source = ""' 'published[0].source: must not be empty'
check "a published encoding that is not ours" refuses '.published[0].rows[0].encoding = "alib"' \
    'published[0].rows[0].encoding: must be the id of an encoding of this config, got "alib" (did you mean "alibi"?)'
check "claims='[]' drops them" exits 0 "$longshot" plan claims.json 'claims=[]' 'eval.lengths=["1x"]'
echo "1..$n"
exit $bad
