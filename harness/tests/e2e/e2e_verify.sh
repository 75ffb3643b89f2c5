#!/bin/sh
# Registration of claims, provenance of rows and texts, and `verify`: every kind of tampering is told.
# TAP on stdout; the program under test is $LONGSHOT or build/longshot.
. "$(dirname "$0")/tap.sh"

yes 'the quick brown fox jumps over a lazy dog' | head -500 >train.txt
yes 'lazy dogs sleep' | head -400 >valid.txt
cat >study.json <<'JSON'
{
  "name": "tiny",
  "dataset": {"name": "text", "train": "train.txt", "valid": "valid.txt"},
  "model": {"layers": 1, "d_model": 16, "heads": 2},
  "train": {"length": 16, "batch_tokens": 64, "steps": 10, "warmup": 2},
  "encodings": ["nope", "alibi"],
  "eval": {"lengths": ["1x", "2x"], "modes": ["nonoverlapping", "last"], "tokens": 512, "last_tokens": 256},
  "seeds": [1, 2],
  "claims": [{"id": "flat", "text": "alibi is flat", "source": "somebody", "left": {"encoding": "alibi", "length": "2x"}, "op": "<=", "right": {"length": "1x"}, "ratio": 1.5}]
}
JSON
jq '.claims += [.claims[0] + {id: "later"}]' study.json >more.json
jq '.claims[0].ratio = 1.6' study.json >edited.json
run() { exits 0 "$longshot" run "$1" -o "$2" --plots no; }
said() { run "$1" "$2" && has out "Registration: $3"; }
entries() { test "$(jq '.entries | length' "$1/registration.json")" = "$2"; }

# ------------------------------------------------------------------------------- registration
check "the hash can be had before" exits 0 "$longshot" run study.json --print-hash
hash=$(cat out)
check "it runs nothing" test ! -e results -a "$(wc -c <out)" = 65
check "claims are registered" said study.json a "all claims were written down before the first cell was finished."
check "with that hash" jq -e --arg h "$hash" '.entries[0].hash == $h and .entries[0].finished.cells == 0' a/registration.json
check "and a date" jq -e '.entries[0].date | test("^20[0-9-]+T[0-9:]+Z$")' a/registration.json
check "and the claim as it was" sh -c "jq -e --slurpfile c study.json '.entries[0].claims[0].claim == \$c[0].claims[0]' a/registration.json"
sum=$(jq -cjS '.claims[0]' study.json | sha256sum | cut -d' ' -f1)
check "its sum is that of its sorted text" jq -e --arg s "$sum" '.entries[0].claims[0].sha256 == $s' a/registration.json
{
    printf 'longshot-registration-1\nclaim %s flat\nseeds 1 2\ncells ' "$sum"
    jq -js 'map(.id) | join(" ") + "\n"' a/plan.jsonl
} | sha256sum >by_hand
check "the hash can be recomputed by hand" has by_hand "$hash"
check "metrics.csv holds no date" sh -c "! grep -q '20[0-9][0-9]-[0-9][0-9]-' a/metrics.csv"
cp a/registration.json first
check "the same run adds nothing" sh -c "'$longshot' run study.json -o a --plots no >out 2>err && cmp a/registration.json first"
cp -r a edit
check "a claim more is marked" said more.json a "added after 4 of 4 cells: later."
check "and recorded, with what was finished" jq -e '.entries[1].finished == {cells: 4, of: 4, seeds: 2} and .entries[1].claims[0].claim.id == "later"' a/registration.json
check "what was there stays" sh -c "jq '.entries[0]' first >e1 && jq '.entries[0]' a/registration.json | cmp - e1"
check "in the files too" sh -c "grep -q 'added after 4 of 4 cells: later' a/claims.md && grep -q 'added after 4 of 4 cells: later' a/claims.tex"
check "a changed claim is marked" said edited.json edit "changed after 4 of 4 cells: all claims."
check "edited in config.json and reported" sh -c \
    "cp -r a c && jq '.claims[0].op = \">\"' a/config.json >c/config.json && '$longshot' report c --no-plots >out 2>err"
