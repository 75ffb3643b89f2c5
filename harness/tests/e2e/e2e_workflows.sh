#!/bin/sh
# The workflows and the action of this repository, as far as they can be tried without GitHub: they are YAML
# (where Python has a reader), every step is a script that bash parses, what they name is there, and the steps
# of the action after its build are run, with a baseline that agrees and one that does not. TAP on stdout; the
# program under test is $LONGSHOT or build/longshot.
. "$(dirname "$0")/tap.sh"
action=$root/.github/actions/curves/action.yml
files="$root/.github/workflows/ci.yml $action $root/configs/ci-workflow.yml"

# steps FILE: the script of its N-th step becomes step.N.
steps() {
    rm -f step.*
    perl -ne '
        if (defined $deep && /^( *)\S/ && length $1 <= $deep) { undef $deep }
        if (defined $deep) { s/^ {1,$deep}  //; print $out $_ }
        elsif (/^( *(?:- )?)run: (.*)/) {
            open $out, ">", "step." . ++$n or die;
            if ($2 eq "|") { $deep = length $1 } else { print $out "$2\n" }
        }' "$1"
}

for file in $files; do
    short=${file#"$root/"}
    if python3 -c 'import yaml' 2>/dev/null; then
        check "$short is YAML" python3 -c 'import sys, yaml; yaml.safe_load(open(sys.argv[1]))' "$file"
    else
        n=$((n + 1))
        echo "ok $n - $short is YAML # SKIP no Python with yaml"
    fi
    steps "$file"
    check "$short has steps, and bash reads them" sh -c 'ls step.1 && for s in step.*; do test -s $s && bash -n $s || exit 1; done'
done
check "configs and baselines that they name are there" sh -c "cd '$root' && grep -ohE '(configs|results/baselines)/[a-z./-]+' $files |
    sed 's/[.]\$//' | sort -u | grep -v workflows | while read -r f; do test -e \$f || { echo \$f; exit 1; }; done"
check "the action that the workflow uses is there" sh -c "cd '$root' && for a in \$(sed -n 's/.*uses: \.\///p' .github/workflows/*.yml); do test -e \$a/action.yml || exit 1; done"

# The action's steps after the build, as a runner does them: bash -e, inputs in the environment.
cat >tiny.json <<'JSON'
{"name": "tiny", "dataset": {"name": "journal", "train_tokens": 20000, "valid_tokens": 4096},
 "model": {"layers": 1, "d_model": 8, "heads": 2}, "train": {"length": 16, "batch_tokens": 64, "steps": 10, "warmup": 2},
 "encodings": ["nope", "alibi"], "eval": {"lengths": ["1x", "2x"], "modes": ["nonoverlapping"], "tokens": 256}}
JSON
steps "$action"
export LONGSHOT="$longshot" CONFIG=tiny.json RESULTS=runs/curves BASELINE=base PRESET=exact GITHUB_STEP_SUMMARY="$tmp/summary"
: >summary
check "its study is run" exits 0 bash -e step.2
mkdir base
check "and is a baseline" exits 0 "$longshot" compare base runs/curves --update
check "it agrees with itself" exits 0 bash -e step.3
check "and the summary says so" grep -q . summary
cp -r base other
awk 'BEGIN { FS = OFS = "," } $12 == "nll" { $17 = 2.5 } { print }' base/metrics.csv >other/metrics.csv
BASELINE=other
: >summary
check "other curves end it with 3" exits 3 bash -e step.3
check "and the summary names them" grep -q alibi summary
BASELINE=none
check "no baseline is an error" exits 1 bash -e step.3
echo "1..$n"
exit $bad
