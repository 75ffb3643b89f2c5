#!/bin/sh
# The gate through the command line: exit statuses, formats, updating, and the example workflow with
# the shipped baseline. TAP on stdout; the program under test is $LONGSHOT or build/longshot.
. "$(dirname "$0")/tap.sh"

compare() { want=$1; shift; exits "$want" "$longshot" compare "$@"; }
same() { cmp "$1" "$2"; }
refused() { part=$1; shift; compare 2 "$@" && has err "$part" && test ! -s out; }

cat >tiny.json <<'JSON'
{
  "name": "tiny",
  "dataset": {"name": "journal", "train_tokens": 20000, "valid_tokens": 4000},
  "model": {"layers": 1, "d_model": 16, "heads": 2},
  "train": {"length": 16, "batch_tokens": 128, "steps": 60, "lr": 0.01, "warmup": 5},
  "encodings": ["learned", "alibi"],
  "eval": {"lengths": ["1x", "4x"], "modes": ["nonoverlapping"], "tokens": 1024},
  "seeds": [1, 2]
}
JSON
check "a study" exits 0 "$longshot" run tiny.json -o a --plots no
check "the same again" exits 0 "$longshot" run tiny.json -o b --plots no
check "the same, trained worse" exits 0 "$longshot" run tiny.json -o c --plots no train.lr=0.0005
check "the same with one more encoding" exits 0 "$longshot" run tiny.json -o d --plots no 'encodings=["learned","alibi","nope"]'

# ------------------------------------------------------------------------------------- verdicts
check "equal runs pass" compare 0 a b --abs 0 --rel 0
check "every key is equal" has out "4 keys: 4 equal"
check "a worse run fails with 3" compare 3 a c
check "it says what was set differently" has out "  train.lr: 0.01 -> 0.0005"
check "the last line says what to do" sh -c "tail -n 1 out | grep -q '^FAIL: the configs differ (above): run that of the baseline'"
check "it says which point got worse, and by how much" has out "alibi, journal/valid, 16 -> 64, nonoverlapping, nll  "
check "the error line counts" has err "keys fail against a/metrics.csv"
check "better fails too where nothing may change" compare 3 c a
check "and is listed apart" has out "better ("
check "better passes among curves" compare 0 c a --preset curves
check "better is no failure there" has out ", not a failure):"
check "the band of curves is wider" compare 0 a c --preset curves --abs 99
check "a missing key fails" compare 3 d a
check "also with --allow-extra" compare 3 d a --allow-extra
check "missing keys are grouped" has out "  1 encoding: nope (2 keys)"
check "a new key fails" compare 3 a d
check "unless --allow-extra" compare 0 a d --allow-extra
check "a metrics.csv is as good as its folder" compare 0 a/metrics.csv b
check "metrics are chosen" compare 0 a b --metrics ppl,attention_entropy
check "both are compared" has out "7 keys: 7 equal"
sed 's/,longshot-2$/,longshot-3/' b/metrics.csv >protocol.csv
check "another protocol fails" compare 3 a protocol.csv
check "it is named" has out "protocol longshot-2 -> longshot-3"
sed '/,alibi,.*,1,16,64,.*,nll,,,,,/s/,nll,,,,,[^,]*,[^,]*,\([0-9]*\),\([0-9]*\),ok,/,nll,,,,,,,0,0,diverged,/' b/metrics.csv >diverged.csv
check "a number lost fails whatever the band" compare 3 a diverged.csv --abs 1000
check "it says that a seed diverged" has out "-> diverged (1 of 2 seeds ok"
check "a number gained is a change" compare 3 diverged.csv a --abs 1000
check "and passes among curves" compare 0 diverged.csv a --preset curves --abs 1000
sed 's/,valid,1,/,test,1,/; s/,valid,2,/,test,2,/' b/metrics.csv >other.csv
check "no key in common" compare 3 a other.csv
check "that is a message of its own" has out "no key in common:"
check "with what is different" has out "datasets: journal/valid -> journal/test"
sed 's/,nll,,,,,[0-9][^,]*,/,nll,,,,,-0.5,/' b/metrics.csv >negative.csv
check "a number that cannot be fails" compare 3 a negative.csv --preset curves
check "it is named with its bound" has out "is -0.5, must be above 0"
check "and never becomes the baseline" compare 1 base/never negative.csv --update
check "nothing was made" test ! -e base/never

