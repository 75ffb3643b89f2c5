#!/usr/bin/perl
# Mutants: small changes of the sources, each of which some test must notice. mutants.pl [--n 200] [--seed 1]
# [--from K] [--e2e] [--most 6] [--only REGEX] [--map FILE] [--out FILE] [--list]
#
# Sites are drawn by the seed over all lines of code of harness/ and encodings/ (not the tests), evenly over
# the kinds: sign (+ and -), bound (< and <=), condition (== and !=, && and ||, a negated if), call (a
# statement that is a call is dropped), number (0 and 1). The sources are copied, and the library is built as a shared one, so
# that a mutant costs one object and one link. Unit tests run first, those that name the mutated file's header
# foremost; with --e2e what survives them meets the end-to-end scripts. Only what enters the mutated function is
# run: a build with counters has said which tests do (kept in --map FILE, and read from there), and of the scripts
# the --most that take the least time. One line a mutant, tab-separated:
#   number  kind  file:line  what killed it (a test, `build`, `time`) or SURVIVED  old  =>  new
# A mutant that does not compile is no mutant: another is drawn in its place. Exits 1 if one survived.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(basename dirname);
use File::Spec;
use File::Temp qw(tempdir);
use Getopt::Long;
use POSIX qw(:sys_wait_h);
use Time::HiRes qw(time);

my %o = (n => 200, seed => 1, from => 1, most => 6);
GetOptions(\%o, 'n=i', 'seed=i', 'from=i', 'e2e', 'most=i', 'only=s', 'map=s', 'out=s', 'list', 'keep') && !@ARGV
    or die "usage: mutants.pl [--n N] [--seed S] [--from K] [--e2e] [--most M] [--only REGEX] [--map FILE] [--out FILE] [--list]\n";
$o{map} = File::Spec->rel2abs($o{map}) if $o{map};
my $root = abs_path(dirname($0) . '/../../..');
chdir $root or die "$root: $!\n";

# ---------------------------------------------------------------------------- sites