check "it is not registered" has out "changed, not registered: flat."
check "one that is left out is named" said study.json a "all claims were written down before the first cell was finished. Registered, and not here any more: later."
check "seeds added after looking" exits 0 "$longshot" run study.json -o a --plots no 'seeds=[1,2,3]'
check "are marked" has out "seeds added after 4 of 4 cells: all claims."
check "another study after looking" exits 0 "$longshot" run study.json -o edit --plots no train.steps=12
check "is marked" has out "study changed after 4 of 4 cells"
check "with what was changed" jq -e '.entries[-1].replaced | test("train.steps 10 -> 12")' edit/registration.json
cp -r a bare && rm bare/registration.json
check "a folder without a registration says so" sh -c "'$longshot' report bare --no-plots >out 2>err && grep -q 'not registered: all claims' out"
check "and is never registered as if nothing was known" said more.json bare "added after 6 of 6 cells: all claims."
mkdir rows && cp a/config.json a/metrics.csv rows
check "nor are rows alone" said more.json rows "added after"
sed -i 's/"ratio": 1.5/"ratio": 1.7/' c/registration.json
cp c/registration.json altered
check "an edit is told" sh -c "'$longshot' report c --no-plots >out 2>err && grep -q 'registration altered: all claims' out"
check "and left alone" sh -c "'$longshot' run more.json -o c --plots no >out 2>err; grep -q 'registration.json: not as it was written' err && cmp c/registration.json altered"

# two at once, with claims of their own; killed at any moment
for i in 1 2 3; do
    rm -rf race
    "$longshot" run more.json -o race --plots no >o1 2>e1 &
    "$longshot" run study.json -o race --plots no >o2 2>e2
    wait $!
    "$longshot" run more.json -o race --plots no >out 2>err
    jq -e '[.entries[].claims[].claim.id] | contains(["flat", "later"])' race/registration.json >/dev/null &&
        ! grep -q altered out || echo "race $i" >>raced
done
check "runs at the same time lose no entry" test ! -e raced
for i in 1 2 3 4 5 6 7 8; do
    rm -rf cut
    timeout -s KILL "0.0$i" "$longshot" run more.json -o cut --plots no >/dev/null 2>&1
    "$longshot" run more.json -o cut --plots no >out 2>err
    grep -q 'all claims were written down before' out || echo "cut $i" >>lost
done
check "a kill loses none and breaks none" test ! -e lost

# ---------------------------------------------------------------------------------- provenance
field() { awk -F, -v name="$2" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i } NR == 2 { print $c }' "$1/runs.csv"; }
check "rows know the commit" test "$(field a commit)" = "$("$longshot" version | sed -n 's/^commit *//p')"
check "and begin before they end" sh -c "test '$(field a start)' = \"\$(printf '%s\n%s\n' '$(field a start)' '$(field a end)' | sort | head -1)\""
check "texts are summed" test "$(jq -r '.texts["valid.txt"].sha256' a/config.json)" = "$(sha256sum <valid.txt | cut -d' ' -f1)"
check "with their size" test "$(jq -r '.texts["train.txt"].bytes' a/config.json)" = "$(wc -c <train.txt)"
check "from config.json the same plan" sh -c "'$longshot' plan --json a/config.json | cmp - a/plan.jsonl"
cp -r a old
for f in old/cells/*/run.csv; do
    cut -d, -f1-16 "$f" >short && cp short "$f" && rm "$(dirname "$f")/cell.sha256"
done
check "rows of an earlier version are merged" exits 0 "$longshot" merge old
check "with empty fields" test "$(sed -n 2p old/runs.csv | grep -c ',,,,$')" = 1
check "and reported" exits 0 "$longshot" report old --no-plots
check "rows that lack others are not" sh -c \
    "f=\$(ls old/cells/*/run.csv | head -1) && cut -d, -f2-16 \"\$f\" >short && cp short \"\$f\" && ! '$longshot' merge old 2>err && grep -q 'the header must be' err"

cp valid.txt keep && echo more >>valid.txt
check "another text under the same path is refused" exits 1 "$longshot" run a/config.json -o again --plots no
check "by its sum" has err "texts: valid.txt: must be the file of SHA-256"
check "and named where the study is run again" sh -c "cp -r a text && '$longshot' run study.json -o text --plots no 'seeds=[1,2,3]' >out 2>err && grep -q 'text: texts.valid.txt.bytes' err"
check "eval of old weights says so" sh -c "'$longshot' eval \$(ls a/checkpoints/*/model.safetensors | head -1) 'eval.lengths=[\"1x\"]' >out 2>err && grep -q 'not the text of the study' err"
cp keep valid.txt
check "with the old one again nothing is said" sh -c "'$longshot' eval \$(ls a/checkpoints/*/model.safetensors | head -1) 'eval.lengths=[\"1x\"]' >out 2>err && ! grep -q 'not the text' err"

