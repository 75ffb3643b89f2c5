#!/bin/sh
# Every command's help, its answers to wrong command lines, and the commands that show rather than
# run: plan, list, describe, sample, eval, probe, schema, version. TAP on stdout; the program under
# test is $LONGSHOT or build/longshot.
. "$(dirname "$0")/tap.sh"

run() { want=$1; shift; exits "$want" "$longshot" "$@"; }
# says STATUS LINE ARGS...: the status, nothing on stdout, and exactly this first line on stderr.
says() {
    line=$2
    want=$1
    shift 2
    run "$want" "$@" || return 1
    [ ! -s out ] || { echo "stdout is not empty"; return 1; }
    [ "$(head -1 err)" = "longshot: $line" ] || { echo "expected: $line"; return 1; }
}
line() { grep -qxF -e "$2" "$1" || { echo "$1 lacks the line: $2"; return 1; }; }

cat >tiny.json <<'JSON'
{
  "name": "tiny",
  "dataset": {"name": "journal", "train_tokens": 20000, "valid_tokens": 4000},
  "model": {"layers": 2, "d_model": 16, "heads": 2},
  "train": {"length": 16, "batch_tokens": 64, "steps": 30, "lr": 0.003, "warmup": 5},
  "encodings": [{"id": "r", "stack": ["rope"]}],
  "eval": {"lengths": ["1x", "2x"], "tokens": 1024}
}
JSON

# ---------------------------------------------------------------------------------------- usage
check "no command: the list of commands" run 0
check "names what there is" has out "describe"
check "--help does the same" run 0 --help
for c in run plan cell status merge report eval probe sample list describe bench version; do
    check "$c --help" run 0 "$c" --help
    check "$c --help shows usage and options" sh -c "head -1 out | grep -q '^usage: longshot $c' && grep -q -e '--help' out"
done
check "a typo in a command" says 2 'unknown command "rnu" (did you mean "run"?)' rnu
check "an unknown command" says 2 'unknown command "xyzzy"' xyzzy
check "gets a hint" has err "hint: \`longshot --help\` lists them"
check "a typo in an option" says 2 "unknown option --job (did you mean --jobs?)" run tiny.json --job 2
check "a wrong word for --products" says 2 '--products: must be own or openblas, got "mkl"' run tiny.json --products mkl
# The choice reaches the workers, and runs.csv says whose kernels multiplied.
multiplied() { run 0 run tiny.json -o "$1" --plots no --products "$1" && cut -d, -f13 "$1/runs.csv" | sed 1d | grep -qx "$2"; }
check "--products own" multiplied own own
check "--products openblas" multiplied openblas "$("$longshot" version | sed -n 's/^kernels  *\([^ ]*\).*/\1/p')"
check "--products changes no digit that is read" "$longshot" compare openblas own --preset exact
check "an unknown letter" says 2 "unknown option -z" run tiny.json -z
check "a key that is given as an option" says 2 "unknown option --steps" plan tiny.json --steps=5
check "is shown as a key" has err "keys of the config have no dashes: train.steps=1000"
check "--dry-run" says 2 "unknown option --dry-run" run tiny.json --dry-run
check "is what plan does" has err "hint: \`longshot plan CONFIG\`"
check "a missing value" says 2 "-j: must be followed by N" run tiny.json -j
check "a value of the wrong type" says 2 '-j: must be a whole number, got "two"' run tiny.json -j two
check "a value too small" says 2 "--jobs: must be at least 1, got 0" run tiny.json --jobs=0
check "a value that is none" says 2 '--memory: must be a number of bytes like 1000000, 512M or 2G, got "2T"' \
    run tiny.json --memory 2T
check "a flag with a value" says 2 '--no-plots: takes no value, got "1"' report . --no-plots=1
check "too few arguments" says 2 "run: too few arguments, got 0" run
check "too many arguments" says 2 "version: too many arguments, got 1" version 1
check "a config that is not there" says 2 "no.json: no such file" run no.json
check "a folder and a file with typos" run 2 plan "${root%/*}/$(basename "$root")/confgs/smok.json"
check "get a hint" has err "/configs/smoke.json\"?"
check "a config with a typo" says 2 'override train.stepz=1: train: unknown key "stepz" (did you mean "steps"?)' \
    plan tiny.json train.stepz=1
