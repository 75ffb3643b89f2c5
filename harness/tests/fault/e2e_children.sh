#!/bin/sh
# Children that hang, say too much or leave others behind, under every command that starts one: gnuplot,
# Slurm's programs, cases of bench. Each ends at its deadline or with us, on TERM, INT and HUP, and nothing
# of it is left. TAP on stdout; the program under test is $LONGSHOT or build/longshot.
. "$(dirname "$0")/../e2e/tap.sh"
. "$root/harness/tests/fault/commands.sh"
config=$root/harness/tests/fault/tiny.json

# hang NAME...: programs that write their pid to `pids` and never end; stubborn: not even on TERM.
hang() {
    rm -rf stubs pids
    mkdir stubs
    for name; do
        printf '#!/bin/sh\n%s\necho $$ >>%s/pids\nsleep 1000 &\necho $! >>%s/pids\nwait\nwhile :; do sleep 1; done\n' \
            "$stubborn" "$tmp" "$tmp" >stubs/"$name"
        chmod +x stubs/"$name"
    done
}
all_gone() {
    [ -s pids ] || { echo "no child was started"; return 1; }
    while read -r pid; do
        for _ in $(seq 50); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
        case $(cut -d' ' -f3 "/proc/$pid/stat" 2>/dev/null) in '' | Z) ;; *) echo "process $pid is left"; return 1 ;; esac
    done <pids
}
# What a command leaves in $dir beyond what is to stay.
nothing_half() { left=$(find "$dir" -name '*.tmp*'); [ -z "$left" ] || { echo "left: $left"; return 1; }; }

# stopped SIGNAL STATUS COMMAND...: the signal comes once its child is there.
stopped() {
    signal=$1
    status=$2
    shift 2
    PATH="$tmp/stubs:$PATH" "$@" >out 2>err &
    pid=$!
    for _ in $(seq 200); do [ -s pids ] && break; sleep 0.05; done
    sleep 0.1
    kill -s "$signal" $pid
    (sleep 15; kill -KILL $pid) 2>/dev/null &
    watchdog=$!
    wait $pid
    got=$?
    kill $watchdog 2>/dev/null
    [ $got = "$status" ] || { echo "status $got, expected $status"; return 1; }
}

"$longshot" run "$config" -o r -j1 --plots no >/dev/null 2>&1
stubborn=
for signal in TERM INT HUP; do
    for what in report run heat slurm; do
        dir=r
        case $what in
        report) hang gnuplot; set -- "$longshot" report r ;;
        run) hang gnuplot; set -- "$longshot" run "$config" -o r -j1 ;;
        heat) hang gnuplot; set -- "$longshot" describe alibi --length 4 --plot r/heat.png ;;
        slurm) hang scontrol sbatch squeue; rm -rf s; dir=s; set -- "$longshot" run "$config" --launcher slurm -o s --no-wait ;;
        esac
        # a shell without job control starts what is in the background deaf to INT: env tells it not to be
        check "$what: its child hangs, $signal" stopped $signal 75 env --default-signal=INT,HUP,TERM "$@"
        check "$what: both are gone" all_gone
        check "$what: nothing half is left" nothing_half
    done
done

# Every command that there is, wherever it is when the signal comes: it ends soon, as one that was interrupted,
# killed or had nothing left to do, and leaves nothing half. Those that start other programs: also while
# each of these hangs.
prepare_commands
interrupted() {
    signal=$1
    hanging=$3
    rm -rf r pids results
    cp -r whole r
    with_command "$2" struck
    case $got in 0 | 75) ;; 129 | 130 | 143) [ -z "$hanging" ] ;; *) false ;; esac || { echo "status $got"; return 1; }
    [ -z "$hanging" ] || all_gone || return 1
    nothing_half
}
struck() {
    set -- "$@" $with
    PATH="$tmp/stubs:$PATH" env --default-signal=INT,HUP,TERM "$@" >out 2>err &
    pid=$!
    if [ -n "$hanging" ]; then for _ in $(seq 200); do [ -s pids ] && break; sleep 0.05; done; else sleep 0.01; fi
    kill -s "$signal" $pid 2>/dev/null
    (sleep 15; kill -KILL $pid) 2>/dev/null &
    watchdog=$!
    wait $pid
    got=$?
    kill $watchdog 2>/dev/null
}
dir=r
for command in $(command_names); do
    for signal in TERM INT HUP; do
        rm -rf stubs
        with=
        check "$command: $signal" interrupted $signal "$command" ''
        for child in $(children_of "$command"); do
            case $child in
            slurm) hang scontrol sbatch squeue; with="--launcher slurm"; [ "$command" = tune ] || with="$with --no-wait" ;;
            *) hang "$child"; with= ;;
            esac
            check "$command: $signal while $child hangs" interrupted $signal "$command" "$child"
        done
    done
