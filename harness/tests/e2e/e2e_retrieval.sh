#!/bin/sh
# Retrieval through the command line: prompts of any length from a dataset that makes them, rows by
# length and depth that do not depend on how the run came about, and the heat map. TAP on stdout.
. "$(dirname "$0")/tap.sh"

run() { exits "$@"; }
cat >keys.json <<'JSON'
{
  "name": "keys",
  "dataset": {"name": "questions", "longest": 32, "train_tokens": 20000, "valid_tokens": 4000},
  "model": {"layers": 1, "d_model": 16, "heads": 2},
  "train": {"length": 32, "batch_tokens": 128, "steps": 30, "lr": 0.003, "warmup": 5},
  "encodings": [
    "learned",
    {"id": "alibi", "stack": ["alibi"],
     "evaluate_as": [{"id": "warm", "stack": ["alibi", {"name": "temperature", "tau": 1.5}]}]}
  ],
  "eval": {"lengths": ["1x", "4x"], "tokens": 1024},
  "analyses": [{"name": "retrieval", "depths": 3, "prompts": 10}],
  "seeds": [1, 2]
}
JSON

for task in passkey lines documents; do
    check "a sample of $task" run 0 "$longshot" sample keys.json dataset.task=$task --split train -n 200
    check "has questions" has out "?"
done
check "run" run 0 "$longshot" run keys.json -o a -j2
rows() { grep ",retrieval,,$1," a/metrics.csv; }
# 2 seeds x 2 lengths x (3 depths + all) for each stack; the learned table has only its own length.
check "a row for each length and depth" test "$(rows retrieval_accuracy | grep -c ',alibi,alibi,.*,ok,')" = 16
check "under every stack" test "$(rows retrieval_accuracy | grep -c ',alibi,warm,.*,ok,')" = 16
check "and the likelihoods" test "$(rows retrieval_nll | grep -c ',alibi,warm,.*,ok,')" = 16
check "a learned table ends at its length" test "$(rows retrieval_accuracy | grep -c ',learned,.*,ok,')" = 8
check "beyond it does not apply" test "$(rows retrieval_accuracy | grep -c ',learned,.*,not_applicable,')" = 2
check "depths are per cent" test "$(rows retrieval_accuracy | cut -d, -f15 | sort -u | tr '\n' ' ')" = " 0 100 50 "
check "prompts are counted" test "$(rows retrieval_accuracy | grep ',ok,' | cut -d, -f15,20 | sort -u | tr '\n' ' ')" = ",30 0,10 100,10 50,10 "
for f in retrieval retrieval_map; do
    check "figure $f" test -s a/plots/$f.dat -a -s a/plots/$f.gp
done
if command -v gnuplot >/dev/null; then
    check "the map is drawn" test -s a/plots/retrieval_map.png -a -s a/plots/retrieval_map.svg
fi
check "one at a time" run 0 "$longshot" run keys.json -o b -j1 --plots no
check "gives the same bytes" cmp a/metrics.csv b/metrics.csv

# The same trained weights, asked again under alignment.
aligned='analyses=[{"name":"retrieval","depths":3,"prompts":10,"align":"both","align_windows":4}]'
check "aligned" run 0 "$longshot" run keys.json "$aligned" -o a -j2 --plots no
check "the stack's own rows are as before" sh -c '
    but_cell() { cut -d, -f1,3-; }
    grep -v "+align-" a/metrics.csv | but_cell >1 && but_cell <b/metrics.csv >2 && test -s 1 && cmp 1 2'
# 2 seeds x 2 strategies x (3 depths + all) for each stack of alibi
check "a row for each strategy" test "$(grep -c ',retrieval,,retrieval_accuracy,.*,ok,' a/metrics.csv)" = $((16 + 16 + 8 + 2 * (16 + 16 + 8)))
check "at its temperature" test "$(grep -c ",retrieval_temperature,.*,ok," a/metrics.csv)" = 20
check "nothing moves at the training length" sh -c '
    at() { grep ",32,32,retrieval,,retrieval_[an]" a/metrics.csv | grep ",$1,questions," | cut -d, -f3,5-; }
    at alibi+align-entropy >1 && at alibi >2 && test -s 1 && cmp 1 2 && at warm+align-max_prob >1 && at warm >2 && cmp 1 2'
check "the table shows answers" has a/table.md "Share of right answers"
check "and those under alignment" has a/table.md "alibi as warm+align-max_prob"
check "one at a time" run 0 "$longshot" run keys.json "$aligned" -o b -j1 --plots no
check "gives the same bytes" cmp a/metrics.csv b/metrics.csv
check "what cannot be aligned by" run 2 "$longshot" plan keys.json 'analyses=[{"name":"retrieval","align":"mean"}]'
check "is said with what can" has err 'analyses[0].align: must be one of none, entropy, max_prob, both'

check "without prompts" run 2 "$longshot" plan keys.json 'dataset={"name":"journal"}'
check "it is said who has them" has err \
    'analyses[0]: retrieval needs a dataset that makes prompts (questions), got journal'
check "too short" run 2 "$longshot" plan keys.json 'eval.lengths=[4,64]' eval.stride=4
check "is said before anything runs" has err \
    'analyses[0].lengths[0]: must be at least 7 tokens, so that a fact and a question fit, got 4'
echo "1..$n"
exit $bad