check "a key without its section" says 2 'override steps=5: unknown key "steps"' plan tiny.json steps=5
check "is shown with it" has err 'hint: it is a key of "train": {"train": {"steps": ...}}, or train.steps=...'
check "fewer steps than it takes to warm up" run 2 plan tiny.json train.steps=4
check "are told what goes beside them" has err 'hint: beside 4 steps, say, "warmup": 0'
check "lengths that are meant as multiples" run 2 plan tiny.json eval.lengths=1,2
check "are shown as such" has err 'are written "1x"'
check "several rates without a sweep" run 2 plan tiny.json 'train.lr=[0.001,0.002]'
check "are shown as one" has err '{"sweep": [...]}'
check "an option's value as an encoding" run 2 plan tiny.json encodings=yarn
check "is shown where it goes" has err 'hint: {"name": "rope", "scaling": "yarn"}'
check "a file as a dataset" run 2 plan tiny.json dataset=my.txt
check "is shown as one" has err 'hint: a file of your own: {"name": "text", "path": "my.txt"}'
check "a claim in words" run 2 plan tiny.json 'claims=["alibi < rope"]'
check "is told where claims are explained" has err "hint: \`longshot describe claims\` shows how it is written"
"$longshot" describe claims | sed -n '/^example:/,$p' | sed 1d >example.json
check "by an example that is one" run 0 plan tiny.json encodings=alibi,rope eval.lengths=1x,8x eval.tokens=4096 "claims=[$(tr -d '\n' <example.json)]"
check "a seed that is no list" sh -c "sed 's/\"name\": \"tiny\",/& \"seeds\": 5,/' tiny.json >seed.json && ! '$longshot' plan seed.json 2>err && grep -qF 'hint: each seed is named: [1, 2, 3]' err"
check "an argument that is no override" says 2 'an override must be key=value, got "nonsense"' plan tiny.json nonsense
check "a value with a typo names the override" says 2 'override train.lr=1e3O: must be a number, got "1e3O"' plan tiny.json train.lr=1e3O
check "help COMMAND" run 0 help plan
check "is the help of the command" sh -c "head -1 out | grep -q '^usage: longshot plan '"
check "help of a typo" says 2 'unknown command "pln" (did you mean "plan"?)' help pln
check "--help with a value" says 2 '--help: takes no value, got "1"' run --help=1
for v in -V -v --version; do
    check "$v" run 0 $v
    check "is the version" sh -c "head -1 out | grep -q '^longshot [0-9]'"
done
check "lists on the command line" run 0 plan tiny.json seeds=1..2 'encodings=nope,rope+alibi'
check "a data file that is not there" says 1 'override dataset={"name":"text","train":"no.txt","valid":"no.txt"}: dataset.train: no.txt: no such file' \
    plan tiny.json 'dataset={"name":"text","train":"no.txt","valid":"no.txt"}'
check "cell without a choice" says 2 "cell: must have one of --id, --index and --shard" cell tiny.json
check "cell with two choices" says 2 "cell: must have one of --id, --index and --shard" cell tiny.json --index 0 --shard 0/2
check "an index past the end" says 2 "--index: must be below 1, the cells of the plan, got 1" cell tiny.json --index 1
check "a shard that is none" says 2 '--shard: must be I/N with 0 <= I < N, got "2/2"' cell tiny.json --shard 2/2
check "an id that is none" says 2 '--id: no cell of the plan has the id "abc"' cell tiny.json --id abc
check "a results folder that is not there" says 1 "nowhere: no such folder" report nowhere

# --------------------------------------------------------------------------- list, describe, plan
check "plan" run 0 plan tiny.json seeds=1..3 --json
check "prints one object a line" sh -c "test \$(wc -l <out) = 3 && grep -c '^{\"id\":\"[0-9a-f]\{16\}\",\"train_id\":\"[0-9a-f]\{16\}\",\"encoding\":\"r\",\"dataset\":\"journal\",\"seed\":[123],\"lr\":[0-9.]*,\"parameters\":[0-9]*,\"flops\":[0-9]*,\"bytes\":[0-9]*}\$' out | grep -qx 3"
check "list" run 0 list
check "list names schemes and datasets" sh -c "grep -q '^alibi ' out && grep -q '^journal ' out"
check "list encodings" run 0 list encodings
check "list encodings names all files of encodings/ but those with a header" sh -c \
    "for f in '$root'/encodings/*.c; do b=\$(basename \$f .c); [ \$b = encoding_list ] || [ -e \${f%.c}.h ] || grep -q \"^\$b \" out || exit 1; done"
