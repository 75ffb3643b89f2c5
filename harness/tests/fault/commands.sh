# One call of every command that `longshot help` lists, for scripts that do something to each (sourced after
# tap.sh). A command without a line here fails them: give it one that reads and writes what it can. The calls
# work on copies of what prepare_commands leaves in $tmp: whole (a results folder), base, tiny.json.
command_names() { "$longshot" help | sed -n 's/^  \([a-z][a-z]*\)  .*/\1/p'; }

prepare_commands() {
    cp "$root/harness/tests/fault/tiny.json" tiny.json
    "$longshot" run tiny.json -o whole -j1 --plots no 'claims=[{"id":"c","text":"t","source":"s","left":{"encoding":"nope","length":"2x"},"op":"<=","right":{"encoding":"t5","length":"2x"}}]' >/dev/null 2>&1
    mkdir base && cp whole/metrics.csv base
    weights=$(cd whole && echo checkpoints/*/model.safetensors | cut -d' ' -f1)
}

# with_command NAME COMMAND...: the command with the words of that call after it, on results in r.
with_command() {
    called=$1
    shift
    case $called in
    init) "$@" "$longshot" init r/mine.json ;;
    tune) "$@" "$longshot" tune tiny.json 'tune={"start":0.003,"reach":1}' 'encodings=["nope"]' -o r/found.json -j1 ;;
    run) "$@" "$longshot" run tiny.json -o r/new -j1 ;;
    plan) "$@" "$longshot" plan tiny.json ;;
    cell) "$@" "$longshot" cell tiny.json --index 0 -o r/cell ;;
    status) "$@" "$longshot" status r ;;
    merge) "$@" "$longshot" merge r --pack ;;
    report) "$@" "$longshot" report r ;;
    eval) "$@" "$longshot" eval "r/$weights" --config tiny.json ;;
    probe) "$@" "$longshot" probe "r/$weights" --tokens tiny.json --out r/p.safetensors ;;
    sample) "$@" "$longshot" sample tiny.json -n 20 -o r/s.txt ;;
    list) "$@" "$longshot" list ;;
    describe) "$@" "$longshot" describe alibi --length 4 --plot r/heat.png ;;
    bench) "$@" "$longshot" bench --workloads none --lengths none -o r/b ;;
    version) "$@" "$longshot" version ;;
    schema) "$@" "$longshot" schema ;;
    compare) "$@" "$longshot" compare base r --format markdown --out r/c.md ;;
    verify) "$@" "$longshot" verify r ;;
    verdicts) "$@" "$longshot" verdicts r -o r/v.txt ;;
    completion) "$@" "$longshot" completion bash ;;
    man) "$@" "$longshot" man ;;
    *)
        echo "$called: has no line in harness/tests/fault/commands.sh"
        return 1
        ;;
    esac
}

# Programs that a command starts beside itself, by name.
children_of() {
    case $1 in
    run | tune) echo "gnuplot slurm" ;;
    report | describe) echo gnuplot ;;
    esac
}
