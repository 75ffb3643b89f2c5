#!/bin/sh
# Power cuts, a sample of them (LX_CUTS, 112): after any operation on files the disk is left with no more than
# what was synced, with names and no bytes, with zeros, or with some of each; the same command then ends with
# the bytes of an undisturbed run. New rows are never beside old tables without a word (stale.txt). And after exit status 0 nothing is lost. See powercut.pl; `make
# torture-power` cuts everywhere. TAP on stdout; the program is $LONGSHOT_FAULT or the one of build/release.
. "$(dirname "$0")/../e2e/tap.sh"
faults() { perl "$root/harness/tests/fault/faults.pl" --class "$@"; }
# A disk that forgets what the program had synced, which the same checks must find.
found() { ! faults durable --scenario "$2" --forget "$1" >out || return 1; grep -q '^not ok' out; }
# A program that does not say that its tables are old.
silent() { ! faults cut --scenario "$1" --forget stale.txt --stride 5 >out || return 1; grep -q 'is old, without a word' out; }

check "cut at any moment, a run ends as if nothing had been" faults cut --sample "${LX_CUTS:-112}"
sed -n 's/^# *all/# cuts:/p' check.out
check "after exit status 0 all is on the disk" faults durable
check "files that were never synced are found" found sync merge
check "folders that were never synced are found" found names run
check "old rows beside new ones are found" silent newer

echo "1..$n"
exit $bad