# -------------------------------------------------------------------------------------- formats
check "markdown" compare 3 a c --format markdown
check "markdown is a table" has out "| alibi | journal/valid | 16 | 64 | nonoverlapping | nll | "
check "junit to a file" compare 3 a c --format junit --out gate.xml
check "nothing on stdout then" test ! -s out
check "junit has a case a key" test "$(grep -c '<testcase ' gate.xml)" = 4
check "junit has a failure for each that fails" test "$(grep -c '<failure ' gate.xml)" = \
    "$(sed -n 's/^longshot: \([0-9]*\) of .*/\1/p' err)"
if command -v xmllint >/dev/null; then
    check "junit is well-formed" xmllint --noout gate.xml
fi
check "json" compare 3 a c --format json
if command -v jq >/dev/null; then
    check "json is json" jq -e '.passed == false and .count.keys == 4 and (.keys | length) == 4' out
fi
check "several formats in one call" compare 3 a c --format text,junit=two.xml,markdown=two.md,json=two.json
check "text to stdout" has out "worse ("
check "JUnit XML" cmp two.xml gate.xml
check "Markdown" has two.md "### Extrapolation curves: FAIL"
check "JSON" has two.json '"passed": false'
check "one output alone goes to stdout" refused "two outputs without a file" a b --format text,json
check "the output is the same every time" sh -c "'$longshot' compare a c --format json 2>/dev/null | cmp - two.json"

# ---------------------------------------------------------------------------------------- usage
check "help" exits 0 "$longshot" compare --help
check "help names the rule" has out "sigma * standard error of the change"
check "one argument" refused "too few arguments" a
check "an unknown preset" refused 'did you mean "curves"' a b --preset curve
check "an unknown format" refused 'did you mean "junit"' a b --format junut
check "an unknown metric" refused 'did you mean "nll"' a b --metrics nl
check "a negative band" refused "--abs: must be a number of at least 0" a b --abs -1
check "a band that is no number" refused "--rel: must be a number of at least 0" a b --rel nan
check "no such baseline is 1" compare 1 none a
check "it is named" has err "none: no such file"
check "and how one is made" has err "\`compare BASELINE NEW --update\` a first BASELINE"
check "a config as a baseline" compare 1 a/config.json a
check "is none" has err "hint: BASELINE and NEW are results folders"
head -n 20 a/metrics.csv | head -c -60 >cut.csv
check "a file that was cut off is 1" compare 1 a cut.csv
check "a report that cannot be written is 1" compare 1 a b --out none/x/gate.txt

# --------------------------------------------------------------------------------------- update
check "update makes a baseline" compare 0 base/tiny a --update
check "it keeps the config of its run" cmp base/tiny/config.json a/config.json
check "it holds overall rows only" test "$(cut -d, -f13,14 base/tiny/metrics.csv | sort -u | tail -1)" = "layer,head"
check "and passes" compare 0 base/tiny a --abs 0 --rel 0 --metrics all
check "a worse run does not" compare 3 base/tiny c
cp base/tiny/metrics.csv before.csv
check "update prints old and new" compare 0 base/tiny c --update
check "old and new" has out " $(awk -F, '$4 == "alibi" && $9 == 64 && $12 == "nll" && $13 $15 == "" {s += $17} END {print substr(sprintf("%.9g", s / 2), 1, 6)}' before.csv)"
check "update judges nothing" has out "UPDATE"
check "the config went along" cmp base/tiny/config.json c/config.json
check "now the worse run is the baseline" compare 0 base/tiny c --abs 0 --rel 0 --metrics all
check "the baseline changed" sh -c '! cmp -s before.csv base/tiny/metrics.csv'
check "nothing is left beside it and its config" test "$(ls base/tiny | tr '\n' ' ')" = "config.json metrics.csv "
cp a/metrics.csv before.csv
check "the results of a run are not rewritten" exits 2 "$longshot" compare a c --update
check "they stand" same a/metrics.csv before.csv
cp base/tiny/metrics.csv before.csv
check "a broken NEW leaves the baseline" compare 1 base/tiny cut.csv --update
check "byte by byte" same base/tiny/metrics.csv before.csv

