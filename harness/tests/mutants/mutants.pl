#!/usr/bin/perl
# Mutants: small changes of the sources, each of which some test must notice. mutants.pl [--n 200] [--seed 1]
# [--from K] [--e2e] [--only REGEX] [--out FILE] [--list]
#
# Sites are drawn by the seed over all lines of code of harness/ and encodings/ (not the tests), evenly over
# the kinds: sign (+ and -), bound (< and <=), condition (== and !=, && and ||, a negated if), call (a
# statement that is a call is dropped), number (0 and 1). The sources are copied, and the library is built as a shared one, so
# that a mutant costs one object and one link. Unit tests run first, those that name the mutated file's header
# foremost; with --e2e what survives them meets the end-to-end scripts. One line a mutant, tab-separated:
#   number  kind  file:line  what killed it (a test, `build`, `time`) or SURVIVED  old  =>  new
# A mutant that does not compile is no mutant: another is drawn in its place. Exits 1 if one survived.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Basename qw(basename dirname);
use File::Temp qw(tempdir);
use Getopt::Long;
use POSIX qw(:sys_wait_h);

my %o = (n => 200, seed => 1, from => 1);
GetOptions(\%o, 'n=i', 'seed=i', 'from=i', 'e2e', 'only=s', 'out=s', 'list', 'keep') && !@ARGV
    or die "usage: mutants.pl [--n N] [--seed S] [--from K] [--e2e] [--only REGEX] [--out FILE] [--list]\n";
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

my $top = tempdir('longshot-mutants-XXXXXX', DIR => '/tmp', CLEANUP => !$o{keep});
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

# Tests that include the header of the mutated file, or a header of its room, first.
sub in_order {
    my $f = shift;
    (my $header = $f) =~ s{^harness/}{};
    $header =~ s/\.c$/.h/;
    my $room = dirname($header);
    my %rank;
    for my $t (@tests) {
        my $text = do { local (@ARGV, $/) = "$tree/harness/tests/unit/$t.c"; <> };
        $rank{$t} = $text =~ /"\Q$header\E"/ ? 0 : $text =~ m{"\Q$room\E/} ? 1 : 2;
    }
    return sort { $rank{$a} <=> $rank{$b} || $a cmp $b } @tests;
}

prepare() unless $o{list};
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
    my @made = $f =~ m{kernels/(simd|attention_head)\.c} ? map { (my $x = $object) =~ s/\.o$/.$_.o/; $x } qw(plain avx2 avx512) : $object;
    my $built = sh("$make " . join(' ', map { "'build/release/$_'" } @made)) && ($object eq $fixed ? link_programs() : link_library());
    my $killer = 0;
    if ($built) {
        for my $t (in_order($f)) { last if $killer = run_test("build/release/tests/$t", $t, 120) }
        if (!$killer && $o{e2e}) {
            for my $t (sort glob "$tree/harness/tests/e2e/e2e_*.sh") { last if $killer = run_test("'$t'", basename($t), 300) }
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
