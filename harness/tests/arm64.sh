#!/bin/sh
# A build for arm64 on another machine, its numeric tests emulated: arm64.sh [TOPIC...] runs test_TOPIC of each;
# default: the few that reach all of the arithmetic. Then the program itself: a small study by two workers.
# Not part of `make test`: `make test-arm64`. Where something is missing, "SKIP" and what, and status 0.
#
# The libraries for arm64 are Debian's packages, fetched by apt-get into folders of its own and unpacked under
# build/arm64: nothing is installed, no root is needed. `make clean` removes them.
set -u
cd "$(dirname "$0")/../.." || exit 1
out=build/arm64
system=$PWD/$out/system
cross=/usr/aarch64-linux-gnu # where the cross compiler's C library is

skip() {
    echo "1..0 # SKIP arm64: $1"
    exit 0
}

[ "$(uname -m)" != aarch64 ] || skip "this machine is one: make test"
missing=
for need in aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu qemu-aarch64:qemu-user apt-get:apt dpkg:dpkg; do
    command -v "${need%:*}" >/dev/null || missing="$missing ${need#*:}"
done
[ -z "$missing" ] || skip "not installed: apt-get install$missing"
[ -e $cross/include/stdio.h ] || skip "not installed: apt-get install libc6-dev-arm64-cross"

# The libraries, into $1.
fetch() (
    apt=$1.apt
    rm -rf "$1" "$apt"
    mkdir -p "$1" "$apt/state/lists/partial" "$apt/cache/archives/partial"
    : >"$apt/status"
    set -- "$1" -q -o Dir::State="$apt/state" -o Dir::State::status="$apt/status" -o Dir::Cache="$apt/cache" \
        -o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o APT::Install-Recommends=false \
        -o APT::Sandbox::User=root
    to=$1
    shift
    {
        apt-get "$@" update
        apt-get "$@" -y --download-only install libopenblas-pthread-dev zlib1g-dev libcjson-dev libcsv-dev libcmocka-dev
    } >"$to.log" 2>&1 || exit 1
    for package in "$apt"/cache/archives/*.deb; do
        case ${package##*/} in
        libc6* | libc-* | linux-libc-* | libcrypt*) ;; # the cross compiler has these
        *) dpkg -x "$package" "$to" || exit 1 ;;
        esac
    done
    rm -rf "$apt"
)
if [ ! -e "$system/complete" ]; then
    mkdir -p $out
    fetch "$system" || skip "apt-get cannot fetch Debian's packages for arm64: $(grep '^[EW]:' "$system.log" | tail -1)"
    touch "$system/complete"
fi

lib=$system/usr/lib/aarch64-linux-gnu
blas=$lib/openblas-pthread
topics=${*:-golden gradients twins tensor products attention attention_skip attention_rows conformance_model \
    conformance_encodings}
programs=
for topic in $topics; do
    programs="$programs $out/tests/test_$topic"
done
# shellcheck disable=SC2086
make -s CC="${CROSS_CC:-aarch64-linux-gnu-gcc}" OUT=$out BIN=$out/longshot PKG_CONFIG=false WERROR=1 \
    OPENBLAS_CFLAGS="-I$system/usr/include/aarch64-linux-gnu/openblas-pthread" \
    CJSON_CFLAGS="-I$system/usr/include/cjson -I$system/usr/include" OPENBLAS_LIBS="-L$blas -lopenblas" \
    LDFLAGS="-L$lib -Wl,-rpath,$lib:$blas -Wl,--disable-new-dtags" $out/longshot $programs >&2 || exit 1

export OPENBLAS_NUM_THREADS=1
# shellcheck disable=SC2086
prove --timer --exec "qemu-aarch64 -L $cross" $programs || exit 1

# The program starts itself anew and starts workers, so the kernel has to know what an arm64 program is: in a
# namespace, so that nothing changes for the others on this machine (Linux 6.7).
cat >$out/inside.sh <<'END'
mount -t binfmt_misc none /proc/sys/fs/binfmt_misc && printf ':arm64:M::%s:%s:%s:F' \
    '\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00' \
    '\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff' \
    "$(command -v qemu-aarch64)" >/proc/sys/fs/binfmt_misc/register || exit 77
export QEMU_LD_PREFIX="$1"
shift
exec "$@"
END
inside() { unshare --user --map-root-user --mount sh $out/inside.sh $cross "$@"; }
if ! inside true 2>$out/inside.err; then
    echo "the program: SKIP: no namespace with programs for arm64: $(tail -1 $out/inside.err)"
    exit 0
fi
results=$out/tiny
rm -rf $results
inside $out/longshot version && inside $out/longshot run harness/tests/fault/tiny.json -o $results -j2 --plots no &&
    inside $out/longshot verify $results && echo "the program: ok: a study by two workers"