done
rm -rf r && cp -r whole r

stubborn="trap '' TERM INT HUP"
hang gnuplot
dir=r
check "a child that does not listen" stopped TERM 75 "$longshot" report r
check "is gone, too" all_gone
hang gnuplot
check "twice told" sh -c "PATH='$tmp/stubs:$PATH' '$longshot' report r >out 2>err & pid=\$!
    while [ ! -s pids ]; do sleep 0.05; done; sleep 0.1; kill \$pid; sleep 0.6; kill \$pid 2>/dev/null; wait \$pid; test \$? = 75"
check "leaves nobody behind" all_gone
hang gnuplot
check "a HUP that was ignored stays ignored" sh -c "trap '' HUP; PATH='$tmp/stubs:$PATH' LX_CHILD_SECONDS=3 '$longshot' report r >out 2>err & pid=\$!
    while [ ! -s pids ]; do sleep 0.05; done; kill -HUP \$pid; wait \$pid; test \$? = 1"

stubborn=
export LX_CHILD_SECONDS=0.5
for what in report slurm; do
    hang gnuplot scontrol sbatch squeue
    case $what in
    report) set -- "$longshot" report r; program=gnuplot ;;
    slurm) rm -rf s; set -- "$longshot" run "$config" --launcher slurm -o s --no-wait; program=scontrol ;;
    esac
    check "$what: no end" exits 1 env PATH="$tmp/stubs:$PATH" "$@"
    check "$what: is said in one line" has err "$program: no end after 0.5 s (LX_CHILD_SECONDS): killed"
    check "$what: and it is gone" all_gone
done
unset LX_CHILD_SECONDS

# It has ended well, and left someone who holds its pipes.
rm -rf stubs pids
mkdir stubs
printf '#!/bin/sh\nsleep 1000 &\necho $! >>%s/pids\neval "out=${3#out = }"\nfor kind in svg png pdf; do echo drawn >$out.$kind; done\n' "$tmp" >stubs/gnuplot
chmod +x stubs/gnuplot
check "a child that leaves one of its own" timeout 20 env PATH="$tmp/stubs:$PATH" "$longshot" report r
check "is waited for, not that one" all_gone

# Endless words.
printf '#!/bin/sh\nexec yes MaxArraySize\n' >stubs/scontrol
chmod +x stubs/scontrol
check "a child that says too much" exits 1 env PATH="$tmp/stubs:$PATH" timeout 60 "$longshot" run "$config" --launcher slurm -o s --no-wait
check "is ended" has err "scontrol: said more than 65536 kB: ended"
printf '#!/bin/sh\nyes plot >&2 &\nsleep 0.2\nkill $!\nexit 3\n' >stubs/gnuplot
check "many words of complaint" exits 1 env PATH="$tmp/stubs:$PATH" timeout 60 "$longshot" report r
check "are cut" test "$(wc -c <err)" -lt 2000

# A case of bench.
for signal in TERM INT HUP; do
    check "bench: $signal" sh -c "env --default-signal=INT,HUP,TERM '$longshot' bench --workloads tiny --lengths 65536 --seconds 60 --repeat 100000 >out 2>err & pid=\$!
    for i in \$(seq 100); do child=\$(pgrep -P \$pid) && break; sleep 0.1; done
    kill -s $signal \$pid; wait \$pid; test \$? = 75 && ! kill -0 \$child"
done

echo "1..$n"
exit $bad
