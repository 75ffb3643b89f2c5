# What every end-to-end script begins with (sourced, not run): a folder of its own that is removed at
# the end, the program under test in $longshot ($LONGSHOT or build/longshot), and TAP checks.
set -u
root=$(cd "$(dirname "$0")/../../.." && pwd)
longshot=${LONGSHOT:-$root/build/longshot}
tmp=$(mktemp -d) || exit 1
on_exit() { :; } # a script may replace it
# At the end of the main shell alone: bash runs the trap also in a subshell that a signal hits before it
# becomes another program, and the folder is still in use then. $$ is the main shell everywhere; the parent
# of what a substitution becomes is the shell that is here.
tidy() {
    [ "$(exec sh -c 'echo $PPID')" = $$ ] || return 0
    on_exit
    chmod -R u+w "$tmp"
    rm -rf "$tmp"
}
trap tidy EXIT
cd "$tmp" || exit 1
n=0
bad=0

# check NAME COMMAND...: one TAP line; the command's status is the result.
check() {
    name=$1
    shift
    n=$((n + 1))
    if "$@" >check.out 2>&1; then
        echo "ok $n - $name"
    else
        echo "not ok $n - $name"
        sed 's/^/# /' check.out err 2>/dev/null | head -20
        bad=1
    fi
}

# python_with MODULE: $PYTHON, or the python3 that has the module: the one in the path, or the system's.
python_with() {
    for python in ${PYTHON:-python3 /usr/bin/python3}; do
        "$python" -c "import $1" 2>/dev/null && echo "$python" && return
    done
    echo "${PYTHON:-python3}"
}

# skip NAME WHY: a check that cannot be made here.
skip() {
    n=$((n + 1))
    echo "ok $n - $1 # SKIP $2"
}

# exits STATUS COMMAND...: stdout to `out`, stderr to `err`.
exits() {
    want=$1
    shift
    "$@" >out 2>err
    got=$?
    [ "$got" = "$want" ] || { echo "status $got, expected $want: $*"; return 1; }
}

# has FILE TEXT, lacks FILE TEXT
has() { grep -qF -e "$2" "$1" || { echo "$1 lacks: $2"; return 1; }; }
lacks() { ! grep -qF -e "$2" "$1"; }

# same_results DIR DIR: the rows of both, and the trained weights of the first.
same_results() {
    for f in metrics.csv train.csv; do cmp "$1/$f" "$2/$f" || return 1; done
    for f in "$1"/checkpoints/*/model.safetensors; do cmp "$f" "$2${f#"$1"}" || return 1; done
}

# Whether the program is built with a sanitizer, which takes memory of its own.
sanitized() { "$longshot" version | grep -q '(asan,\|(ubsan,\|(tsan,'; }

# no_pictures: for scripts that look at no picture, a gnuplot that draws nothing, in the time of none.
no_pictures() {
    mkdir -p "$tmp/no-pictures"
    printf '#!/bin/sh\neval "out=${3#out = }"\nfor kind in svg png pdf; do echo drawn >$out.$kind; done\n' >"$tmp/no-pictures/gnuplot"
    chmod +x "$tmp/no-pictures/gnuplot"
    PATH="$tmp/no-pictures:$PATH"
}

# until_done COMMAND...: stopped by TERM again and again, a little later each time, until it ends well of
# itself (after 90 times it is left alone); $stops says how often it was stopped.
until_done() {
    stops=0
    while ! timeout -s TERM "$(printf 0.%02d $((stops + 1)))" "$@" >out 2>err; do
        stops=$((stops + 1))
        [ $stops -lt 90 ] || { "$@" >out 2>err; return; }
    done
}