# Code with comments, strings and character constants blanked, column for column.
sub blank {
    my $text = shift;
    $text =~ s{(/\*.*?\*/|//[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')}{(my $b = $1) =~ s/[^\n]/ /g; $b}gse;
    return $text;
}

my @kinds = (
    ['sign', qr/(?<=[\w\)\]] )[+-](?= [\w(])/, sub { $_[0] eq '+' ? '-' : '+' }],
    ['bound', qr/(?<= )(?:<=|>=|<|>)(?= )/, sub { {'<' => '<=', '<=' => '<', '>' => '>=', '>=' => '>'}->{$_[0]} }],
    ['condition', qr/(?<= )(?:==|!=|&&|\|\|)(?= )/,
        sub { {'==' => '!=', '!=' => '==', '&&' => '||', '||' => '&&'}->{$_[0]} }],
    ['negation', qr/(?<=\bif )\((?=[^\n]*\)\n)/, sub { '(!' }],
    ['call', qr/(?<=\n)[ \t]+(?:\(void\))?\w+\([^;{}\n]*\);(?=\n)/, sub { '' }],
    ['number', qr/(?<=[ (\[])[01](?=[;,)\] ])/, sub { 1 - $_[0] }]);

my %sites; # kind => [file, offset, length, new]
for my $f (sort split /\n/, `git ls-files 'harness/*.c' 'encodings/*.c'`) {
    next if $f =~ m{^harness/tests/} || ($o{only} && $f !~ /$o{only}/) || !-f $f;
    open my $h, '<', $f or die "$f: $!\n";
    local $/;
    my $code = blank(<$h>);
    $code =~ s{^(#[^\n]*)}{' ' x length $1}gme;
    for my $k (@kinds) {
        my ($name, $pattern, $change) = @$k;
        while ($code =~ /$pattern/g) {
            my ($at, $old) = ($-[0], $&);
            my $new = $change->($old);
            if ($name eq 'negation') { # the whole condition, to the bracket that closes it
                my ($depth, $end) = (0, $at);
                do { my $c = substr $code, $end++, 1; $depth += $c eq '(' ? 1 : $c eq ')' ? -1 : 0 } while $depth && $end < length $code;
                $old = substr $code, $at, $end - $at;
                $new = undef; # made from the text as it is written, below
            }
            push @{$sites{$name}}, [$f, $at, length $old, $new];
        }
    }
}

# Park and Miller's generator: the same sites by the same seed, whatever perl.
my $state = ($o{seed} * 2654435761 + 12345) % 2147483646 + 1;
sub draw { my $n = shift; $state = $state * 48271 % 2147483647; return int($state / 2147483647 * $n) }
sub next_site {
    my @names = grep { @{$sites{$_}} } map { $_->[0] } grep { $sites{$_->[0]} } @kinds;
    my $name = $names[draw(scalar @names)];
    my ($site) = splice @{$sites{$name}}, draw(scalar @{$sites{$name}}), 1;
    return ($name, @$site);
}

# ---------------------------------------------------------------------------- building

my $top = tempdir('longshot-mutants-XXXXXX', DIR => $ENV{TMPDIR} || '/tmp', CLEANUP => !$o{keep});
sub sh { my $c = shift; return system('sh', '-c', "$c >>'$top/log' 2>&1") == 0 }
my $tree = "$top/tree";
my ($make, @tests, $objects, $link);
# What the loader is to call before any library has no place in a shared library: it is part of each program.
my $fixed = 'harness/process/startup.o';
sub prepare {
    sh("mkdir '$tree' && git ls-files -z | xargs -0 cp --parents -t '$tree'") or die "copying failed: $top/log\n";
    $make = "cd '$tree' && make -s CFLAGS='-fPIC -O1'";
    sh("$make tests") or die "the tree does not build: $top/log\n";
    $objects = join ' ', map { "'$_'" } grep { !m{/tests/|/main\.o$|/\Q$fixed\E$} } split /\n/, `cd '$tree' && find build/release -name '*.o'`;
    link_library() or die "the library does not link: $top/log\n";
    # Programs linked once, against the shared library, which alone is made anew. test.c is compiled by the
    # Makefile's own command, so its flags are asked for.
    chomp(my $flags = `cd '$tree' && make -s -f - flags <<'END'
include Makefile
flags:
	\@echo '\$(FLAGS)' -fPIC -O1
END`);
    chomp(my $libs = `cd '$tree' && make -s -f - libs <<'END'
include Makefile
libs:
	\@echo '\$(CMOCKA_LIBS) \$(LIBS)'
END`);
    $link = "-O1 build/release/$fixed -Lbuild/release -llongshot-mutant -Wl,-rpath,'$tree/build/release' $libs";
    for my $t (sort glob "$tree/harness/tests/unit/test_*.c") {
        my $name = basename($t, '.c');
        sh("cd '$tree' && gcc $flags -c harness/tests/unit/$name.c -o build/release/tests/$name.o") or die "$name does not compile: $top/log\n";
        push @tests, $name;
    }
    link_programs() or die "a program does not link: $top/log\n";
}
sub link_programs {
    for my $name (@tests) { sh("cd '$tree' && gcc build/release/tests/$name.o -o build/release/tests/$name $link") or return 0 }
    return sh("cd '$tree' && gcc build/release/harness/main.o -o build/longshot $link");
}
sub link_library { return sh("cd '$tree' && gcc -shared -o build/release/liblongshot-mutant.so.new $objects && mv build/release/liblongshot-mutant.so.new build/release/liblongshot-mutant.so") }

# 0: ended well; else `time` or the name.
sub run_test {
    my ($command, $name, $seconds) = @_;
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        setpgrp;
        chdir $tree or die;
        open STDOUT, '>', "$top/out" or die;
        open STDERR, '>&', \*STDOUT or die;
        exec 'sh', '-c', "ulimit -v 8000000; exec $command" or exit 127;
    }
    my $until = time + $seconds;
    while (time < $until) {
        return ($? == 0 ? 0 : $name) if waitpid($pid, WNOHANG) == $pid;
        select undef, undef, undef, 0.02;
    }
    kill 'KILL', -$pid;
    waitpid $pid, 0;
    return 'time';
}

# ---------------------------------------------------------------------------- who enters what

# {test}{file}{function} = 1 for unit tests and scripts that enter a function, {test}{''} the seconds it took.
my %enters;
my @counted = qw(-O1 -fno-inline -g --coverage);
sub scripts { return grep { !/e2e_(install|new_encoding|skips)\.sh$/ } sort glob "$tree/harness/tests/e2e/e2e_*.sh" }

# What the counters of the last run say, which are taken away.
sub read_counters {
    my ($name, $seconds) = @_;
    $enters{$name}{''} = $seconds;
    my @data = split /\n/, `cd '$tree' && find build/coverage -name '*.gcda' -not -path '*/tests/*'`;
    while (my @some = splice @data, 0, 40) {
        my $told = `cd '$tree' && gcov -t -j @some 2>/dev/null`;
        my @functions; # of a file, which is named after them
        while ($told =~ /"name": "(\w+)", "blocks_executed": (\d+)|"file": "([^"]*)"/g) {
            if (defined $1) { push @functions, $1 if $2 }
            else { $enters{$name}{$3}{$_} = 1 for @functions; @functions = () }
        }
    }
    sh("find '$tree/build/coverage' -name '*.gcda' -delete");
}
sub count_entries {
    sh("cd '$tree' && make -s -j2 VARIANT=coverage OPT_coverage='@counted' tests") or die "the build with counters fails: $top/log\n";
    for my $t (@tests, $o{e2e} ? scripts() : ()) {
        my $start = time;
        my $command = $t =~ m{/} ? "env LONGSHOT='$tree/build/coverage/longshot' '$t'" : "build/coverage/tests/$t";
        run_test($command, $t, 600);
        read_counters($t, time - $start);
    }
}
sub find_entries {
    if ($o{map} && -s $o{map}) {
        open my $h, '<', $o{map} or die "$o{map}: $!\n";
        while (<$h>) {
            chomp;
            my ($test, $file, @functions) = split /\t/;
            $test =~ s/^TREE/$tree/;
            if ($file eq '') { $enters{$test}{''} = $functions[0] } else { $enters{$test}{$file}{$_} = 1 for @functions }
        }
        return;
    }
    count_entries();
    return unless $o{map};
    open my $h, '>', $o{map} or die "$o{map}: $!\n";
    for my $test (sort keys %enters) {
        (my $name = $test) =~ s/^\Q$tree\E/TREE/;
        print $h join("\t", $name, $_, $_ eq '' ? $enters{$test}{''} : sort keys %{$enters{$test}{$_}}), "\n" for sort keys %{$enters{$test}};
    }
    close $h or die "$o{map}: $!\n";
}