# -------------------------------------------------------------------------------------- verify
tampered() { # tampered NAME PROGRAM TEXT: a copy t of good, changed by PROGRAM, is told with TEXT
    rm -rf t && cp -r good t && sh -c "$2" && exits 3 "$longshot" verify t && has out "$3"
}
check "a study to verify" run more.json good
check "can be made again here" exits 0 "$longshot" verify good --exact
check "every line says so" test "$(grep -vc '^ok ' out)" = 0
check "texts are those it read" has out "ok       texts: 2 files as the study read them"
check "cells as they were" has out "ok       cells: 4 of 4 as they were written"
check "the registration has its hash" sh -c "grep -q \"hash \$('$longshot' run more.json --print-hash)\" out"
check "for programs" sh -c "'$longshot' verify good --json | jq -e '.reproducible and .bytes == \"same\" and (.checks | length) > 8'"
check "it changes nothing" sh -c "cp -r good t && find good -type f | sort | xargs sha256sum >s1 && '$longshot' verify good >out && find good -type f | sort | xargs sha256sum | cmp - s1"

check "a cell that is gone" tampered gone 'rm -r "t/cells/$(ls t/cells | head -1)"' "missing  cells: "
check "a cell changed" tampered cell 'f=$(ls t/cells/*/metrics.csv | head -1) && sed "s/,ok,/,ok ,/" "$f" >x && cp x "$f"' "differs  cells: "
check "a cell without its sums" tampered sums 'rm "t/cells/$(ls t/cells | head -1)/cell.sha256"' "no cell.sha256"
check "another number in metrics.csv" tampered rows 'sed "2s/[0-9],4/9,4/;3s/0\\./1./" t/metrics.csv >x && cp x t/metrics.csv' "differs  tables: metrics.csv: not what the cells say"
check "another number in blocks.csv.gz" tampered blocks 'gunzip <t/blocks.csv.gz | sed 5s/1/2/ | gzip >x && cp x t/blocks.csv.gz' "differs  tables: blocks.csv.gz"
check "another loss in train.csv" tampered train 'sed 3s/0/1/ t/train.csv >x && cp x t/train.csv' "differs  tables: train.csv"
check "another time in runs.csv" tampered runs 'sed 2s/,ok,/,ok,1/ t/runs.csv >x && cp x t/runs.csv' "differs  tables: runs.csv"
check "rows of another study" tampered foreign 'sed "2s/^tiny,./tiny,z/" t/metrics.csv >x && cp x t/metrics.csv' "is not of this study"
check "no rows" tampered norows 'rm t/metrics.csv' "missing  tables: t/metrics.csv"
check "another config" tampered config 'sed "s/\"steps\": 10/\"steps\": 11/" t/config.json >x && cp x t/config.json' "differs  plan: "
check "another plan" tampered plan 'sed 1d t/plan.jsonl >x && cp x t/plan.jsonl' "differs  plan: "
check "no config" tampered noconfig 'rm t/config.json' "missing  config: "
check "an edited claim" tampered claim 'jq ".claims[0].ratio = 2" t/config.json >x && cp x t/config.json && rm t/plan.sha256' "differs  registration: flat: changed, not registered"
check "an edited registration" tampered registered 'sed s/somebody/nobody/ t/registration.json >x && cp x t/registration.json' "differs  registration: registration.json: does not match its hashes"
check "an entry that is cut out" tampered entry 'jq ".entries = .entries[1:]" t/registration.json >x && cp x t/registration.json' "differs  registration: "
check "no registration" tampered unregistered 'rm t/registration.json' "missing  registration: "
check "an edited sum of a text" tampered textsum 'sed "s/\"sha256\": \"[0-9a-f]/\"sha256\": \"x/" t/config.json >x && cp x t/config.json' "differs  texts: "
echo more >>valid.txt
check "another text" tampered text 'true' "differs  texts: valid.txt: must be $(wc -c <keep) bytes"
check "gives other cells" has out "differs  plan: config.json gives 4 cells here, of which 0 are among the 4"
rm valid.txt
check "a text that is gone" tampered lost 'true' "missing  texts: valid.txt: no such file"
check "and then no plan" has out "missing  plan: cannot be made here"
cp keep valid.txt
check "two kinds of kernels are told" sh -c \
    "cp -r good t2 && sed '2s/,plain,\|,avx2,\|,avx512,/,other,/' t2/runs.csv >x && cp x t2/runs.csv && '$longshot' verify t2 >out 2>err; grep -q 'other    kernels: 2 kinds in one folder' out"
