#!/bin/sh
# Curves for TensorBoard: appended while a cell runs, the same after interruptions, refused where files of
# others are in the way; read by a reader of ours (perl) and by TensorBoard, where $PYTHON (python3) has it.
# TAP on stdout; the program under test is $LONGSHOT or build/longshot.
. "$(dirname "$0")/tap.sh"
python=$(python_with tensorboard)

cat >tb.json <<'JSON'
{
  "name": "tb",
  "dataset": {"name": "journal", "train_tokens": 20000, "valid_tokens": 4000},
  "model": {"layers": 1, "d_model": 16, "heads": 2},
  "train": {"length": 16, "batch_tokens": 64, "steps": 60, "warmup": 5, "log_every": 4},
  "encodings": ["rope",
    {"id": "alibi", "stack": ["alibi"], "evaluate_as": [{"id": "half", "stack": [{"name": "alibi", "slope": 0.5}]}]}],
  "eval": {"lengths": ["1x", "2x"], "tokens": 512, "last_tokens": 512, "modes": ["nonoverlapping", "last"]},
  "seeds": [1, 2]
}
JSON

# scalars FOLDER: RUN TAG STEP VALUE of its event files, one a line, sorted. Cells go without their id.
scalars() {
    find "$1" -name 'events.*' -print | sort | perl -e '
        sub varint { my $v = 0; for (my $s = 0;; $s += 7) { my $b = ord substr($_[0], 0, 1, ""); $v |= ($b & 127) << $s; return $v if $b < 128 } }
        sub fields { my ($m, @f) = @_;
            while (length $m) {
                my $key = varint($m); my $n = {0 => 0, 1 => 8, 5 => 4}->{$key & 7};
                push @f, [$key >> 3, ($key & 7) == 0 ? varint($m) : substr($m, 0, $n // varint($m), "")];
            }
            return @f }
        chomp(my @files = <STDIN>);
        for my $file (@files) {
            open my $in, "<:raw", $file or die; local $/; my $bytes = <$in>;
            my ($run) = $file =~ m{^[^/]+/(.*)-[0-9a-f]{16}/[^/]+$} or die "$file: no such name\n";
            while (length $bytes) {
                my $n = unpack "Q<", substr $bytes, 0, 8; die "$file: cut off\n" if length $bytes < 16 + $n;
                my %e = map { ($_->[0] => $_->[1]) } fields(substr $bytes, 12, $n); substr $bytes, 0, 16 + $n, "";
                for (fields($e{5} // "")) {
                    my %v = map { ($_->[0] => $_->[1]) } fields($_->[1]);
                    printf "%s %s %d %.9g\n", $run, $v{1}, $e{2} // 0, unpack "f<", $v{2};
                }
            }
        }' | LC_ALL=C sort
}

check "a run with curves" exits 0 "$longshot" run tb.json -o a -j1 --plots no --tensorboard A
scalars A >a.got
check "for each cell" [ "$(cut -d' ' -f1 a.got | sort -u | tr '\n' ' ')" = "alibi/seed-1 alibi/seed-2 rope/seed-1 rope/seed-2 " ]
check "loss, rate and norm by step" sh -c "[ \$(grep -c ' train/nll ' a.got) = $(($(wc -l <a/train.csv) - 1)) ] && [ \$(grep -c ' train/lr ' a.got) = \$(grep -c ' train/grad_norm ' a.got) ]"
check "perplexity by length, mode and stack" [ "$(grep '^alibi/seed-1 ppl' a.got | cut -d' ' -f2,3 | tr '\n' ' ')" = \
    "ppl/last 16 ppl/last 32 ppl/last/half 16 ppl/last/half 32 ppl/nonoverlapping 16 ppl/nonoverlapping 32 ppl/nonoverlapping/half 16 ppl/nonoverlapping/half 32 " ]
# columns of the tables by name
awk -F, 'FNR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; file++; next }
    file == 1 { run[$c["cell"]] = $c["encoding"] "/seed-" $c["seed"] }
    file == 1 && $c["metric"] == "ppl" && $c["position_lo"] == "" {
        as = $c["evaluated_as"] == $c["encoding"] ? "" : "/" $c["evaluated_as"]
        printf "%s ppl/%s%s %d %.9g\n", run[$c["cell"]], $c["mode"], as, $c["eval_length"], $c["value"] }
    file == 2 {
        for (i = split("train_nll lr grad_norm", k, " "); i > 0; i--)
            printf "%s train/%s %d %.9g\n", run[$c["cell"]], k[i] == "train_nll" ? "nll" : k[i], $c["step"], $c[k[i]] }
    ' a/metrics.csv a/train.csv >a.want
# both as the nearest float, to five digits
nearest() { perl -ne '@f = split; printf "%s %s %d %.5g\n", @f[0..2], unpack("f<", pack("f<", $f[3]))' "$1" | LC_ALL=C sort; }
nearest a.want >a.want5
nearest a.got >a.got5
check "every one of them and no other" cmp a.want5 a.got5
check "curves change no table" exits 0 "$longshot" run tb.json -o b -j2 --plots no
check "to the byte" cmp a/metrics.csv b/metrics.csv

# Interrupted again and again, in training and in evaluation.
for after in 0.3 0.35 0.4 0.45 0.5 0.6; do
    timeout -s TERM $after "$longshot" run tb.json -o c -j1 --plots no --checkpoint-every 0.01 --tensorboard C train.steps=600 train.log_every=10 >>stopped 2>&1
done
check "interrupted, it goes on" exits 0 "$longshot" run tb.json -o c -j1 --plots no --tensorboard C train.steps=600 train.log_every=10
scalars C >c.got
check "no step twice" [ -z "$(cut -d' ' -f1-3 c.got | uniq -d)" ]
check "none is missing" [ "$(grep -c ' train/nll ' c.got)" = $(($(wc -l <c/train.csv) - 1)) ]
check "run again adds nothing" sh -c "'$longshot' run tb.json -o c -j1 --plots no --tensorboard C train.steps=600 train.log_every=10 >out 2>err"
scalars C >c.again
check "not a scalar" cmp c.got c.again

# Killed within a record: what is half-written goes.
file=$(find A -path '*rope/seed-1-*' -name 'events.*')
size=$(wc -c <"$file")
head -c $((size - 7)) "$file" >cut && cp cut "$file"
check "a cell done again" sh -c "rm -r a/cells && '$longshot' run tb.json -o a -j1 --plots no --tensorboard A >out 2>err"
scalars A >a.again
check "completes a file that was cut off" cmp a.got a.again

# Places where others are in the way.
refused() {
    rm -rf d
    exits "$1" "$longshot" run tb.json -o d --plots no --tensorboard "$2" && has err "$3" && [ ! -e d/cells ]
}
echo mine >file
check "a file in the place of the folder" refused 1 file "file"
mkdir -p D
ln -s "$tmp/elsewhere" D/rope
check "a link in the place of a folder" refused 1 D "D/rope: must be a folder for curves, got a link"
rm D/rope
dir=D/$(basename "$(dirname "$(dirname "$file")")")/$(basename "$(dirname "$file")")
mkdir -p "$dir"
ln -s "$tmp/file" "$dir/$(basename "$file")"
check "a link in the place of a file" refused 1 D "must be a file for curves, got a link"
check "what it points to stays" [ "$(cat file)" = mine ]

if "$python" -c 'import tensorboard' 2>/dev/null; then
    "$python" "$root/harness/tests/e2e/read_board.py" A 2>err | sed 's/-[0-9a-f]\{16\} / /' | LC_ALL=C sort >real
    nearest real >real5
    check "TensorBoard reads them all" cmp a.got5 real5
else
    skip "TensorBoard reads them all" "no tensorboard for $python"
fi
echo "1..$n"
exit $bad