check "list datasets has no encodings" sh -c "'$longshot' list datasets | grep -q '^text ' && ! '$longshot' list datasets | grep -q alibi"
check "list analyses" run 0 list analyses
check "list analyses names no dataset" sh -c "grep -q '^receptive_field ' out && ! grep -q '^journal ' out"
check "list of something else" says 2 'list: must be encodings, schedules, datasets, analyses or checkpoints, got "models"' list models
check "describe a scheme" run 0 describe rope
check "gives its source and options" sh -c "grep -q 'arXiv:2104.09864' out && grep -q '^  base ' out"
check "describe a dataset" run 0 describe journal
check "gives its options" sh -c "grep -q '^  train_tokens ' out"
for a in $("$longshot" list analyses | cut -d' ' -f1); do
    check "describe $a" run 0 describe "$a"
    check "names its metrics" grep -q "^  metrics  [a-z]" out
done
check "list of a typo" says 2 'list: must be encodings, schedules, datasets, analyses or checkpoints, got "encoding" (did you mean "encodings"?)' list encoding
check "describe a typo in an option" says 2 'stack[0].scaling: must be one of none, pi, ntk, dynamic_ntk, yarn, llama3, longrope, mixed_ntk, got "yarm" (did you mean "yarn"?)' describe rope scaling=yarm
check "describe a choice by its word" sh -c "'$longshot' describe rope+yarn --length 64 --train-length 8 >x && '$longshot' describe rope scaling=yarn --length 64 --train-length 8 >y && cmp x y"
check "describe a name and a checkpoint" says 2 '--checkpoint: takes the place of NAME, got "t5" too' describe t5 --checkpoint x
check "describe a typo" says 2 'unknown encoding, dataset, analysis or section "ropee" (did you mean "rope"?)' describe ropee
for e in $("$longshot" list encodings | cut -d' ' -f1); do
    check "describe $e" run 0 describe "$e"
    check "describe $e --length" run 0 describe "$e" --length 8
    check "describe $e prints CSV" test "$(head -1 out)" = "kind,head,position,channel,value"
    case $e in
    nope | window | positions) ;; # with their defaults they apply nothing
    *) check "describe $e shows what it applies" test "$(wc -l <out)" -gt 1 ;;
    esac
done
# The last of twelve queries, and a key each of which the distance is known from the definition.
check "describe shows distances past a window" run 0 describe rope+leaky_rerope leaky_rerope.window=4 leaky_rerope.factor=2 --length 12
check "pressed together" sh -c "grep -qx 'apart,,1,,7' out && grep -qx 'apart,,8,,3' out"
check "describe hides keys" run 0 describe rope+streaming streaming.sinks=2 streaming.recent=3 --length 12
check "but not the first ones" sh -c "grep -qx 'always_seen,,,,2' out && grep -qx 'first_seen,,11,,9' out && grep -qx 'apart,,0,,4' out && ! grep -q '^apart,,2,' out"
check "describe turns by positions" run 0 describe positions+rope positions.stride=0.5 --length 5 --heads 1 --head-dim 2
check "that lie between tokens" sh -c "grep -qx 'position,,3,,1.5' out && grep -qx 'rotation,,3,0,1.5' out"
check "describe shows a draw" run 0 describe positions draw=subset --length 40 --train-length 8
check "of a training sequence" test "$(grep -c '^drawn,' out)" = 8
check "describe shows gates on noise" sh -c "'$longshot' describe fox --length 6 --heads 1 | grep -qx 'key,0,5,,0'"
check "describe shows weights" sh -c "'$longshot' describe entmax alpha=2 --length 6 --heads 1 | awk -F, '\$1 == \"weight\" {s += \$5} END {exit !((s - 1)^2 < 1e-10)}'"
for e in $("$longshot" list schedules | cut -d' ' -f1); do
    check "describe $e" run 0 describe "$e"
    check "describe $e --length" run 0 describe "$e" --length 64 --layer 1
    check "describe $e shows what it applies" test "$(wc -l <out)" -gt 1