check "another kernel is no obstacle" exits 0 env LX_SIMD=plain "$longshot" verify good
check "but not the same bytes" has out "here plain"
check "which --exact asks for" exits 3 env LX_SIMD=plain "$longshot" verify good --exact
check "rows that are packed are enough" exits 0 "$longshot" merge good --pack
check "in a clone" sh -c "mkdir clone && cp -r good/config.json good/*.csv good/blocks.csv.gz good/registration.json clone && mkdir clone/cells && cp good/cells/*.gz clone/cells && '$longshot' verify clone"
check "rows without are not" sh -c "rm -r clone/cells; ! '$longshot' verify clone >out 2>err && grep -q '4 of 4 cells have rows in metrics.csv only' out"
check "what is no folder" exits 1 "$longshot" verify study.json
check "is said" has err "must be a results folder, got a file"

# ------------------------------------------------------------------------------------ verdicts
jq '.name = "two" | .claims = [.claims[0], .claims[0] + {id: "worse", op: ">", ratio: 1.2}, .claims[0] + {id: "aside", role: "secondary"},
    .claims[0] + {id: "nope", left: {encoding: "nope", length: "2x"}, op: ">", ratio: 0.9}]' study.json >two.json
"$longshot" run study.json -o one --plots no >out 2>err
"$longshot" run more.json -o one --plots no >out 2>err
"$longshot" run two.json -o two --plots no >out 2>err
check "two studies are one family" exits 0 "$longshot" verdicts one two
check "of their primary claims" has out "5 primary claims of 2 studies"
check "and no others" lacks out "aside"
check "with what was registered when" sh -c "grep 'later: ' out | grep -q 'added after 4 of 4 cells' && grep 'worse: ' out | grep -q 'before the first cell'"
check "for programs" exits 0 "$longshot" verdicts one two --format csv -o all.csv
# Holm again, from the definition: p(i) times those that are left, never below the one before.
perl -ne 'chomp; my @f = split /,/; if ($. == 1) { $at{$f[$_]} = $_ for 0 .. $#f; next }
    push @p, [$f[$at{p}], $f[$at{p_holm}]];
    END { my $most = 0; my $n = grep { $_->[0] ne "" } @p;
        for (sort { $a->[0] <=> $b->[0] } grep { $_->[0] ne "" } @p) {
            my $want = $_->[0] * $n--; $want = 1 if $want > 1; $most = $want if $want > $most;
            exit 1 if abs($most - $_->[1]) > 1e-8 }
        exit(@p == 5 ? 0 : 1) }' all.csv
check "Holm is over all of them" test $? = 0
check "by themselves they are what their folders say" sh -c \
    "'$longshot' verdicts two --format csv | awk -F, 'NR > 1 { print \$4, \$16, \$17 }' >v && awk -F, 'NR > 1 && /primary/ { print \$1 }' two/claims.csv | while read -r c; do grep -q \"^\$c \\([a-z ]*\\) \\1\$\" v || exit 1; done"
check "markdown" sh -c "'$longshot' verdicts one two --format markdown | grep -q '^| one | flat: alibi is flat |'"
check "latex" sh -c "'$longshot' verdicts one two --format latex | grep -q 'begin{tabular}'"
check "an unknown format" exits 2 "$longshot" verdicts one --format markdwon
check "is told from its neighbour" has err 'did you mean "markdown"?'
check "a folder twice" exits 2 "$longshot" verdicts one two one
check "would count twice" has err "one: must be given once"
cp -r two mixed && sed 's/,longshot-2$/,longshot-1/' two/metrics.csv >mixed/metrics.csv && rm mixed/blocks.csv.gz
check "mixed protocols" exits 0 "$longshot" verdicts one mixed
check "are told" sh -c "grep -q 'Protocols differ: one has longshot-2, mixed has longshot-1' out && grep -q 'warning: one is of protocol' err"
check "a folder without claims" sh -c "jq 'del(.claims)' two/config.json >x && cp -r two bare2 && cp x bare2/config.json && '$longshot' verdicts bare2 2>err; grep -q 'no primary claims' err"

echo "1..$n"
exit $bad
