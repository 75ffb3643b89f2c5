#!/usr/bin/perl
# One dialect of C, as far as a rule can see it. Each rule has a budget: what is left of it in the tree. More
# is a breach, and less lowers the budget to be written here. check_dialect.pl [--list RULE]; exits 1 after
# a breach, with the places of that rule.
use strict;
use warnings;
use File::Basename;
chdir dirname($0) . '/../../..' or die "no root: $!\n";
my ($flag, $wanted) = @ARGV;
my %budget = do { local $/; open my $f, '<', 'harness/tests/lint/dialect.budget' or die "dialect.budget: $!\n"; <$f> =~ /^(\w+)\s+(\d+)/mg };
my %found;
sub breach { my ($rule, $place, $text) = @_; push @{$found{$rule}}, "$place: $text" }

for my $file (split /\n/, `git ls-files --cached --others --exclude-standard harness encodings datasets`) {
    next unless $file =~ /\.[ch]$/ && -f $file;
    my $test = $file =~ m{^harness/tests/};
    open my $f, '<', $file or die "$file: $!\n";
    my ($begin, $comment) = (0, 0);
    while (my $line = <$f>) {
        chomp $line;
        my $at = "$file:$.";
        (my $bare = $line) =~ s{"(?:[^"\\]|\\.)*"}{}g; # a text may hold what begins a comment
        my $in = $comment || $bare =~ m{/\*};
        breach(words => $at, $line) if !$test && $in && $line =~ m{\b(behind|stands)\b};
        breach(trailing => $at, $line) if length $line > 100 && $line =~ m{\S.*/\*.*\*/\s*$} && $line !~ m{^\s*(/?\*)};
        $comment = 1 if $bare =~ m{/\*(?!.*\*/)};
        $comment = 0 if $bare =~ m{\*/};
        (my $code = $line) =~ s{/\*.*|"(?:[^"\\]|\\.)*"}{}g;
        next if $in && $line !~ m{^\s*\S.*/\*};
        breach(sizeof => $at, $line) if $code =~ /\bsizeof\s+[A-Za-z_*]|\bsizeof\s*\(\s*(struct\s+)?lx_\w+\s*\)/;
        breach(snprintf => $at, $line) if $code =~ /^\s*v?snprintf\(/;
        breach(statics => $at, $line) if $code =~ /^\s*static\s[^(=]*?\b[A-Z][A-Z0-9_]{2,}(\[|\s*=)/;
        breach(ladder => $at, $line) if !$test && $code =~ /if \(code == LX_OK/;
        # what cannot be looked at is not missing: lx_fs_look and its kin tell the two apart
        breach(looks => $at, $line) if !$test && $file !~ m{^harness/system/} && $code =~ /\bl?stat\(/;
        breach(counter => $at, $line) if $code =~ /\bfor \((i|j|k|n) = 0;/;
        breach(null => $at, $line) if !$test && $code =~ /(if|while) \(!(p|path|text|at|name|slash)\)/;
        $begin = $. if $line eq '{';
        if ($line eq '}' && $begin) {
            my $n = $. - $begin + 1;
            breach(length => "$file:$begin", "function of $n lines, at most 60") if $n > 60;
            $begin = 0;
        }
    }
}
my $bad = 0;
for my $rule (sort { $a cmp $b } keys %{{%budget, %found}}) {
    my $n = @{$found{$rule} // []};
    my $most = $budget{$rule} // 0;
    print map { "$_\n" } @{$found{$rule} // []} if $n > $most || defined $wanted && $wanted eq $rule;
    print STDERR "$rule: $n, at most $most\n" if $n > $most;
    print STDERR "$rule: $n left, lower its budget from $most\n" if $n < $most;
    $bad = 1 if $n > $most;
}
exit $bad;
