#!/bin/sh
# What `make install`, `make deb` and `make dist` leave, used as by somebody who never saw the sources: the
# program from another folder, the manual page, the completions in their shells, the package unpacked. TAP on
# stdout. What is not there is skipped.
. "$(dirname "$0")/tap.sh"

if [ "$longshot" != "$root/build/longshot" ]; then
    echo "1..0 # SKIP another program is under test than make installs"
    exit 0
fi
# needs PROGRAM PACKAGE N NAME: N checks are skipped where the program is not there.
needs() {
    command -v "$1" >/dev/null && return 0
    for i in $(seq "$3"); do n=$((n + 1)); echo "ok $n - $4 # SKIP needs $1: apt-get install $2"; done
    return 1
}
of_make() { make -s --no-print-directory -C "$root" "$@"; }

# -------------------------------------------------------------------------------------------- install
check "make install into a DESTDIR" of_make install PREFIX=/usr DESTDIR="$tmp/d"
here=$tmp/d/usr/bin/longshot
check "the program runs there" "$here" list
check "configs are there, and plan" "$here" plan "$tmp/d/usr/share/longshot/configs/smoke.json"
check "all of them" sh -c "for f in '$root'/configs/*.json '$root'/configs/papers/*.json '$root'/configs/study/*; do case \$f in *schema.json) continue ;; esac; \
    cmp \"\$f\" \"$tmp/d/usr/share/longshot/configs/\${f#'$root'/configs/}\" || exit 1; done"
check "the schema is there" cmp "$root/configs/schema.json" "$tmp/d/usr/share/longshot/schema.json"
check "the Python package is there" cmp "$root/harness/python/longshot_results/frames.py" "$tmp/d/usr/share/longshot/python/longshot_results/frames.py"
check "and what each file of results says" cmp "$root/results/README.md" "$tmp/d/usr/share/doc/longshot/results.md"
check "where it is, and how it is found" sh -c "make -s --no-print-directory -C '$root' install PREFIX='$tmp/own' >said && grep -qF 'installed: $tmp/own/bin/longshot' said && grep -qF 'export PATH=' said"
check "nothing is outside of the prefix" test "$(ls "$tmp/d")" = usr
check "modes are those of a system" sh -c "! find '$tmp/d' -type f -perm /022 | grep . && ! find '$tmp/d' -type f -name '*.json' -perm /111 | grep ."

# ---------------------------------------------------------------------------------------- manual page
page=$tmp/d/usr/share/man/man1/longshot.1
check "the page names the prefix" grep -q 'usr/share/longshot' "$page"
every_option() {
    col -b <page.txt >plain.txt 2>/dev/null || cp page.txt plain.txt
    for c in $("$longshot" help | sed -n 's/^  \([a-z]*\)  *[a-z].*/\1/p'); do
        grep -q "longshot $c" plain.txt || { echo "the page lacks $c"; return 1; }
        for o in $("$longshot" help "$c" | sed -n 's/^  *\(-[a-z], \)*\(--[a-z-]*\).*/\2/p'); do
            [ "$o" = --help ] || grep -q -e "$o" plain.txt || { echo "the page lacks $c $o"; return 1; }
        done
    done
}
if needs man man-db 3 "manual page"; then
    check "man renders the page" sh -c "MANWIDTH=200 man --warnings=w -l '$page' >page.txt 2>warnings && test -s page.txt"
    check "without a warning" sh -c "! grep . warnings"
    check "it has every command and option" every_option
fi
check "and every key of train" sh -c "'$longshot' describe train >section && sed -n 's/^  \([a-z_0-9]*\) .*/\1/p' section >keys && test -s keys && while read -r k; do grep -q \"^  *\$k \" '$page' || exit 1; done <keys"

# ---------------------------------------------------------------------------------------- completions
if needs bash bash 8 "bash completion"; then
    # completes WANT WORD...: the last word is being typed; the answers must have WANT among them.
    cat >complete.bash <<'BASH'
source "$1"; want=$2; shift 2
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _longshot
printf '%s\n' "${COMPREPLY[@]}" | grep -qxF -e "$want" || { echo "$*: ${COMPREPLY[*]} lacks $want"; exit 1; }
BASH
    completes() { bash complete.bash "$tmp/d/usr/share/bash-completion/completions/longshot" "$@"; }
    check "bash: a command" completes describe longshot des
    check "bash: an option" completes --jobs longshot run mine.json --jo
    check "bash: the values of an option" completes slurm longshot run mine.json --launcher s
    check "bash: a key" completes train.steps= longshot run mine.json train.st
    check "bash: a key of a dataset" completes dataset.path= longshot plan mine.json dataset.pa
    check "bash: a value" completes rope longshot run mine.json encodings = ro
    check "bash: a value later in a list" completes alibi,rope longshot run mine.json encodings = alibi,ro
    check "bash: what is described" completes train longshot describe tra
fi
if needs zsh zsh 2 "zsh completion"; then
    check "zsh: it is read" zsh -n "$tmp/d/usr/share/zsh/site-functions/_longshot"
    cat >complete.zsh <<'ZSH'
fpath=($1 $fpath)
autoload -U compinit; compinit -D -u 2>/dev/null
autoload +X _longshot && [[ $_comps[longshot] == _longshot ]]
ZSH
    check "zsh: it is found for the command" zsh -f complete.zsh "$tmp/d/usr/share/zsh/site-functions"
fi
if needs fish fish 3 "fish completion"; then
    of_fish() { fish --no-config -c "source '$tmp/d/usr/share/fish/vendor_completions.d/longshot.fish'; complete -C '$1'" | cut -f1 | grep -qxF -e "$2"; }
    check "fish: a command" of_fish 'longshot des' describe
    check "fish: an option" of_fish 'longshot run --jo' --jobs
    check "fish: a key" of_fish 'longshot run mine.json train.st' train.steps=
