#!/bin/sh
# The workflows and the action of this repository, as far as they can be tried without GitHub: they are YAML
# (where Python has a reader), every step is a script that bash parses, what they name is there, and the action
# is run as a whole, build included, without a baseline, with one that agrees and with one that does not. TAP
# on stdout; the program under test is $LONGSHOT or build/longshot.
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

# The whole action as another repository uses it: its source where a runner unpacks actions, the repository
# that uses it as the workspace. Its build is that of the tree with the objects that are there, so it compiles
# nothing; apt-get only says what it was asked for.
work=$tmp/work
source=$tmp/actions/owner/longshot/v1
mkdir -p "$source/build" "$work" "$tmp/bin" "$tmp/runner"
for f in Makefile harness encodings datasets configs; do ln -s "$root/$f" "$source/$f"; done
cp -r "$root/.github" "$source/.github"
printf '#!/bin/sh\nexec "$@"\n' >bin/sudo
printf '#!/bin/sh\necho "$@" >>"%s/asked"\n' "$tmp" >bin/apt-get
if [ "$longshot" = "$root/build/longshot" ]; then
    (cd "$root" && tar -cf - --exclude='build/release/tests' build/longshot build/release) | tar -xf - -C "$source"
    built=make
else
    printf '#!/bin/sh\ncp "%s" "%s/build/longshot"\n' "$longshot" "$source" >bin/make
    built="a program that is there (not build/longshot)"
fi
chmod +x bin/*
cat >work/tiny.json <<'JSON'
{"name": "tiny", "dataset": {"name": "journal", "train_tokens": 20000, "valid_tokens": 4096},
 "model": {"layers": 1, "d_model": 8, "heads": 2}, "train": {"length": 16, "batch_tokens": 64, "steps": 10, "warmup": 2},
 "encodings": ["nope", "alibi"], "eval": {"lengths": ["1x", "2x"], "modes": ["nonoverlapping"], "tokens": 256}}
JSON
# action STATUS INPUT=VALUE...
action() {
    want=$1
    shift
    : >summary
    exits "$want" env -i PATH="$tmp/bin:$PATH" HOME="$tmp" CI=true GITHUB_ACTIONS=true RUNNER_TEMP="$tmp/runner" \
        GITHUB_WORKSPACE="$work" GITHUB_OUTPUT="$tmp/output" GITHUB_STEP_SUMMARY="$tmp/summary" TMPDIR="$tmp" \
        perl "$root/harness/tests/e2e/run_action.pl" "$source/.github/actions/curves" "$@"
}
check "an input that it does not have is refused" action 125 config=tiny.json baseline=base bsaeline=base
check "and one that it must have is asked for" action 125 config=tiny.json
check "without a baseline: built by $built, run, then an error" action 1 config=tiny.json baseline=base
check "it asked for packages that the README's script names, too" sh -c "for p in \$(sed -n 's/.*--no-install-recommends //p' asked | sort -u); do
    grep -q \"\$p\" '$root/run_all.sh' || { echo \$p; exit 1; }; done; grep -q 'install.*libopenblas-dev' asked"
check "which names what is missing, and how to make it" sh -c "grep -q '^longshot: base: no such file' err && grep -q '^hint: .*--update' err"
check "and the page of the job says so" has summary "base: no such file"
check "the study was run where it was asked for" test -s work/results/curves/metrics.csv
check "a baseline of it" exits 0 "$longshot" compare work/base work/results/curves --update
check "the same again passes" action 0 config=tiny.json baseline=base
check "and the page of the job has the outcome" has summary "Extrapolation curves: PASS"
check "without what an earlier run said" test "$(grep -c 'Extrapolation curves' summary)" = 1
check "JUnit of it" grep -q '<testsuite' work/results/curves/curves.xml
cp -r work/base work/other
awk 'BEGIN { FS = OFS = "," } $12 == "nll" { $17 = 2.5 } { print }' work/base/metrics.csv >work/other/metrics.csv
check "other curves end it with 3" action 3 config=tiny.json baseline=other results=out/of/here
check "results go where they were asked to" test -s work/out/of/here/metrics.csv
check "the page of the job names what changed" sh -c "grep -q 'Extrapolation curves: FAIL' summary && grep -q '| alibi' summary"
check "and what to do" grep -q '^FAIL: find the change' summary
check "another preset" action 3 config=tiny.json baseline=other preset=curves
check "a preset that there is none of is a mistake" action 2 config=tiny.json baseline=base preset=cruves
check "a config that is wrong as well" action 2 config=none.json baseline=base
check "nothing was written to the source of the action" sh -c "test -z \"\$(cd '$source' && find . -newer '$work/tiny.json' -type f ! -path './build/*' ! -path './.github/*')\""
echo "1..$n"
exit $bad
