#!/usr/bin/perl
# Fault injection: runs the program with the N-th call of a class failing, N = 1, 2, ... until the
# fault is no longer reached, and holds what it did against an undisturbed run. See fault.c for the
# faults and faults_scenarios.pl for what is run.
#
# Demanded of every run with a fault:
#   no signal, no sanitizer's report, no hang, nothing left allocated or open when it ends;
#   exit status 0 only with all files and all output as if nothing had happened, otherwise a status
#   that fits and one line on stderr that names the thing and the cause;
#   no file under a final name that is neither the old one nor the right one, no temporary file;
#   the same command without a fault then ends with the bytes of the undisturbed run.
# A run that was killed need not clean up after itself; the clean run must.
#
# usage: faults.pl [--scenario A,B] [--class A,B] [--stride K | --sample N] [--jobs J] [--keep] [--list]
#                  [--forget sync|names|FILE]
# A walk is one class of calls in one scenario, failing in one way. TAP on stdout, one line a walk; a
# table at the end. --sample takes one fault of each of N walks. LX_FAULT_STRIDE is --stride's default.
# The program
# under test is $LONGSHOT_FAULT or build/release/tests/longshot-fault.
#
# Two classes are only walked when they are named: `cut`, the power fails after each operation on files, and
# what powercut.pl then finds on the disk must end as the undisturbed run did; `durable`, the power fails
# after exit status 0, and nothing is lost. --forget: as if files, or folders, were never synced, or a file of
# that name never written, which has to be found.
use strict;
use warnings;
use Cwd qw(abs_path);
use Digest::SHA qw(sha256_hex);
use File::Basename qw(dirname);
use File::Path qw(make_path remove_tree);
use File::Temp qw(tempdir);
use Getopt::Long;
use IO::Uncompress::Gunzip qw(gunzip);
use POSIX qw(:sys_wait_h);
use Time::HiRes qw(time sleep);

my $here = abs_path(dirname($0));
our $root = abs_path("$here/../../..");
my %o = (jobs => 1, stride => $ENV{LX_FAULT_STRIDE} || 1);
GetOptions(\%o, 'scenario=s', 'class=s', 'forget=s', 'stride=i', 'sample=i', 'jobs=i', 'keep', 'list') && !@ARGV
    or die "usage: faults.pl [--scenario A,B] [--class A,B] [--stride K | --sample N] [--jobs J] [--keep]\n";
my $program = abs_path($ENV{LONGSHOT_FAULT} || "$root/build/release/tests/longshot-fault");
die "$program: not there: make tests\n" unless -x $program;
my $timeout = 60;
require "$here/powercut.pl";

# In memory where there is such a folder: fsync is counted here, not waited for.
our $top = tempdir('longshot-faults-XXXXXX', DIR => -w '/dev/shm' ? '/dev/shm' : '/tmp', CLEANUP => 0);
my $parent = $$;
END { if (defined $parent && $$ == $parent && !$o{keep}) { my $status = $?; remove_tree($top); $? = $status } }
$SIG{INT} = $SIG{TERM} = sub { POSIX::_exit(130) if $$ != $parent; exit 130 };

%ENV = (PATH => $ENV{PATH}, HOME => $top, LC_ALL => 'C', LX_CORETYPE_SET => 1, OPENBLAS_NUM_THREADS => 1,
        LX_LOG_INTERVAL => 1000, ASAN_OPTIONS => 'exitcode=99', UBSAN_OPTIONS => 'halt_on_error=1');

# ------------------------------------------------------------------------------------------- files