# --------------------------------------------- the example workflow, as it stands, on this machine
mkdir -p w/build w/results
ln -s "$longshot" w/build/longshot
ln -s "$root/configs" w/configs
ln -s "$root/results/baselines" w/results/baselines
sed -n 's/^ *\(build\/longshot .*\)/\1/p' "$root/configs/ci-workflow.yml" >w/steps
check "the workflow runs, compares and reports" test "$(wc -l <w/steps)" = 2
workflow() { (cd w && while read -r step; do sh -c "$step" || { echo "status $?: $step"; exit 1; }; done <steps) >out 2>err; }
check "its gate passes with the shipped baseline" workflow
check "it leaves JUnit XML" has w/curves.xml 'failures="0"'
check "and a summary" has w/curves.md "### Extrapolation curves: PASS"
check "every metric of the baseline holds" compare 0 "$root/results/baselines/ci-exact" w/results/ci-exact --metrics all
check "the configs agree" has out "config: the same"
# Planted in the rows of this run: the last digit of the band, up and down, in each metric.
planted() {
    awk -F, -v OFS=, -v by="$1" 'NR > 1 && $17 != "" && !done && $12 == "nll" && $15 == "" {$17 = sprintf("%.9g", $17 * by); done = 1} 1' \
        w/results/ci-exact/metrics.csv >planted.csv
    compare "$2" "$root/results/baselines/ci-exact" planted.csv
}
check "its gate sees a number 2e-5 worse" planted 1.00002 3
check "and one 2e-5 better" planted 0.99998 3
check "and passes the rounding of another CPU" planted 1.000001 0
# The curves of the statistical gate, measured in no time: other numbers, but each key has its baseline.
check "the study of the statistical gate runs" exits 0 "$longshot" run "$root/configs/ci-curves.json" -o curves --plots no \
    train.steps=1 train.warmup=0 dataset.train_tokens=20000 dataset.valid_tokens=20000 eval.tokens=512 eval.last_tokens=64 'seeds=[1]'
check "its numbers cannot be compared with the shipped baseline" compare 3 "$root/results/baselines/ci-curves" curves --metrics all --format json
check "but every key is there" sh -c "jq -e '.count.missing == 0 and .count.extra == 0 and .count.keys == 456' out"

# Planted in its baseline, point by point: one seed of five that is out, a number that cannot be, a gain.
base=$root/results/baselines/ci-curves
plant() { # EXPRESSION OF THE VALUE v AND THE SEED s, STATUS, WORD OF THE REPORT
    points=$(awk -F, 'NR > 1 && $12 == "nll" && $13 $15 == "" && $7 == 1' "$base/metrics.csv" | wc -l)
    [ "$points" -ge 48 ] || { echo "only $points points"; return 1; }
    i=0
    while [ $i -lt "$points" ]; do
        i=$((i + 5))
        awk -F, -v OFS=, -v want=$i 'NR > 1 && $12 == "nll" && $13 $15 == "" {
                s = $7; v = $17; k = $3 FS $4 FS $9 FS $10
                if (!(k in at)) at[k] = ++n
                if (at[k] == want || want > 48 && at[k] == 1) $17 = sprintf("%.9g", '"$1"')
            } 1' "$base/metrics.csv" >planted.csv
        compare "$2" "$base" planted.csv --preset curves && has out "$3" || { echo "point $i"; return 1; }
    done
}
check "the statistical gate passes its own baseline" compare 0 "$base" "$base" --preset curves
check "it sees one seed of five far out" plant 's == 3 ? v + 0.5 : v' 3 "seed 3"
check "also on the good side" plant 's == 4 ? v / 2 : v' 3 "seed 4"
check "and one seed alone, a tenth of a nat out" plant 's == 2 ? v + 0.1 : v' 3 "seed 2"
check "numbers that cannot be" plant 's == 1 ? -v : v' 3 "must be above 0"
check "and shows a gain of more than ten standard errors" plant 'v / 4' 0 "suspicious (1, not a failure):"

echo "1..$n"
exit $bad