done
check "describe shows one layer of a schedule" sh -c "'$longshot' describe smollm3 --length 4 --layer 3 >x && '$longshot' describe smollm3 --length 4 --layer 2 >y && ! grep -q rotation x && grep -q rotation y"
# Press et al.: eight heads have the slopes 1/2, 1/4, ..., 1/256.
check "describe shows slopes" run 0 describe alibi --heads 8 --length 4
check "of the first head" line out "dist,0,3,,-1.5"
check "of the last head" line out "dist,7,2,,-0.0078125"
# Su et al.: channel pair c of d turns by position * base^(-2c/d): here 1 and 100^(-1/2) = 0.1.
check "describe shows angles" run 0 describe rope base=100 --length 3 --heads 1 --head-dim 4
check "of the first pair" sh -c "awk -F, '\$1==\"rotation\" && \$3==2 && \$4==0 && (\$5-2)^2<1e-10 {f=1} END{exit !f}' out"
check "of the second pair" sh -c "awk -F, '\$1==\"rotation\" && \$3==2 && \$4==1 && (\$5-0.2)^2<1e-10 {f=1} END{exit !f}' out"
check "and no more than these" test "$(grep -c '^rotation,' out)" = 6 -a "$(wc -l <out)" = 7
check "a stack shows both" run 0 describe rope+alibi rope.base=100 --length 4 --heads 2
check "angles and biases" sh -c "grep -q '^rotation,' out && grep -q '^dist,1,' out"
check "a window" sh -c "'$longshot' describe window width=3 --length 8 | grep -qx 'window,,,,3'"
check "nope applies nothing" test "$("$longshot" describe nope --length 8 | wc -l)" = 1
check "a wrong option" says 2 'stack[0]: unknown key "bass" (did you mean "base"?)' describe rope bass=3 --length 8
check "an option of no scheme" says 2 'an option of a stack must be NAME.key=value, got "base=3"' \
    describe rope+alibi base=3 --length 8
check "past the limit of a scheme" says 2 "--length: must be at most 8, the limit of these schemes, got 9" \
    describe learned --length 9 --train-length 8
if command -v gnuplot >/dev/null; then
    check "describe --plot" run 0 describe alibi --heads 8 --length 16 --plot map.png
    check "draws a PNG" test "$(head -c 4 map.png | tail -c 3)" = PNG
    check "and the same bytes again" sh -c "for f in map.*; do cp \$f \$f.old; done && '$longshot' describe alibi --heads 8 --length 16 --plot map.png >/dev/null && for f in map.*.old; do cmp \"\${f%.old}\" \$f || exit 1; done"
else
    skip "describe --plot" "no gnuplot"
fi

# Every scheme is asked for more than any memory holds: it says so at once.
too_long() {
    for e in $("$longshot" list encodings | cut -d' ' -f1); do
        timeout 20 "$longshot" describe "$e" --length 1000000000 >/dev/null 2>err
        [ $? -lt 3 ] || { echo "$e: $(cat err)"; return 1; }
    done
}
check "describe of a thousand million tokens is refused, whatever the scheme" too_long
check "describe says what it would take" run 1 describe alibi --length 1000000000
check "in bytes" has err "bytes of memory"

# ------------------------------------------------------------------------------ sample, version
check "sample" run 0 sample tiny.json -n 50
check "shows text" sh -c "grep -q '[a-z][a-z]' out"
check "sample --tokens" run 0 sample tiny.json --split valid -n 5 --offset 10 --tokens
check "shows tokens" sh -c "head -1 out | grep -qx 'position,token,text,floor_nll,reach,blind_nll' && grep -q '^10,' out && grep -q '^14,' out && ! grep -q '^15,' out"
printf 'caf\303\251 \033[31m \377' >accents.txt
check "sample --tokens of what is no ASCII" run 0 sample tiny.json 'dataset={"name":"text","train":"accents.txt","valid":"accents.txt"}' --tokens -n 20
check "is UTF-8 and drives no terminal" sh -c "iconv -f utf-8 -t utf-8 out >/dev/null && grep -qF '\\xc3' out && grep -qF '\\x1b' out && ! LC_ALL=C grep -q '[^ -~]' out"
awk 'BEGIN { for (i = 0; i < 300; i++) printf "line %d\n", i }' >same.txt && cp same.txt copy.txt
check "trained and evaluated on the same" run 0 plan tiny.json 'dataset={"name":"text","train":"same.txt","valid":"copy.txt"}'
check "draws a word" has err "text, valid split: holds the same tokens as the train split"
check "sample of a file" sh -c "printf 'hello, world' >h.txt && '$longshot' sample tiny.json 'dataset={\"name\":\"text\",\"train\":\"h.txt\",\"valid\":\"h.txt\"}' -n 5 >out && printf 'hello\n' | cmp - out"
check "sample --out" run 0 sample tiny.json -n 50 --out o.txt
check "writes the file" test -s o.txt -a ! -s out
check "an offset past the end" says 2 "--offset: must be below 4000, the tokens of the split, got 4000" \
    sample tiny.json --split valid --offset 4000