sub slurp { my ($path) = @_; open my $f, '<:raw', $path or return ''; local $/; my $t = <$f>; return $t // '' }

sub spew {
    my ($path, $text) = @_;
    make_path(dirname($path));
    open my $f, '>:raw', $path or die "$path: $!\n";
    print $f $text;
    close $f or die "$path: $!\n";
}

# Everything below a folder: path => 'D', 'L' . target or 'F' . content.
sub snapshot {
    my ($dir) = @_;
    my (%tree, @todo);
    @todo = ('');
    while (defined(my $at = shift @todo)) {
        opendir my $d, "$dir/$at" or next;
        for my $name (grep { !/^\.\.?$/ } readdir $d) {
            my $path = $at eq '' ? $name : "$at/$name";
            if (-l "$dir/$path") { $tree{$path} = 'L' . readlink "$dir/$path" }
            elsif (-d _) { $tree{$path} = 'D'; push @todo, $path }
            else { $tree{$path} = 'F' . slurp("$dir/$path") }
        }
    }
    return \%tree;
}

sub restore {
    my ($tree, $dir) = @_;
    make_path($dir);
    for my $path (sort keys %$tree) {
        my ($kind, $text) = (substr($tree->{$path}, 0, 1), substr($tree->{$path}, 1));
        if ($kind eq 'D') { make_path("$dir/$path") }
        elsif ($kind eq 'L') { symlink $text, "$dir/$path" or die "$path: $!\n" }
        else { spew("$dir/$path", $text) }
    }
}

# What a file says but for times and the folder it was made in: of runs.csv the columns that name the cell.
sub settled {
    my ($path, $text) = @_;
    $text =~ s{\Q$top\E/(?:made|try)-[\w-]+}{WHERE}g;
    $text =~ s/\Q$top\E\/\w+-[^\x27"\/]+/WHERE/g;
    return 'F' if $path =~ m{(^|/)(log\.txt|error\.txt|lock|live\.json|eval\.part|state\.\d\.safetensors)$};
    if ($path =~ m{(^|/)cells/\w+\.csv\.gz$}) {
        my ($packed, $rows) = (substr $text, 1);
        gunzip(\$packed => \$rows) or return 'F';
        $rows =~ s/^\w+  run\.csv \d+$//m;
        return $rows =~ s/^((?:[^,\n]*,){6})(?:[^,\n]*,){13,}.*$/$1/mgr;
    }
    $text =~ s/^\S+(?= .*\b(?:run\.csv|train\.json)$)//mg if $path =~ m{\.sha256$};
    $text =~ s/"(date|hash|chain)": *"[^"]*"/$1/g if $path =~ m{(^|/)registration\.json$};
    $text =~ s/"(seconds|tokens_per_second)": *[^,\n]*/$1/g if $path =~ m{(^|/)train\.json$};
    $text =~ s{Ran on [^.\n]*}{Ran on}, $text =~ s/[\d.]+(?:e[-+]\d+)?/N/g, $text =~ s/ +|-+/ /g if $path =~ m{(^|/)costs\.\w+$};
    $text =~ s/<h2>Costs.*//s if $path =~ m{(^|/)report\.html$};
    $text = join '', map { join(",", map { $_ // "" } (split /,/, $_)[0 .. 5]) . "\n" } split /\n/, $text if $path =~ m{(^|/)runs?\.csv$};
    return $text;
}

# What stubs of other programs remember is theirs.
sub is_foreign { return $_[0] =~ m{^stub/} }
sub is_temp { return $_[0] =~ m{\.tmp-[^-/]+-\d+-\d+(/|$)|(^|/)\.[^/]*\.tmp\.(svg|png|pdf)$} }
sub is_workplace { return $_[0] =~ m{(^|/)work(/[^/]*)?$} } # an empty folder there harms nobody
sub is_transient { return $_[0] =~ m{(^|/)(log\.txt|error\.txt|live\.json|eval\.part|state\.\d\.safetensors)$} }
# A log, or a folder of `work` that is there for one.
sub is_log {
    my ($path, $tree) = @_;
    return $path =~ m{(^|/)log\.txt$} || is_workplace($path) && grep { m{^\Q$path\E/([^/]*/)?log\.txt$} } keys %$tree;
}

# How two trees differ; log.txt may be there or not, and what `free` names be as it likes.
sub difference {
    my ($got, $want, $free) = @_;
    my @bad;
    my %all = (%$got, %$want);
    for my $path (sort keys %all) {
        next if is_log($path, \%all) || is_foreign($path) || $free && $path =~ $free && !is_temp($path);
        if (!exists $want->{$path}) { push @bad, "$path is left over" }
        elsif (!exists $got->{$path}) { push @bad, "$path is missing" }
        elsif (settled($path, $got->{$path}) ne settled($path, $want->{$path})) { push @bad, "$path differs" }
    }
    return @bad;
}

# Rows, tables and figures of two moments side by side, and no stale.txt that says so: '' if there are none.
sub mixed {
    my ($s, $tree) = @_;
    my (%old, %new);
    for my $path (grep { m{^r/([^/]+\.(csv|csv\.gz|md|tex|html)|plots/.*)$} } keys %$tree) {
        my ($was, $is, $got) = map { exists $_->{$path} ? settled($path, $_->{$path}) : '' } $s->{before}, $s->{after}, $tree;
        next if $was eq $is || substr($got, 0, 1) ne 'F';
        $old{$path} = 1 if $got eq $was;
        $new{$path} = 1 if $got eq $is;
    }
    my ($old, $new) = ((sort keys %old)[0] // '', (sort keys %new)[0] // '');
    return %old && %new && !exists $tree->{'r/stale.txt'} ? "$new is new and $old is old, without a word" : '';
}

# -------------------------------------------------------------------------------------------- runs

# Run the program in a folder; (status, stdout, stderr, lines of the side channel). Status 128 + N:
# signal N; 'hang' after the timeout. What it started may outlive it: all of it has ended when the last
# end of a pipe that every process inherits is closed. With $waits, what waits for something that never
# comes is interrupted first, as at a terminal.
our $waits = 0;
sub run {
    my ($dir, $args, %env) = @_;
    my $side = "$dir.side";
    unlink "$side.out", "$side.err", "$side.log", "$side.log.fired";
    local $^F = 255;
    pipe my $alive, my $held or die "pipe: $!\n";
    my $pid = fork // die "fork: $!\n";
    if ($pid == 0) {
        close $alive;
        %ENV = (%ENV, LX_FAULT_LOG => "$side.log", %env);
        chdir $dir and open(STDIN, '<', '/dev/null') and open(STDOUT, '>', "$side.out") and open(STDERR, '>', "$side.err")
            and exec { $program } 'longshot', @$args;
        POSIX::_exit(126);
    }
    my $status;
    close $held;
    my $interrupts = $waits;
    local $SIG{ALRM} = sub {
        if ($interrupts-- > 0) { kill 'INT', $pid; alarm $timeout }
        else { $status = 'hang'; kill 'KILL', $pid; close $alive }
    };
    alarm($waits ? $timeout / 4 : $timeout);
    1 while waitpid($pid, 0) != $pid;
    my $code = $?;
    sysread $alive, my $nothing, 1;
    alarm 0;
    $status //= $code & 127 ? 128 + ($code & 127) : $code >> 8;
    return ($status, slurp("$side.out"), slurp("$side.err"), [split /\n/, slurp("$side.log")]);
}

# A run that sets a scenario up: it must end well.
our sub sure {
    my ($dir, $args, %env) = @_;
    my ($status, undef, $err) = run($dir, $args, %env);
    die "setting up: status $status: @$args\n$err" if $status ne '0';
}

my $serial = 0;
sub fresh { return "$top/try-$$-" . ++$serial }

# The undisturbed run of a scenario, and how many calls of each class it makes.
sub prepare {
    my ($s) = @_;
    my $dir = fresh();
    restore($s->{files}->(), $dir);
    $s->{before} = snapshot($dir);
    (my $status, $s->{out}, my $err, my $log) = run($dir, $s->{args}, LX_FAULT_RECORD => "$dir.record", %{$s->{env} || {}});
    die "$s->{name}: undisturbed: status $status\n$err" if $status ne '0';
    my ($end) = grep { /^end $s->{role} / } @$log;
    die "$s->{name}: undisturbed: no word from the $s->{role}\n" unless $end;
    $s->{count}{$1} = $2 while $end =~ /(\w+)=(\d+)/g;
    die "$s->{name}: undisturbed: $end\n@$log\n" if grep { /^leak|handles=[^0]/ } @$log;
    $s->{after} = snapshot($dir);
    if (!$s->{env}{STUB}) { # what another machine knows has no part in a cut
        my $forget = $o{forget} // 'none';
        $s->{records} = [grep { $_->{word} ne $forget && !grep { m{(^|/)\Q$forget\E$} } @$_{qw(path other)} } @{records("$dir.record", $dir)}];
        $s->{cuts} = cuts($s->{records});
        $s->{count}{cut} = @{$s->{cuts}};
        $s->{count}{durable} = @{$s->{records}} ? 1 : 0;
    }
    sure($dir, $_, %{$s->{env} || {}}) for @{$s->{finish} || []};
    $s->{final} = snapshot($dir);
    remove_tree($dir);
}

my %cause = (alloc => q(memory), process => '(Resource temporarily unavailable|No locks available)');

# What is wrong with a run that was struck; '' if nothing.
sub judge {
    my ($s, $w, $dir, $status, $out, $err, $log) = @_;
    my @bad;
    my $killed = $w->{how} eq 'kill';
    my $tree = snapshot($dir);
    my $died = $killed && grep { /^fired main/ } @$log;
    my $partial = $s->{partial} && $status eq '4';

    my $cause = $w->{class} eq 'stat' ? '.' : $killed ? '.' : $w->{how} eq 'enospc' ? 'No space left on device'
        : $cause{$w->{class}} || 'Input/output error';

    push @bad, "status $status" if $died ? $status ne '137' : $status !~ /^[01]$/ && !$partial && !($s->{telling} && $status eq '3' && $out =~ /$cause/) && !($waits && $status eq '75') && !($s->{telling} && $w->{class} eq 'stat' && $status eq '2');
    push @bad, "must be harmless, status $status" if $w->{how} =~ /short|eintr/ && $status ne '0';
    push @bad, map { "at its end: $_" } grep { /^leak|handles=[^0]/ } @$log;
    push @bad, 'a report of a sanitizer' if $err =~ /Sanitizer|runtime error/;
    if ($status eq '0') {
        push @bad, 'status 0 with other output' if $out ne $s->{out} && !($s->{telling} && $out =~ /$cause/);
        my %clean = map { $_ => $tree->{$_} } grep { !(is_workplace($_) || $w->{class} eq 'remove' && (is_temp($_) || is_transient($_) || m{(^|/)lock$})) } keys %$tree;
        my %after = map { $_ => $s->{after}{$_} } grep { !is_workplace($_) } keys %{$s->{after}};
        push @bad, map { "status 0, but $_" } difference(\%clean, \%after, $err =~ /$cause/ ? $s->{between} : undef);
    } elsif (!$died) {
        my @lines = grep { /^longshot: / } split /\n/, $err;
        my @named = $w->{class} eq 'alloc' ? grep { /$cause/ } @lines : grep { /^longshot: [^:]+: .*$cause/ } @lines;
        push @bad, "no line on stderr with \"THING: $cause\"" unless @named || $status eq '3';
    }
    for my $path (sort keys %$tree) {
        next if $tree->{$path} eq 'D' || is_foreign($path) || $died && (is_temp($path) || $path =~ m{(^|/)lock$});
        next if $killed && (is_temp($path) || $path =~ m{(^|/)lock$});
        next if $w->{class} eq 'process' && $path =~ m{(^|/)lock$}; # it may be another's: the clean run tidies
        next if $s->{numbered} && $path =~ $s->{numbered} && $tree->{$path} eq 'F'; # a number is taken
        next if $partial && $path =~ m{(^|/)partial\.json$}; # says so
        next if $status ne '0' && $path =~ m{(^|/)stale\.txt$}; # this, too
        next if $s->{between} && $path =~ $s->{between} && exists $s->{after}{$path};
        next if is_transient($path) || $w->{class} eq 'remove' && (is_temp($path) || $path =~ m{(^|/)lock$});
        next if $partial && $path eq 'r/partial.json'; # it says just that
        my @right = map { exists $_->{$path} ? $_->{$path} : () } $s->{before}, $s->{after};
        if (is_temp($path) || !@right) { push @bad, "$path is left over" }
        elsif (!grep { settled($path, $_) eq settled($path, $tree->{$path}) } @right) {
            push @bad, "$path is neither old nor new" unless $partial && $path =~ m{^r/[^/]*$|^elsewhere};
        }
    }
    my $mixed = $status eq '0' ? '' : mixed($s, $tree);
    push @bad, $mixed if $mixed;
    for my $path (sort keys %{$s->{before}}) {
        next if is_foreign($path) || exists $tree->{$path} || !exists $s->{after}{$path};
        my ($name) = $path =~ m{([^/]*)$};
        next if $s->{aside} && grep { m{$s->{aside}/\Q$name\E$} && $tree->{$_} eq $s->{before}{$path} } keys %$tree;
        push @bad, "$path is lost";
    }
    local $waits = 0;
    push @bad, again($s, $dir, $tree) if $status ne '0' && !@bad;
    return @bad;
}

# The same command without a fault. A folder in a state that was seen before need not be tried again.
my %seen;
sub again {
    my ($s, $dir, $tree) = @_;
    my $key = sha256_hex(join "\0", $s->{name}, map { $_, /state\.\d/ ? $tree->{$_} : settled($_, $tree->{$_}) } sort keys %$tree);
    return () if $seen{$key}++;
    my ($status, $out, $err) = run($dir, $s->{args}, %{$s->{env} || {}});
    my @bad;
    return () if $s->{once} && $status eq '2' && $err =~ $s->{once} && !difference(snapshot($dir), $s->{final});
    push @bad, "again: status $status: $err" if $status ne '0';
    push @bad, 'again: other output' if $out ne $s->{out} && $status eq '0' && !$s->{telling};
    push @bad, "again: $1" if !$s->{broken} && $err =~ /(.*(?:not used|training again).*)/;
    for my $f (@{$s->{finish} || []}) {
        my ($finished, undef, $why) = run($dir, $f, %{$s->{env} || {}});
        push @bad, "again: @$f: status $finished: $why" if $finished ne '0';
    }
    my $final = snapshot($dir);
    my %clean = map { $_ => $final->{$_} } grep { !($s->{untidied} && is_temp($_) && $_ =~ $s->{untidied}) } keys %$final;
    push @bad, map { "again: $_" } difference(\%clean, $s->{final}, $s->{numbered}) unless @bad;
    return @bad;
}

# One fault. ('' if it was not reached, else what became of it: error, harmless, killed or BAD; text)
sub try {
    my ($s, $w, $n) = @_;
    my $dir = fresh();
    my $order = "$w->{class}:$n:$w->{when}:$w->{how}";
    restore($s->{before}, $dir);
    local $waits = $s->{waits} && $w->{when} eq 'on';
    my @got = run($dir, $s->{args}, %{$s->{env} || {}}, LX_FAULT => $order, LX_FAULT_IN => $s->{role});
    my ($fired) = grep { /^fired/ } @{$got[3]};
    my ($became, $text) = ('', '');
    if ($fired || $got[0] !~ /^[014]$/) {
        my @bad = judge($s, $w, $dir, @got);
        $became = @bad ? 'BAD' : $got[0] eq '0' ? 'harmless' : $w->{how} eq 'kill' ? 'killed' : 'error';
        $text = join "\n", "$s->{name} ($s->{role}) LX_FAULT=$order: status $got[0], " . ($fired || 'not fired'), (map { "    $_" } @bad),
            (map { "    > $_" } grep { defined } (split /\n/, $got[2])[0 .. 3]) if @bad;
    }
    if ($o{keep} && $became eq 'BAD') { $text .= "\n    kept: $dir" }
    else { remove_tree($dir); unlink glob "$dir.side*" }
    return ($became, $text);
}

# One power cut, in a mode of powercut.pl. Nobody was there to say anything: what counts is that the same
# command then ends well, with the bytes of the undisturbed run.
sub cut {
    my ($s, $w, $n) = @_;
    return ('', '') if $n > $w->{count};
    my $end = $w->{class} eq 'durable';
    my $at = $end ? @{$s->{records}} : $s->{cuts}[$n - 1];
    my $tree = tree_after($s->{before}, $s->{records}, $at, $w->{how});
    my ($dir, @bad) = (fresh());
    if ($end) {
        my $lasting = sub { my ($t) = @_; return {map { $_ => $t->{$_} } grep { !(is_temp($_) || is_transient($_) || is_workplace($_) || m{(^|/)(lock|work)$}) } keys %$t} };
        @bad = difference($lasting->($tree), $lasting->($s->{after}));
    } else {
        restore($tree, $dir);
        @bad = (grep({ $_ } mixed($s, $tree)), again($s, $dir, $tree));
    }
    my $r = $at ? $s->{records}[$at - 1] : {word => 'nothing', path => ''};
    my $text = @bad ? join "\n", "$s->{name}: $w->{class} $w->{how} after operation $at of " . @{$s->{records}} . " ($r->{word} $r->{path})", map { "    $_" } @bad : '';
    if ($o{keep} && @bad) { restore($tree, "$dir.disk"); $text .= "\n    kept: $dir.disk" }
    else { remove_tree($dir); unlink glob "$dir.side*" }
    return (@bad ? 'BAD' : $end ? 'harmless' : 'killed', $text);
}

# ------------------------------------------------------------------------------------------- walks

# Which faults make sense for a class: when and how.
my @plain = (['once', 'fail'], ['on', 'fail']);
my @full = (['once', 'enospc'], ['on', 'enospc']);
my %orders = (
    alloc => [@plain], open => [@plain, @full], close => [@plain, ['once', 'enospc']],
    read => [@plain, ['once', 'short'], ['on', 'short'], ['once', 'eintr']],
    write => [@plain, @full, ['once', 'short'], ['on', 'short'], ['once', 'eintr']],
    fsync => [@plain, @full, ['once', 'eintr']], rename => [@plain, @full], mkdir => [@plain, @full],
    list => [@plain], remove => [@plain], stat => [@plain], process => [@plain], wait => [['once', 'eintr']], any => [['once', 'kill']],
    cut => [map { ['power', $_] } our @cut_modes], durable => [['power', 'strict'], ['power', 'empty']],
);
my @classes = qw(alloc open read list write fsync rename close mkdir remove stat process wait any cut durable);

# With stride 1 all numbers, until one is not reached: after a fault the way may be longer than without.
# Else every K-th of the concatenation of all walks; in a sample one of a walk, spread by the golden
# section.
sub walk {
    my ($s, $w) = @_;
    my %tally = (tried => 0, error => 0, harmless => 0, killed => 0, BAD => 0);
    my @texts;
    my $n = $w->{first};
    while ($n <= $w->{count} || $w->{stride} == 1) {
        my ($became, $text) = $w->{when} eq 'power' ? cut($s, $w, $n) : try($s, $w, $n);
        last if $became eq '' && $n > $w->{count};
        if ($became eq '' && $o{sample} && $n > 1) { $n = int($n / 2); next } # how often a child is waited for is not the same each time
        if ($became ne '') { $tally{tried}++; $tally{$became}++ }
        push @texts, $text if $text ne '' && @texts < 10;
        last if $tally{BAD} > 30;
        $n += $w->{stride};
    }
    return {%tally, texts => \@texts};
}

our @scenarios;
require "$here/faults_scenarios.pl";
my %want_scenario = map { $_ => 1 } split /,/, $o{scenario} // '';
my %want_class = map { $_ => 1 } split /,/, $o{class} // '';
@scenarios = grep { !%want_scenario || $want_scenario{$_->{name}} } @scenarios;
die "no such scenario\n" unless @scenarios;
if ($o{list}) { print "$_->{name}\t$_->{role}\t@{$_->{args}}\n" for @scenarios; exit 0 }
my @walks;
my $total = 0;
for my $s (@scenarios) {
    prepare($s);
    for my $class (@classes) {
        next if %want_class ? !$want_class{$class} : $class =~ /^(cut|durable)$/;
        for my $order (@{$orders{$class}}) {
            next unless $s->{count}{$class};
            push @walks, {s => $s, class => $class, when => $order->[0], how => $order->[1], count => $s->{count}{$class}};
            $total += $s->{count}{$class};
        }
    }
}
my ($offset, $index, $all) = (0, 0, scalar @walks);
for my $w (@walks) {
    $w->{stride} = $o{sample} ? $total + 1 : $o{stride};
    $w->{first} = $o{sample} ? 1 + int($w->{count} * ($index * 0.6180339887 - int $index * 0.6180339887)) : 1 + (-$offset) % $o{stride};
    $w->{wanted} = $o{sample} ? int(($index + 1) * $o{sample} / $all) > int($index * $o{sample} / $all) : $w->{first} <= $w->{count};
    $offset += $w->{count};
    $index++;
}
@walks = grep { $_->{wanted} } @walks;
printf "1..%d\n# %d faults in %d walks; %s\n", scalar @walks, $total, $all,
    $o{sample} ? 'one of each of ' . @walks : $o{stride} == 1 ? 'each, until none is reached' : "every $o{stride}.";

$| = 1;
my (%running, %sum, $bad);
my ($started, $n_test, $next) = (time, 0, 0);
while ($next < @walks || %running) {
    while ($next < @walks && keys %running < $o{jobs}) {
        my $w = $walks[$next++];
        my $file = "$top/walk-$next";
        my $pid = fork // die "fork: $!\n";
        if ($pid == 0) {
            my $t = walk($w->{s}, $w);
            spew($file, join "\n", (map { "$_=$t->{$_}" } qw(tried error harmless killed BAD)), '', @{$t->{texts}});
            POSIX::_exit(0);
        }
        $running{$pid} = [$w, $file];
    }
    my $pid = waitpid -1, 0;
    my $job = delete $running{$pid} or next;
    my ($w, $file) = @$job;
    my ($numbers, $texts) = split /\n\n/, slurp($file), 2;
    my %t = ($numbers // '') =~ /(\w+)=(\d+)/g;
    my $fine = %t && $t{tried} && !$t{BAD};
    $bad ||= !$fine;
    printf "%s %d - %s: %s %s %s, %d of %d calls: %d errors, %d harmless, %d killed%s\n", $fine ? 'ok' : 'not ok', ++$n_test, $w->{s}{name},
        $w->{class}, $w->{when}, $w->{how}, $t{tried} // 0, $w->{count}, $t{error} // 0, $t{harmless} // 0, $t{killed} // 0, $fine ? '' : ", $t{BAD} bad";
    print map { "# $_\n" } split /\n/, $texts // '';
    $sum{$w->{s}{name}}{$_} += $t{$_} // 0 for qw(tried error harmless killed BAD);
    $sum{$w->{s}{name}}{by}{$w->{class}} += $t{tried} // 0;
}
my @shown = grep { my $c = $_; grep { $sum{$_}{by}{$c} } keys %sum } @classes;
printf "# %-10s %s %8s %8s %8s %8s %5s\n", 'scenario', join('', map { sprintf '%8s', $_ } @shown), qw(faults errors harmless killed bad);
my %all;
for my $s (@scenarios, {name => 'all'}) {
    my $t = $s->{name} eq 'all' ? \%all : $sum{$s->{name}} or next;
    printf "# %-10s %s %8d %8d %8d %8d %5d\n", $s->{name}, join('', map { sprintf '%8d', $t->{by}{$_} // 0 } @shown), map { $_ // 0 } @$t{qw(tried error harmless killed BAD)};
    $all{$_} += $t->{$_} for qw(tried error harmless killed BAD);
    $all{by}{$_} += $t->{by}{$_} // 0 for @shown;
}
printf "# %.0f s\n", time - $started;
exit($bad ? 1 : 0);
