#!/bin/sh
# What claims may be used to say: studies with known faults, each found by its own mark or premise, and
# every effect, interval, p and verdict worked out again by a second program (recompute.pl), of planted
# studies, of a real run, and of results of the first protocol.
# TAP on stdout; the program under test is $LONGSHOT or build/longshot.
. "$(dirname "$0")/tap.sh"
here=$root/harness/tests/e2e

# plant FAULT: a study in the folder FAULT and its report in out and err.
plant() {
    perl "$here/plant.pl" "$1" "$1" && exits 0 "$longshot" report "$1" --no-plots && cp out "$1.out" && cp err "$1.err"
}
# verdict FOLDER CLAIM WORD: of every dataset
verdict() {
    awk -F, -v id="$2" '$1 == id' "$1/claims.csv" | grep -vqF ",$3," && { grep "^$2," "$1/claims.csv"; return 1; }
    grep -q "^$2,.*,$3," "$1/claims.csv"
}
reason() { grep "^$2," "$1/claims.csv" | grep -qF -e "$3" || { grep "^$2," "$1/claims.csv"; return 1; }; }

# ------------------------------------------------------------------------------- a sound study
check "a study with nothing wrong" plant none
check "is recomputed: effects, intervals, p, verdicts" perl "$here/recompute.pl" none
check "a number that is changed is noticed" sh -c \
    "mkdir wrong && cp none/* wrong && sed 's/^keeps,\(.*\),holds,/keeps,\1,fails,/' none/claims.csv >wrong/claims.csv && ! perl '$here/recompute.pl' wrong"
check "an interval without the text is noticed" sh -c \
    "rm wrong/* && cp none/* wrong && rm wrong/blocks.csv.gz && ! perl '$here/recompute.pl' wrong"
check "intervals speak of seeds and text where blocks are" reason none better "seeds and text"
check "of seeds alone for positions" reason none bins "seeds alone"
check "and for other metrics" reason none match "seeds alone"
check "a gain in one view is no gain" verdict none gains undecided
check "the reason is said" reason none gains "the two views disagree"
check "where the paper's view is named it holds there only" has none.out "holds      gains-named (non-overlapping only)"
check "with the other number beside it" sh -c "grep -A1 'gains-named' none.out | grep -q 'last x1.000'"
check "what needs far tokens is tested where they help" verdict none far holds
check "what needs convergence is tested where it is there" verdict none long holds
check "an earlier claim that fails stops those it is a premise of" verdict none after-worse "not testable"
check "seeds that did not learn are counted" reason none unlearned "3 seeds had not learned"
check "and too few are no test" verdict none unlearned undecided
check "places among encodings, over datasets" verdict none places-of-match holds
check "the table has the interval of the longest length" has none.out "95% at 128, seeds and text"
# One interval for one value: the page's sentence, its curves (from five seeds on), the tables and table.csv.
check "a study of five seeds" plant five
check "says one interval of a value everywhere" perl -we '
    my (%ppl, $all, $n);
    sub slurp { local (@ARGV, $/) = @_; return <> }
    for (split /\n/, slurp("five/table.csv")) {
        my @c = split /,/;
        $ppl{$c[2]}{$c[5]} = [@c[10, 19, 20]] if $c[0] eq "books" && $c[3] eq "last" && $c[7] eq "128";
    }
    my ($page, $md, $tex) = (slurp("five/report.html"), slurp("five/table.md"), slurp("five/table.tex"));
    for my $train (sort keys %ppl) {
        my ($best) = sort { $ppl{$train}{$a}[0] <=> $ppl{$train}{$b}[0] } keys %{$ppl{$train}};
        my ($low, $high) = map { sprintf "%.2f", $_ } @{$ppl{$train}{$best}}[1, 2];
        my ($lo, $hi) = map { sprintf "%.5g", $_ } @{$ppl{$train}{$best}}[1, 2];
        $page =~ /<b>\Q$best\E<\/b> is best at \dx: [\d.]+ \[$low, $high\]/ or die "sentence: $best [$low, $high]\n";
        $page =~ /"lo":\[[^]]*\b\Q$lo\E\b.*"hi":\[[^]]*\b\Q$hi\E\b/ or die "curve: $best [$lo, $hi]\n";
        $md =~ /^\| \Q$best\E +\|.*\| +$low to $high \|$/m or die "table.md: $best $low to $high\n";
        $tex =~ /& $low to $high *\\\\/ or die "table.tex: $best $low to $high\n";
    }
    keys %ppl == 3 or die "lengths\n"'

