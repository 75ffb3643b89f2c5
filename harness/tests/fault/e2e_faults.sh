#!/bin/sh
# Fault injection, a sample of it: one fault in each of LX_FAULTS (40) walks, evenly spread. `make torture`
# takes them all; see faults.pl. TAP on stdout; the program is $LONGSHOT_FAULT or the one of build/release.
exec perl "$(dirname "$0")/faults.pl" --sample "${LX_FAULTS:-40}"
