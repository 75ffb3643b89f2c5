#!/bin/sh
# No circle of files: one object file must not need a symbol of another that needs one of its own, by
# however many steps. check_circles.sh BUILD_DIRECTORY reads the symbols of the objects there (nm) and
# prints each circle; exits 1 if there was one. Calls through pointers are hooks, and do not count.
set -u
root=$(cd "$(dirname "$0")/../../.." && pwd)
cd "$1" || exit 2
has_source() { # an object of a file that moved may be there still
    while read -r o; do
        s=${o%.o}
        [ -f "$root/${s%.plain}.c" ] && echo "$o"
    done
}
objects=$(find harness encodings datasets -name '*.o' ! -path 'harness/tests/*' | grep -v '\.\(avx2\|avx512\)\.o$' | has_source)
# shellcheck disable=SC2086
out=$(nm -A -P $objects | perl -e '
    use strict;
    use warnings;
    my (%defined, %needs, %graph);
    while (<STDIN>) {
        my ($file, $symbol, $kind) = /^(\S+?): (\S+) (\w)/ or next;
        $file =~ s{(\.plain)?\.o$}{.c};
        $kind eq "U" ? ($needs{$file}{$symbol} = 1) : $kind =~ /[TDBRC]/ ? ($defined{$symbol} = $file) : next;
    }
    for my $f (keys %needs) {
        for (keys %{$needs{$f}}) { my $to = $defined{$_}; $graph{$f}{$to} = $_ if defined $to && $to ne $f }
    }
    my ($next, %index, %low, %open, @stack) = (1);
    sub visit { # Tarjan: the strongly connected components
        my $f = shift;
        $index{$f} = $low{$f} = $next++;
        push @stack, $f;
        $open{$f} = 1;
        for my $to (sort keys %{$graph{$f} || {}}) {
            visit($to) if !$index{$to};
            my $l = $index{$to} && $open{$to} ? $low{$to} : next;
            $low{$f} = $l if $l < $low{$f};
        }
        return if $low{$f} != $index{$f};
        my @component;
        do { push @component, pop @stack; delete $open{$component[-1]} } until $component[-1] eq $f;
        return if @component < 2;
        my %in = map { $_ => 1 } @component;
        for my $a (sort @component) {
            print "$a needs $_ (", $graph{$a}{$_}, ")\n" for grep { $in{$_} } sort keys %{$graph{$a}};
        }
        print scalar(@component), " files form a circle\n";
    }
    visit($_) for grep { !$index{$_} } sort keys %graph;')
[ -z "$out" ] || { printf '%s\n' "$out" >&2; exit 1; }