# The function that a place of a file lies in, '' for what is outside of all.
sub function_at {
    my ($text, $at) = @_;
    my $code = blank($text);
    while ($code =~ /^[A-Za-z_][^\n;{}=]*?\b(\w+)\([^;{}]*\)\s*\{/mg) {
        my ($name, $from) = ($1, $-[0]);
        my $end = index $code, "\n}", $+[0];
        return $name if $from <= $at && $at < $end;
    }
    return '';
}

# Tests that enter the function, or the file where the function goes by several names; those that include its
# header, or a header of its room, first, and the quick ones before the others.
sub in_order {
    my ($f, $function) = @_;
    (my $header = $f) =~ s{^harness/}{};
    $header =~ s/\.c$/.h/;
    my $room = dirname($header);
    my $known = grep { $_->{$f} && $_->{$f}{$function} } map { $enters{$_} } keys %enters;
    my %rank;
    for my $t (grep { $enters{$_}{$f} && (!$known || $enters{$_}{$f}{$function}) } keys %enters) {
        my $text = $t =~ m{/} ? '' : do { local (@ARGV, $/) = "$tree/harness/tests/unit/$t.c"; <> };
        $rank{$t} = $t =~ m{/} ? 3 : $text =~ /"\Q$header\E"/ ? 0 : $text =~ m{"\Q$room\E/} ? 1 : 2;
    }
    my @all = sort { $rank{$a} <=> $rank{$b} || $enters{$a}{''} <=> $enters{$b}{''} } keys %rank;
    my @scripts = grep { m{/} } @all;
    splice @scripts, $o{most} if @scripts > $o{most};
    return ((grep { !m{/} } @all), $o{e2e} ? @scripts : ());
}

if (!$o{list}) { prepare(); find_entries() }
my $out = \*STDOUT;
if ($o{out}) { open $out, '>>', $o{out} or die "$o{out}: $!\n"; }
select((select($out), $| = 1)[0]);
my ($done, $survived) = (0, 0);
while ($done < $o{n}) {
    my ($kind, $f, $at, $length, $new) = next_site();
    my $text = do { local (@ARGV, $/) = $f; <> };
    my $old = substr $text, $at, $length;
    $new = "(!$old)" unless defined $new;
    my $mutant = $text;
    substr($mutant, $at, $length) = $new;
    my $line = 1 + (substr($text, 0, $at) =~ tr/\n//);
    if ($o{list} || $done + 1 < $o{from}) {
        $done++;
        print $out "$done\t$kind\t$f:$line\t-\t$old  =>  $new\n" if $o{list};
        next;
    }
    open my $h, '>', "$tree/$f" or die "$f: $!\n";
    print $h $mutant;
    close $h;
    (my $object = $f) =~ s/\.c$/.o/;
    my @made = $f =~ m{kernels/(simd|attention_head|product|peak)\.c} ? map { (my $x = $object) =~ s/\.o$/.$_.o/; $x } qw(plain avx2 avx512) : $object;
    my $built = sh("$make " . join(' ', map { "'build/release/$_'" } @made)) && ($object eq $fixed ? link_programs() : link_library());
    my $killer = 0;
    if ($built) {
        for my $t (in_order($f, function_at($text, $at))) {
            my ($command, $seconds) = $t =~ m{/} ? ("'$t'", 300) : ("build/release/tests/$t", 120);
            last if $killer = run_test($command, basename($t), $seconds);
        }
    }
    open $h, '>', "$tree/$f" or die "$f: $!\n";
    print $h $text;
    close $h;
    sh("$make " . join ' ', map { "'build/release/$_'" } @made);
    link_programs() if $object eq $fixed;
    next unless $built;
    $done++;
    $survived++ unless $killer;
    s/\s+/ /g for $old, $new;
    print $out "$done\t$kind\t$f:$line\t", $killer || 'SURVIVED', "\t$old  =>  $new\n";
}
print STDERR "mutants: $done tried, $survived survived\n" unless $o{list};
exit($survived ? 1 : 0);
