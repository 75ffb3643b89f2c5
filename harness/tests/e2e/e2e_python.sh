#!/bin/sh
# The Python package: frames with names joined (pandas), and models whose logits are those of `probe` (torch).
# What is not installed for $PYTHON (python3) is skipped. TAP on stdout; the program under test is $LONGSHOT or
# build/longshot.
. "$(dirname "$0")/tap.sh"
python=$(python_with pandas)
export PYTHONPATH="$root/harness/python" PYTHONDONTWRITEBYTECODE=1
offers() { "$python" -c "from importlib.util import find_spec; exit(not find_spec('$1'))" 2>/dev/null; }
offers pandas || offers torch || {
    echo "1..0 # SKIP no pandas and no torch for $python"
    exit 0
}

cat >py.json <<'JSON'
{
  "name": "py",
  "dataset": {"name": "journal", "train_tokens": 20000, "valid_tokens": 4000},
  "model": {"layers": 2, "d_model": 24, "heads": 3},
  "train": {"length": 16, "batch_tokens": 64, "steps": 30, "warmup": 5, "lr": 0.01, "array_lr": 10},
  "encodings": ["nope", "sinusoidal", "rope", "alibi", "t5", "kerple_log", "kerple_power", "sandwich", "relative",
    {"id": "wrap", "stack": [{"name": "learned", "past": "wrap"}]},
    {"id": "between", "stack": [{"name": "learned", "past": "interpolate"}]},
    {"id": "slopes", "stack": [{"name": "alibi", "learned": true}]},
    {"id": "t5-layers", "stack": [{"name": "t5", "shared": false, "buckets": 9, "max_distance": 16}]},
    {"id": "mixed", "stack": [{"name": "rope", "fraction": 0.5, "layers": "not every 2"},
                              {"name": "window", "width": 7, "layers": [0]}, {"name": "temperature", "tau": 0.8}]},
    {"id": "other", "stack": ["fire"]}],
  "claims": [{"id": "c", "text": "it does", "source": "nobody", "op": "<",
              "left": {"encoding": "rope", "length": 16}, "right": {"encoding": "nope", "length": 16}}],
  "eval": {"lengths": ["1x", "2x"], "tokens": 512, "last_tokens": 512}
}
JSON
check "a study of many schemes runs" exits 0 "$longshot" run py.json --plots no
if offers pandas; then
    check "load gives frames with names joined" "$python" "$root/harness/tests/e2e/check_frames.py" results/py
    export LONGSHOT_CLONE="$root" STUDY=results/py MPLBACKEND=Agg
    check "the notebook runs, cell by cell" "$python" "$root/harness/tests/e2e/run_notebook.py" "$root/harness/python/example.ipynb"
    if offers nbclient && offers ipykernel; then
        check "in a kernel, too" "$python" "$root/harness/tests/e2e/run_notebook.py" "$root/harness/python/example.ipynb" --kernel
    else
        skip "the notebook in a kernel" "no nbclient and ipykernel for $python"
    fi
else
    skip "frames" "no pandas for $python"
    skip "the notebook" "no pandas for $python"
fi

# probe NAME STACK: logits of the cell NAME, of other schemes if STACK is given, at three times the length
probe() {
    probes=$((probes + 1))
    exits 0 "$longshot" probe "results/py:$1/1" --tokens tokens.safetensors --out p$probes ${2:+--stack "$2"} || return 1
    printf 'results/py:%s/1\tp%s\t%s\n' "$1" $probes "${2:-}" >>cases
}
if offers torch; then
    probes=0
    "$python" "$root/harness/tests/e2e/check_logits.py" --tokens
    for e in nope sinusoidal rope alibi t5 kerple_log kerple_power sandwich relative wrap between slopes \
        t5-layers mixed; do
        probe $e || echo "$e" >>unprobed
    done
    while read -r stack; do
        probe rope "$stack" || echo "$stack" >>unprobed
    done <<'STACKS'
[{"name": "rope", "scaling": "pi"}]
[{"name": "rope", "scaling": "ntk", "factor": 3}]
[{"name": "rope", "scaling": "dynamic_ntk"}]
[{"name": "rope", "scaling": "yarn", "base": 100}]
[{"name": "rope", "scaling": "yarn", "truncate": false, "factor": 2}]
[{"name": "rope", "scaling": "llama3", "factor": 4}]
[{"name": "rope", "scaling": "mixed_ntk", "resonance": true}]
[{"name": "rope", "keep": 0.5}, {"name": "alibi", "interpolation": "dynamic"}]
[{"name": "alibi", "slopes": "harmonic", "heads": 2}]
[{"name": "alibi", "slope": 0.3, "interpolation": "fixed", "factor": 2}]
[{"name": "sandwich", "smoothed": true}, {"name": "window"}]
[{"name": "sandwich", "dim": 16, "first_index": 0}, {"name": "window", "fraction": 0.3}]
[{"name": "sinusoidal", "base": 500}]
STACKS
    check "all of them are probed" [ ! -e unprobed ]
    check "logits of the models are the probed ones" "$python" "$root/harness/tests/e2e/check_logits.py" cases
    check "a scheme that is not there is refused by name" sh -c \
        "'$python' -c 'import longshot_results as lr; lr.model(\"results/py:other/1\")' 2>&1 | grep 'Unsupported: fire: not in'"
    check "so is a checkpoint that is not there" sh -c \
        "'$python' -c 'import longshot_results as lr; lr.model(\"results/py:rope/9\")' 2>&1 | grep 'has 0 trainings'"
    head -c 3000 "$("$python" -c 'import longshot_results as lr; print(lr.resolve("results/py:rope/1"))')" >cut
    check "and one that was cut" sh -c \
        "'$python' -c 'import longshot_results as lr; lr.model(\"cut\")' 2>&1 | grep 'FormatError: cut: '"
else
    skip "logits" "no torch for $python"
fi
echo "1..$n"
exit $bad