fi
check "another shell" exits 2 "$longshot" completion tcsh
check "is answered" has err 'must be bash, zsh or fish, got "tcsh"'

# ------------------------------------------------------------------------------------------ uninstall
check "make uninstall" of_make uninstall PREFIX=/usr DESTDIR="$tmp/d"
check "leaves no file" sh -c "! find '$tmp/d' ! -type d | grep ."

# ------------------------------------------------------------------------------------- Debian package
if needs dpkg-deb dpkg 5 "Debian package"; then
    check "make deb" sh -c "make -s --no-print-directory -C '$root' deb >out 2>err"
    deb=$root/$(tail -1 out)
    check "has a name, a version and what it depends on" sh -c "dpkg-deb -f '$deb' Package Version Depends >fields && grep -qx 'Package: longshot' fields && \
        grep -qx \"Version: \$('$longshot' -V | sed -n '1s/longshot \([^ ]*\).*/\1/p')\" fields && grep -q '^Depends:.*libcjson' fields && grep -q '^Depends:.*openblas' fields"
    check "unpacks" dpkg-deb -x "$deb" unpacked
    check "and runs" unpacked/usr/bin/longshot plan unpacked/usr/share/longshot/configs/smoke.json
    check "its sums hold" sh -c "dpkg-deb -e '$deb' control && cd unpacked && md5sum --quiet -c ../control/md5sums"
    if needs lintian lintian 1 "lintian"; then
        check "lintian finds no error" sh -c "! lintian --no-cfg '$deb' 2>/dev/null | grep '^E:'"
    fi
fi

# ---------------------------------------------------------------------------- tarball, version, actions
if git -C "$root" rev-parse HEAD >/dev/null 2>&1 && git clone -q --shared --no-checkout "$root" clone 2>/dev/null; then
    git -C clone checkout -q HEAD -- . 2>/dev/null
    version_of() { make -s -pn -C "$1" help 2>/dev/null | sed -n 's/^VERSION := //p'; }
    check "the version is that of the file" test "$(version_of clone)" = "$(cat "$root/harness/VERSION")"
    git -C clone tag v9.8.7
    check "and of a tag on the commit" test "$(version_of clone)" = 9.8.7
    check "make dist" make -s -C clone dist
    check "makes a tarball of that name" test -s clone/build/longshot-9.8.7.tar.gz
    tar -xzf clone/build/longshot-9.8.7.tar.gz
    check "which knows version and commit without git" sh -c "test \"\$(cat longshot-9.8.7/harness/COMMIT)\" = \"\$(git -C clone rev-parse --short=12 HEAD)\" && \
        test \"\$(make -s -pn -C longshot-9.8.7 help 2>/dev/null | sed -n 's/^VERSION := //p')\" = 9.8.7"
    check "has every source, test and config" sh -c "cd clone && git ls-files -z harness encodings datasets configs Makefile run_all.sh README.md .ci | \
        grep -zvx harness/VERSION | xargs -0 sha256sum >../all && test \$(wc -l <../all) -gt 500 && cd ../longshot-9.8.7 && sha256sum --quiet -c ../all"
    check "the same commit gives the same bytes" sh -c "cp clone/build/longshot-9.8.7.tar.gz first && make -s -C clone dist && cmp first clone/build/longshot-9.8.7.tar.gz"
else
    for i in 1 2 3 4 5 6 7; do n=$((n + 1)); echo "ok $n - tarball # SKIP needs a clone with git"; done
fi
# The commands of the action, with its expressions replaced as the service does.
mkdir -p w/results
awk '/^ *run: \|$/ {on = 1; match($0, /^ */); base = RLENGTH; next} on {match($0, /^ */); if ($0 !~ /^ *$/ && RLENGTH <= base) {on = 0} else print}' \
    "$root/.github/actions/curves/action.yml" | sed 's/^ *//' | grep -v 'apt-get\|^make ' >w/steps
act() { (cd w && PATH=$PATH LONGSHOT=$longshot CONFIG=$1 BASELINE=$2 PRESET=exact RESULTS=results/curves GITHUB_STEP_SUMMARY=$tmp/w/summary bash -e steps) >out 2>err; }
cat >w/tiny.json <<'JSON'
{
  "name": "tiny",
  "dataset": {"name": "journal", "train_tokens": 20000, "valid_tokens": 4000},
  "model": {"layers": 1, "d_model": 16, "heads": 2},
  "train": {"length": 16, "batch_tokens": 64, "steps": 30, "warmup": 5},
  "encodings": ["nope"],
  "eval": {"lengths": ["1x"], "tokens": 512}
}
JSON
check "a baseline" sh -c "cd w && '$longshot' run tiny.json -o base --plots no && '$longshot' compare baseline base --update"
check "the commands of the reusable action pass with it" act tiny.json baseline
check "and leave a summary" has w/summary "PASS"
fails() { sed -i 's/"steps": 30/"steps": 31/' w/tiny.json && act tiny.json baseline; [ $? = 3 ]; }
check "they fail with the status of compare where the study is another" fails
check "and leave a summary" has w/summary "FAIL"
check "the workflow calls files that are there" sh -c "cd '$root' && test -x .ci/run && grep -q 'run: .ci/run' .github/workflows/ci.yml && test -e .github/actions/curves/action.yml && test -e configs/ci-exact.json"
check "CITATION.cff has the version" grep -qx "version: $(cat "$root/harness/VERSION")" "$root/CITATION.cff"

echo "1..$n"
exit $bad