check "an unknown split" says 2 '--split: must be train, valid or test, got "dev"' sample tiny.json --split dev
check "version" run 0 version
check "names the kernels" sh -c "grep -q '^kernels .*self-test passed' out && head -1 out | grep -qF \"longshot \$(cat '$root/harness/VERSION')\""
check "the published schema is that of the program" sh -c "'$longshot' schema | cmp - '$root/configs/schema.json'"

# ---------------------------------------------------------------------------------------- bench
check "bench, a typo in a workload" says 2 '--workloads: unknown workload "tinny" (did you mean "tiny"?)' \
    bench --workloads tinny
check "a typo in an encoding" says 2 '--encodings: unknown encoding "alibbi" (did you mean "alibi"?)' \
    bench --encodings rope,alibbi
check "a list with a hole" says 2 '--encodings: must be names with commas between, got "rope,,t5"' \
    bench --encodings rope,,t5
check "a length that is none" says 2 '--lengths: must be a whole number, got "1k"' bench --lengths 128,1k
check "a length too small" says 2 "--lengths: must be at least 2, got 1" bench --lengths 1
check "a length too large" says 2 "--lengths: must be at most 1048576, got 2000000" bench --lengths 2000000
check "no repetition" says 2 "--repeat: must be at least 1, got 0" bench --repeat 0
check "an argument" says 2 "bench: too many arguments, got 1" bench tiny
check "a training length that is none" says 2 '--train-lengths: must be a whole number, got "long"' bench --train-lengths long
check "two lists of schemes" says 2 "--stacks: must stand alone, got --encodings beside it" \
    bench --encodings rope --stacks '["alibi"]'
check "a typo in a stack" says 2 '--stacks: encodings[0].stack[0]: unknown key "widht" (did you mean "width"?)' \
    bench --stacks '[{"stack": [{"name": "window", "widht": 3}]}]'
check "a file of stacks that is none" says 2 "--stacks: no/such.json: no such file" bench --stacks no/such.json
check "pairs and lengths" says 2 "--pairs: must come with workloads, got lengths beside it" bench --pairs 2 --lengths 64
check "bench by pairs" run 0 bench --pairs 2 --workloads tiny --stacks '["nope", "rope"]' --repeat 1 --seconds 0.2 -o pairs
check "is a ratio to the first" grep -qE '^tiny,train,128,nope,rope,2,[0-9.]+,[0-9.]+,[0-9.]+,[0-9.]+,[0-9.]+$' out
check "kept as it is" cmp out pairs/costs.csv
check "and as a table" grep -qE '^\| `rope` \| [0-9.]+ \|$' pairs/costs.md
header=implementation,mode,workload,encoding,threads,tokens_per_second,gflops,kind,layers,d_model,heads,length,batch,sgemm_gflops,fraction_of_sgemm,peak_rss_bytes,blas_core,simd,repeat,window,sgemm_core,peak_gflops,fraction_of_peak
check "bench of nothing" run 0 bench --workloads none --lengths none
check "is the header" sh -c "cat out | grep -qx '$header' && test \$(wc -l <out) = 1"
check "bench" run 0 bench --workloads tiny,eval8 --encodings alibi --lengths 64,128 --repeat 1 --seconds 0.2 --side 256 -o b --no-plots
check "begins with the header" test "$(head -1 out)" = $header
check "one row a case, evaluation also without statistics" test "$(sed 1d out | cut -d, -f2-5,8-13,19 | tr '\n' ' ')" = \
    "full,tiny,alibi,1,train,4,128,4,128,32,1 full,eval8,alibi,1,eval,4,128,4,1024,4,1 \
no_statistics,eval8,alibi,1,eval,4,128,4,1024,4,1 full,length,alibi,1,eval,4,128,4,64,64,1 full,length,alibi,1,eval,4,128,4,128,32,1 "
# 5308416 and 2686976 operations a token: 2 (12 d^2 layers + 256 d) + 2 layers T d, three times that in training.
check "the rates agree with one another" awk -F, 'NR == 1 {next}
    {n++; if (!($6 > 0 && $7 > 0 && $14 > 0 && $16 > 1e6)) bad = 1}
    $3 == "tiny" && ($6 * 5308416e-9 - $7) ^ 2 > 0.01 {bad = 1}
    $3 == "eval8" && ($6 * 2686976e-9 - $7) ^ 2 > 0.01 {bad = 1}
    ($7 / $14 - $15) ^ 2 > 1e-4 + (0.1 / $14) ^ 2 {bad = 1}
    END {exit n != 5 || bad}' out
