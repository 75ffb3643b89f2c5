#!/bin/sh
# What is around the checks. The end of `make test`: how many were skipped and for want of what, and the status
# of all. The folder of a script: it goes when the script ends, and with nothing before.
. "$(dirname "$0")/tap.sh"
prove=$root/harness/tests/prove.pl

printf '#!/bin/sh\necho "ok 1 - a"\necho "ok 2 - b # SKIP no zsh"\necho "ok 3 - c # SKIP no fish"\necho 1..3\n' >some.sh
printf '#!/bin/sh\necho "1..0 # SKIP no zsh"\n' >whole.sh
printf '#!/bin/sh\necho "ok 1 - a"\necho 1..1\n' >none.sh
printf '#!/bin/sh\necho "not ok 1 - a"\necho 1..1\nexit 1\n' >bad.sh
chmod +x ./*.sh
check "what is skipped passes" exits 0 "$prove" ./some.sh ./whole.sh ./none.sh
check "it is counted, a whole script as one" has out "3 checks skipped:"
check "by what is missing" sh -c "grep -q '^ *2  no zsh$' out && grep -q '^ *1  no fish$' out"
check "nothing skipped is said, too" sh -c "'$prove' ./none.sh | grep -qx '0 checks skipped'"
check "what fails is not lost among them" exits 1 "$prove" ./some.sh ./bad.sh
check "and still counted" has out "2 checks skipped:"

kept() { (tidy) && [ -d "$tmp" ]; }
check "a subshell that ends leaves the folder" kept
echo "1..$n"
exit $bad
