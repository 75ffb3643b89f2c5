#!/bin/sh
# The fuzzing itself: a crash that was planted, a target that runs nothing and one that is missing must fail
# it, and one that finds nothing must not. TAP on stdout.
. "$(dirname "$0")/../e2e/tap.sh"
fuzz=$root/harness/tests/fuzz/fuzz.sh
stub() {
    printf '#!/bin/sh\n%s\n' "$2" >"$1"
    chmod +x "$1"
}
stub fine 'echo "stat::number_of_executed_units: 1234"'
stub idle 'echo "stat::number_of_executed_units: 0"'
stub silent 'exit 0'
stub crash 'echo "stat::number_of_executed_units: 1234"; exit 77'
mkdir found
check "a target that finds nothing" exits 0 "$fuzz" 1 found ./fine
check "and how much it ran" has out "fine: 1234 executions"
check "its folder was made" test -d found/corpus-fine
check "a crash fails" exits 1 "$fuzz" 1 found ./fine ./crash
check "and is named" has err "crash: status 77"
check "so does one that ran nothing" exits 1 "$fuzz" 1 found ./idle ./fine
check "and is named" has err "idle: 0 executions"
check "one that does not say" exits 1 "$fuzz" 1 found ./silent
check "and one that is not there" exits 1 "$fuzz" 1 found ./none
cat >planted.c <<'C'
#include <stddef.h>
#include <stdint.h>
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int sum = 1;
    if (size >= 2 && data[0] == 'L' && data[1] == 'X')
        sum += 2147483647; /* signed overflow: only UBSan sees it */
    return sum == 0;
}
C
# as `make fuzz` builds its targets
flags=$(sed -n 's/^OPT_fuzz := //p' "$root/Makefile" | sed 's/fuzzer-no-link/fuzzer/')
# shellcheck disable=SC2086
if command -v clang >/dev/null && clang $flags planted.c -o planted >/dev/null 2>&1; then
    check "a planted fault is found by the real thing" exits 1 "$fuzz" 20 found ./planted
    check "and told" has err "signed integer overflow"
else
    for _ in 1 2; do
        n=$((n + 1))
        echo "ok $n # SKIP needs clang with libFuzzer"
    done
fi

echo "1..$n"
exit $bad
