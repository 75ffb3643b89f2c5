#!/bin/sh
# The rules of the house that are quick to ask: who includes whom, no circle of files, one dialect. `make lint`
# asks the slower ones, too. TAP on stdout.
. "$(dirname "$0")/../e2e/tap.sh"
lint=$root/harness/tests/lint
silent() { "$@" >said 2>&1 && [ ! -s said ] || { cat said; return 1; }; }

if ! git -C "$root" rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    echo "1..0 # SKIP the files of the house are known to git alone: no clone here"
    exit 0
fi
check "rooms include those above them" silent sh "$lint/check_includes.sh"
check "no circle of files" sh -c "cd '$root' && sh '$lint/check_circles.sh' build/release"
check "one dialect" silent perl "$lint/check_dialect.pl"
echo "1..$n"
exit $bad
