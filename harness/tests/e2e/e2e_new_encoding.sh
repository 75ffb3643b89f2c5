#!/bin/sh
# `make new-encoding`: what comes out of the template is a scheme that builds without a warning, passes what every
# scheme must pass, and runs. In a copy of the sources, with a copy of what is built. TAP on stdout.
. "$(dirname "$0")/tap.sh"

cp -rp "$root/Makefile" "$root/encodings" "$root/datasets" "$root/configs" "$root/.clang-format" .
mkdir -p harness/tests build/release
for f in "$root"/harness/*; do [ "$(basename "$f")" = tests ] || ln -s "$f" harness/; done
for f in "$root"/harness/tests/*; do [ "$(basename "$f")" = unit ] || ln -s "$f" harness/tests/; done
cp -rp "$root/harness/tests/unit" harness/tests/
for f in encodings datasets harness liblongshot.a libnumbers.a; do cp -rp "$root/build/release/$f" build/release/; done
# refused TEXT COMMAND...: fails and says so.
refused() {
    text=$1
    shift
    ! "$@" >out 2>err && has err "$text"
}
quiet() { "$@" >log 2>&1 && ! grep -E 'warning|error' log; }

check "new-encoding" exits 0 make -s new-encoding NAME=near
check "says where to go on" grep -q 'encodings/near.c: a working scheme' out
check "twice is refused" refused 'make: encodings/near.c: is there already' env -u MAKEFLAGS make -s new-encoding NAME=near
check "a name that is none is refused" refused 'make: NAME: must be a letter, then letters' env -u MAKEFLAGS make -s new-encoding NAME=Near
check "the program builds without a warning" quiet make -s build/longshot
check "knows the scheme" sh -c "build/longshot list encodings | grep -q '^near '"
command -v clang-format-14 >/dev/null && check "the house style is kept" clang-format-14 --dry-run -Werror encodings/near.c encodings/encoding_list.c
for t in conformance_encodings encoding_list bidirectional gradients; do
    check "test_$t builds without a warning" quiet make -s "build/release/tests/test_$t"
    # of every scheme where it does not know LX_SCHEME; the others are what `make test` tries anyway
    check "test_$t passes" env LX_SCHEME=near "build/release/tests/test_$t"
done
cat >tiny.json <<'JSON'
{
  "name": "tiny",
  "dataset": {"name": "journal", "train_tokens": 20000, "valid_tokens": 4000},
  "model": {"layers": 1, "d_model": 8, "heads": 2},
  "train": {"length": 16, "batch_tokens": 32, "steps": 20, "warmup": 5},
  "encodings": ["near", {"id": "near-8", "stack": [{"name": "near", "width": 8}]}],
  "eval": {"lengths": ["1x", "4x"], "tokens": 512}
}
JSON
check "trains and extrapolates" exits 0 build/longshot run tiny.json -o out-tiny --plots no
check "has a learned array" sh -c "build/longshot describe near --length 8 | grep -q '^dist,'"

echo "1..$n"
exit $bad