check "-o writes the same rows" cmp out b/bench.csv
check "and a table, and what a plot is made of" sh -c "grep -q '^| tiny  *| alibi ' b/bench.md && test -s b/length.gp -a -s b/length.dat -a ! -e b/length.png"
# Training keeps the activations of every layer, evaluation those of one.
check "memory is of the case alone" awk -F, '$3 == "tiny" {t = $16} $3 == "eval8" {e = $16} END {exit !(e < 0.6 * t)}' out
# The stacks of make bench-cost, the short end of its lengths: those of evaluate_as are not trained; 64 keys of
# at most 512 leave 64 - 64^2 / 1024 = 60 on average: 1638400 + 2048 * 60 operations a token.
check "bench of stacks" run 0 bench --workloads none --stacks "$root/configs/cost-stacks.json" --lengths 512 \
    --train-lengths 64,128 --repeat 1 --seconds 0.2 --side 256 -o c --no-plots
check "trained ones are trained, all are evaluated" test "$(sed 1d out | cut -d, -f3,4,12,13,20 | tr '\n' ' ')" = \
    "length,alibi,512,8, length,alibi+window64,512,8,64 length,alibi+window128,512,8,128 length,alibi+window256,512,8,256 \
length,sandwich,512,8, length,sandwich+window64,512,8,64 length,sandwich+window128,512,8,128 length,sandwich+window256,512,8,256 length,sinusoidal,512,8, \
train_length,alibi,64,64, train_length,sandwich,64,64, train_length,sinusoidal,64,64, \
train_length,alibi,128,32, train_length,sandwich,128,32, train_length,sinusoidal,128,32, "
check "what a window hides is not counted" awk -F, '$4 ~ /window64/ {n++; if (($6 * 1761280e-9 - $7) ^ 2 > 0.01) bad = 1}
    END {exit n != 2 || bad}' out
check "training has a table and a figure of its own" sh -c "grep -q '^alibi trained at L beside training at 2L' c/bench.md && \
    test -s c/length.dat -a -s c/train_length.dat"
check "without PyTorch the comparison says what to install" sh -c \
    "! PYTHON=false '$root'/harness/bench/bench_peers.sh '$longshot' peers 2>err && grep -qx 'bench-peers: false has no PyTorch: pip install torch==2.13.0' err"
cat >ours.csv <<'CSV'
implementation,mode,workload,encoding,threads,tokens_per_second,gflops,fraction_of_sgemm
longshot-1,full,tiny,alibi,1,3000,9.0,0.700
longshot-1,full,eval8,alibi,1,900,9.0,0.600
longshot-1,no_statistics,eval8,alibi,1,999,9.9,0.650
longshot-1,full,long,t5,1,,,
CSV
cat >theirs.csv <<'CSV'
implementation,mode,workload,encoding,threads,tokens_per_second,gflops
torch-2,eager,eval8,alibi,1,90,1.0
torch-2,eager,tiny,alibi,1,1000,3.0
torch-2,sdpa,tiny,alibi,1,2000,6.0
torch-2,compile,tiny,alibi,1,,RuntimeError
torch-2,eager,long,t5,1,50,1.0
CSV
check "its rows are joined with the best mode" "$root/harness/bench/bench_peers.sh" --join ours.csv theirs.csv ratios.csv
check "a training workload" line ratios.csv "tiny,alibi,1,3000,0.700,torch-2,sdpa,2000,1.50"
check "evaluation with statistics" line ratios.csv "eval8,alibi,1,900,0.600,torch-2,eager,90,10.00"
check "a case that failed has no ratio" line ratios.csv "long,t5,1,,,torch-2,eager,50,"
check "and no more than these" test "$(wc -l <ratios.csv)" = 4

