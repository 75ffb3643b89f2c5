#!/usr/bin/perl
# prove.pl TEST...: the tests four at a time (two cores wait for the disk, for time to pass and for each other), as
# `prove -j4 --merge --timer` runs them, and in the end how many checks were skipped, and for want of what.
use strict;
use warnings;
use TAP::Harness;

my ($skipped, %why) = (0);
my $harness = TAP::Harness->new({jobs => 4, merge => 1, timer => 1, color => -t STDOUT ? 1 : 0});

# "SKIP needs zsh: apt-get install zsh": all of one need are one line.
sub count { my $reason = shift; $skipped++; $why{$reason ne '' ? $reason : 'no reason given'}++ }

$harness->callback(made_parser => sub {
    my $parser = shift;
    $parser->callback(test => sub { my $t = shift; count($t->explanation // '') if $t->has_skip });
    $parser->callback(plan => sub { my $p = shift; count($p->explanation // '') if $p->has_skip });
});
my $all = $harness->runtests(@ARGV);
printf "%d checks skipped%s\n", $skipped, $skipped ? ':' : '';
printf "%6d  %s\n", $why{$_}, $_ for sort { $why{$b} <=> $why{$a} || $a cmp $b } keys %why;
exit($all->get_status eq 'PASS' ? 0 : 1);
