#!/bin/sh
# Token ids of one's own through the command line: a .npy file of 50,257 ids is planned, trained on and
# printed; bits per byte follow from the bytes a token. TAP on stdout.
. "$(dirname "$0")/tap.sh"
no_pictures

# 4000 ids below 50257 as uint16, and a .npy header of 128 bytes before them.
perl -e 'print pack("v*", map { ($_ * 7919) % 50257 } 1 .. 4000)' >raw.bin
perl -e '
    my $h = sprintf("%-117s\n", "{\x27descr\x27: \x27<u2\x27, \x27fortran_order\x27: False, \x27shape\x27: (4000,), }");
    print "\x93NUMPY\x01\x00", pack("v", length $h), $h' >ids.npy
cat raw.bin >>ids.npy
cat >t.json <<'JSON'
{
  "name": "t",
  "dataset": {"name": "tokens", "path": "ids.npy", "vocab": 50257, "valid_fraction": 0.25, "bytes_per_token": 4},
  "model": {"layers": 1, "d_model": 16, "heads": 2},
  "train": {"length": 16, "batch_tokens": 64, "steps": 4, "lr": 0.001, "warmup": 1},
  "encodings": ["alibi"],
  "eval": {"lengths": ["1x"], "modes": ["nonoverlapping"], "attention": false},
  "seeds": [1]
}
JSON
value() { awk -F, -v m="$2" 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i } $c["metric"] == m && $c["position_lo"] == "" { print $c["value"]; exit }' "$1/metrics.csv"; }
ratio() { # DIR: bits per byte over nll, in units of 1 / ln 2
    awk -v b="$(value "$1" bits_per_byte)" -v n="$(value "$1" nll)" 'BEGIN { printf("%.4f", b * log(2) / n) }'
}

check "plan" exits 0 "$longshot" plan t.json
check "says what the output layer costs" has out "output layer of 50257 ids: 99.6% of the parameters"
check "within bounds" awk '/output layer/ { for (i = 1; i <= NF; i++) if ($i == "MB" && $(i - 1) > 34) exit 1 }' out
check "sample prints ids" exits 0 "$longshot" sample t.json -n 3
check "those of the file" has out "7919 15838 23757"
check "run" exits 0 "$longshot" run t.json -o a
check "four bytes a token" test "$(ratio a)" = 0.2500
check "without bytes" exits 0 "$longshot" run t.json -o b 'dataset={"name": "tokens", "path": "raw.bin", "vocab": 50257, "valid_fraction": 0.25}'
check "a loss" test -n "$(value b nll)"
check "but no bits per byte" test -z "$(value b bits_per_byte)"
check "the same loss from another format" test "$(value a nll)" = "$(value b nll)"
check "a smaller vocabulary is refused" exits 1 "$longshot" plan t.json dataset.vocab=1000
check "and the id named" has err "must be an id from 0 to 999"
check "a larger one, too" exits 2 "$longshot" plan t.json dataset.vocab=100277
check "with the most" has err "65535"

echo "1..$n"
exit $bad
