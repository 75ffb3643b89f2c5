#!/bin/sh
# Build Longshot, run the default study, make its tables and plots, and say where they are.
#
#   ./run_all.sh [--no-install] [--config FILE] [-j N] [key=value ...]
#
# Missing Debian packages are installed with apt-get, named first; --no-install only names them and
# stops. Run again to go on where it stopped: finished cells are kept.
set -eu
cd "$(dirname "$0")"

config=configs/default.json
install=1
jobs=
overrides=

usage() {
    sed -n '2,7s/^# \{0,1\}//p' "$0"
}

while [ $# -gt 0 ]; do
    case $1 in
    --no-install) install=0 ;;
    --config=*) config=${1#*=} ;;
    --config) config=${2:?--config needs a file}; shift ;;
    -j) jobs="-j ${2:?-j needs a number}"; shift ;;
    -j[0-9]*) jobs=$1 ;;
    -h | --help) usage; exit 0 ;;
    *=*) overrides="$overrides $1" ;;
    *) echo "run_all.sh: unknown argument \"$1\"" >&2; usage >&2; exit 2 ;;
    esac
    shift
done

# One line a need: what proves it is there, and the package that brings it.
missing() {
    command -v make >/dev/null || echo make
    command -v gcc >/dev/null || echo gcc
    [ -e /usr/include/stdlib.h ] || echo libc6-dev
    # cmocka, prove and jq are for `make test`
    for p in libopenblas-dev:cblas.h zlib1g-dev:zlib.h libcjson-dev:cjson/cJSON.h libcsv-dev:csv.h \
        libcmocka-dev:cmocka.h; do
        find -L /usr/include /usr/local/include -maxdepth 4 -path "*/${p#*:}" 2>/dev/null | grep -q . || echo "${p%%:*}"
    done
    command -v pkg-config >/dev/null || echo pkg-config
    command -v gnuplot >/dev/null || echo gnuplot-nox
    command -v prove >/dev/null || echo perl
    command -v jq >/dev/null || echo jq
}

# quietly WHAT COMMAND...: one line before and one after; the command's own output only where it fails, and
# apt-get's warnings (a mirror that does not answer is one).
quietly() {
    what=$1
    shift
    log=$(mktemp)
    trap 'rm -f "$log"' EXIT
    began=$(date +%s)
    echo "run_all.sh: $what"
    "$@" >"$log" 2>&1 || {
        status=$?
        tail -n 40 "$log" >&2
        echo "run_all.sh: failed after $(($(date +%s) - began)) s (above): $*" >&2
        exit "$status"
    }
    grep '^W:' "$log" >&2 || :
    rm -f "$log"
    echo "run_all.sh: done in $(($(date +%s) - began)) s"
}

need=$(missing | tr '\n' ' ')
if [ -n "$need" ]; then
    if [ "$install" = 0 ]; then
        echo "run_all.sh: these packages are missing: $need" >&2
        echo "hint: apt-get install $need" >&2
        exit 1
    fi
    sudo=
    [ "$(id -u)" = 0 ] || sudo=sudo
    quietly "asking apt-get for news of packages" $sudo apt-get update -qq
    # shellcheck disable=SC2086
    quietly "installing with apt-get: $need" $sudo env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends $need
fi

make -q build/longshot 2>/dev/null ||
    quietly "building with $(nproc) compilers at a time, about a minute" make -s -j"$(nproc)"
# shellcheck disable=SC2086
exec build/longshot run "$config" $jobs $overrides