# --------------------------------------------------------------------------- each fault by its own
check "positions that differ are refused" reason none places "positions that differ are other tokens of the text"
check "and not testable" verdict none places "not testable"
check "texts that differ are refused" verdict none texts "not testable"
check "a scheme worse than a table of pairs is not testable" verdict none poor "not testable"
check "unless it is a control" verdict none poor-control holds
check "rates that were never tried are not inside" reason none tuned "no rates were tried for good"
check "a paper's number on the other side is a warning" has none.err "claim worse: the paper's own number, 0.9, is on the other side"
check "once for a claim" test "$(grep -c "claim worse" none.err)" = 1
check "and stands in the table" has none/claims.md "(on the other side)"
check "an undertrained study" plant undertrained
check "has nothing to say of training longer" verdict undertrained long "not testable"
check "because longer training made it worse" reason undertrained long "trained at 32 tokens is not shown to read them as well as trained at 16 reads 16"
check "the rest is judged as it was" verdict undertrained better holds
check "a study in which context is of no use" plant no_far
check "cannot tell who uses it" verdict no_far far "not testable"
check "because nobody does" reason no_far far "no scheme trained at 128 tokens is shown to read the same targets 2% better"
check "a scheme that sees its targets" plant ahead
check "is not testable" verdict ahead better "not testable"
check "and told of" has ahead.err "reads ahead (trained at 16 tokens, better than the source of the text allows): good[length=16]"
check "in the table, too" has ahead/table.md "reads ahead"
check "a scheme that still learns" plant learning
check "is marked" has learning.err "still learning (trained at 16 tokens, the loss fell by more than 1% in the last tenth): good[length=16]"
check "in the table, too" has learning/table.md "still learning"
check "no other is" sh -c "! grep 'still learning' learning.err none.err | grep -q flat && ! grep -q 'still learning' none.err"
check "a study whose rates were tried" plant rates
check "meets the premise that the best is inside" verdict rates tuned holds
check "says where its verdict turns at the next rate" reason rates better "depends on the rate: turns with flat at 0.02"
check "keeps the verdict" verdict rates better holds
check "marks it for programs" sh -c "grep '^better,' rates/claims.csv | grep -c ',depends on the rate.\?\$' | grep -qx 2"
check "and on the page" has rates/report.html "depends on the rate: turns with flat at 0.02"
check "not what turns at no rate" sh -c "! grep '^keeps,' rates/claims.csv | grep -q 'depends on the rate'"
check "nor where nothing was tried" lacks none/claims.csv "depends on the rate"
check "nor what is undecided anyway" sh -c "! grep ',undecided,' rates/claims.csv | grep -q 'depends on the rate'"
check "a study in which another length says the contrary" plant turns
check "keeps the verdict of the length that was named" verdict turns short holds
check "and says that it is not so there" reason turns short "clearly not at 8x"
check "as it does for what fails" reason turns better "but holds at 2x"
check "also on the page" has turns/report.html "clearly not at 8x"
check "and in its words for people" has turns.out "clearly not at 8x"
check "not where all lengths agree" sh -c "! cut -d, -f1,2- none/claims.csv | grep '^short,' | grep -q 'at 8x'"
check "both sides the same numbers" reason none itself "both sides are the same numbers"
check "a best rate at the edge" plant edge
check "is no best rate" verdict edge tuned "not testable"
check "with the rate" reason edge tuned "premise rate_inside: the best rate of good, 0.02, is the largest that was tried"
check "a table of rates that is damaged" sh -c \
    "sed -i '2s/,16,/,x,/' edge/tune/tune.csv && '$longshot' report edge --no-plots 2>err; test \$? = 1 && grep -q 'edge/tune/tune.csv: row 1: train_length' err"
for f in undertrained no_far ahead rates; do
    check "$f is recomputed" perl "$here/recompute.pl" $f
done

# -------------------------------------------------------------------------------- a real run
cat >run.json <<'JSON'
{
  "name": "tiny",
  "dataset": {"name": "journal", "train_tokens": 20000, "valid_tokens": 6000},
  "model": {"layers": 1, "d_model": 16, "heads": 2},
  "train": {"length": 16, "batch_tokens": 128, "steps": 20, "warmup": 5},
  "encodings": ["nope", "alibi"],
  "eval": {"lengths": ["1x", "4x"], "modes": ["last", "nonoverlapping"], "tokens": 4096},
  "seeds": [1, 2, 3],
  "claims": [
    {"id": "one", "role": "control", "text": "t", "source": "s", "left": {"encoding": "alibi", "length": "4x"}, "op": "<=", "right": {"length": "1x"}, "ratio": 1.2},
    {"id": "two", "role": "control", "text": "t", "source": "s", "left": {"encoding": "alibi", "length": "4x"}, "op": "<", "right": {"encoding": "nope"}},
    {"id": "bins", "role": "control", "text": "t", "source": "s", "left": {"encoding": "alibi", "length": "4x", "metric": "nll", "positions": ["1x", "4x"]}, "op": "<", "right": {"encoding": "nope", "length": "4x", "positions": ["1x", "4x"]}},
    {"id": "spreads", "role": "control", "text": "t", "source": "s", "left": {"encoding": "alibi", "length": "4x", "metric": "attention_entropy", "minus": {"length": "1x"}}, "op": ">", "right": {"encoding": "nope", "length": "4x", "minus": {"length": "1x"}}},
    {"id": "question", "text": "t", "source": "s", "left": {"encoding": "alibi", "length": "4x"}, "op": "within", "right": {"length": "1x"}, "ratio": 1.2}
  ]
}
JSON
check "a real run" exits 0 "$longshot" run run.json -o real --plots no
check "is recomputed" perl "$here/recompute.pl" real
check "with its text" reason real two "seeds and text"
check "and entropies, at the last positions" reason real spreads "seeds alone"

# ------------------------------------------------------------------------- the first protocol
cp -r "$root/results/papers/alibi-train-short" old
check "results of the first protocol report" exits 0 "$longshot" report old --no-plots
check "say that seeds speak alone" has old/claims.md "Protocol longshot-1: no sums by block of text"
check "and warn where the paper's table says the contrary" has err "claim short-64-128: the paper's own number, 1.037, is on the other side"
check "and are recomputed" perl "$here/recompute.pl" old
check "two protocols in one folder are refused" sh -c \
    "cp none/metrics.csv mixed.csv && tail -1 old/metrics.csv >>mixed.csv && mkdir mixed && mv mixed.csv mixed/metrics.csv && '$longshot' report mixed --no-plots 2>err; test \$? = 1 && grep -q 'are of two protocols' err"
echo "1..$n"
exit $bad