# ---------------------------------------------------------------------------------- eval, probe
check "a run to look at" run 0 run tiny.json -o r --plots no
check "ends with the page to send" sh -c "test -s r/report.html && tail -n 1 err | grep -qx 'longshot: all on one page to open or send: r/report.html'"
w=$(ls r/checkpoints/*/model.safetensors)
check "eval" run 0 eval "$w" eval.tokens=1024 'eval.lengths=["1x","2x"]'
check "eval gives the rows of the run" sh -c "cut -d, -f5-22 out | sort >x; cut -d, -f5-22 r/metrics.csv | sort >y; cmp x y"
check "eval --config" run 0 eval "$w" --config tiny.json
check "takes the eval section from there" sh -c "cut -d, -f5-22 out | sort | cmp - y"
check "eval --stack" run 0 eval "$w" --config tiny.json --stack '[{"name":"rope","scaling":"pi","factor":2}]'
check "gives other numbers" sh -c "test \$(wc -l <out) = \$(wc -l <r/metrics.csv) && ! cut -d, -f5-22 out | sort | cmp -s - y"
check "eval --stack in words" run 0 eval "$w" --config tiny.json --stack rope+pi
check "names its rows by them" test "$(sed 1d out | cut -d, -f4 | sort -u)" = rope+pi
check "a word that is none" says 2 '--stack: unknown encoding "pii"' eval "$w" --stack rope+pii
check "eval under a stack with other learned arrays" run 1 eval "$w" --config tiny.json --stack '["t5"]'
check "names the array" has err 'encoding.t5.bias'
check "eval of a typo" says 2 "$w: encodings[0].evaluate_as[0].stack[0].name: unknown encoding \"ropee\" (did you mean \"rope\"?)" \
    eval "$w" --stack '["ropee"]'
check "eval of no file" run 1 eval none.safetensors
printf 'not a checkpoint at all' >x.safetensors
check "eval of another file" run 1 eval x.safetensors
printf 'abcdefghijklmnopqrstuvwxyz' >p.txt
check "probe" run 0 probe "$w" --tokens p.txt --out p.safetensors --grad --attention
check "writes tensors" sh -c "grep -aq '\"logits\"' p.safetensors && grep -aq '\"attention\"' p.safetensors && grep -aq '\"grad.tok_embed.weight\"' p.safetensors"
cp p.safetensors p.safetensors.1
gzip -c p.txt >zipped
check "probe of gzip under another name" run 0 probe "$w" --tokens zipped --out p2.safetensors --grad --attention
check "reads the text" cmp p.safetensors p2.safetensors
perl -e '$h = qq({"tokens":{"dtype":"I32","shape":[1,3],"data_offsets":[0,12]}}); print pack("Q<", length $h), $h, pack("l<3", 1, 2, 3)' >tok
cp tok tok.safetensors
check "probe of tokens" run 0 probe "$w" --tokens tok.safetensors --out t1.safetensors
check "under another name" run 0 probe "$w" --tokens tok --out t2.safetensors
check "reads the same" cmp t1.safetensors t2.safetensors
check "probe of more than the memory holds" run 1 probe "$w" --tokens p.txt --out big.safetensors --attention --memory 1K
check "says so and writes nothing" sh -c "grep -q 'with attention, 1024 are allowed' err && test ! -e big.safetensors"
check "probe without --out" says 2 "probe: must have --tokens FILE and --out FILE" probe "$w" --tokens p.txt
check "describe --checkpoint" run 0 describe --checkpoint "$w"
check "shows what the model applies" sh -c "grep -q '^rotation,' out"

# ------------------------------------------------------- what somebody else wrote drives no terminal
plain() { ! LC_ALL=C grep -q '[^ -~]' out; }
mkdir -p foreign && esc=$(printf '\033[31m\302\233') && sed "s/,r,/,r$esc,/g" r/metrics.csv >foreign/metrics.csv
check "report of a foreign name" run 0 report foreign --no-plots
check "spells its control characters" grep -qF '\xc2\x9b' out
check "and prints nothing else" plain

echo "1..$n"
exit $bad
