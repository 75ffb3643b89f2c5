#!/usr/bin/env perl
# A composite action, run as GitHub's runner does it, as far as this repository's actions go: each step's
# script in order, in the workspace, with `bash --noprofile --norc -eo pipefail`, an environment of its own,
# and expressions replaced by what they stand for. What the runner would refuse or leave empty in silence (an
# input that is not declared, one that is required and not given, an unknown expression, a step without a
# shell) is an error here.
#   run_action.pl ACTION_FOLDER [INPUT=VALUE ...]
# The environment must have GITHUB_WORKSPACE, GITHUB_OUTPUT and GITHUB_STEP_SUMMARY, as the runner sets them.
# Exit status: that of the first step that fails, 125 where the action itself is wrong.
use strict;
use warnings;

my $folder = shift @ARGV;
my %given = map { /^([\w-]+)=(.*)$/s or wrong("not INPUT=VALUE: $_"); ($1, $2) } @ARGV;
my (%input, @step);

sub wrong { print STDERR "run_action.pl: @_\n"; exit 125 }

sub unquoted {
    my ($v) = @_;
    return $v =~ /^'(.*)'$/s || $v =~ /^"(.*)"$/s ? $1 : $v;
}

# The part of YAML that actions are written in: two levels of keys under inputs, a list of steps under runs,
# and texts after `|`.
sub read_action {
    my ($section, $key, $map, $text, $deep) = ('', '');

    open my $in, '<', "$folder/action.yml" or wrong("$folder/action.yml: $!");
    while (<$in>) {
        chomp;
        if (defined $deep) {
            if (/^\s*$/ || /^( *)\S/ && length $1 > $deep) {
                s/^ {1,@{[$deep + 2]}}//;
                $$text .= "$_\n";
                next;
            }
            undef $deep;
        }
        next if /^\s*(#.*)?$/;
        if (/^(\w[\w-]*):/) { $section = $1; undef $map }
        elsif ($section eq 'inputs' && /^  ([\w-]+):\s*$/) { $key = $1; $input{$key} = {} }
        elsif ($section eq 'inputs' && /^    ([\w-]+): *(.*)$/) { $input{$key}{$1} = unquoted($2) }
        elsif ($section eq 'runs' && /^  using: (.*)$/) { $1 eq 'composite' or wrong("using: $1") }
        elsif ($section eq 'runs' && /^  steps:\s*$/) { }
        elsif ($section eq 'runs' && /^ {4}(?:- |  )([\w-]+):\s*(.*)$/) {
            push @step, {env => {}} if /^ {4}- /;
            ($key, my $value) = ($1, $2);
            undef $map;
            if ($value eq '|') { $step[-1]{$key} = ''; $text = \$step[-1]{$key}; $deep = 6 }
            elsif ($key eq 'env' && $value eq '') { $map = $step[-1]{env} }
            else { $step[-1]{$key} = unquoted($value) }
        }
        elsif (defined $map && /^ {8}(\w+): *(.*)$/) { $map->{$1} = unquoted($2) }
        else { wrong("$folder/action.yml:$.: not understood: $_") }
    }
}

sub valued {
    my ($text) = @_;
    $text =~ s/\$\{\{\s*(.*?)\s*\}\}/expression($1)/ge;
    return $text;
}

sub expression {
    my ($x) = @_;
    return $folder if $x eq 'github.action_path';
    return $ENV{GITHUB_WORKSPACE} if $x eq 'github.workspace';
    $x =~ /^inputs\.([\w-]+)$/ && exists $input{$1} or wrong("an unknown expression: $x");
    return $given{$1} // $input{$1}{default} // '';
}

defined $ENV{$_} or wrong("$_ must be set") for qw(GITHUB_WORKSPACE GITHUB_OUTPUT GITHUB_STEP_SUMMARY);
read_action();
@step or wrong('no steps');
exists $input{$_} or wrong("not an input: $_") for sort keys %given;
for (sort keys %input) {
    wrong("input required: $_") if ($input{$_}{required} // '') eq 'true' && !defined $given{$_};
}
chdir $ENV{GITHUB_WORKSPACE} or wrong("$ENV{GITHUB_WORKSPACE}: $!");
for my $i (0 .. $#step) {
    my $s = $step[$i];
    my $file = "$ENV{RUNNER_TEMP}/step." . ($i + 1);

    wrong("step " . ($i + 1) . ": no run") unless defined $s->{run};
    wrong("step " . ($i + 1) . ": must have a shell, bash") unless ($s->{shell} // '') eq 'bash';
    $s->{run} =~ /\$\{\{/ and wrong("step " . ($i + 1) . ": an expression in a script: pass it by env");
    print "##[group]", $s->{name} // "step " . ($i + 1), "\n";
    open my $out, '>', $file or wrong("$file: $!");
    print $out $s->{run};
    close $out or wrong("$file: $!");
    local %ENV = (%ENV, GITHUB_ACTION_PATH => $folder, map { ($_, valued($s->{env}{$_})) } keys %{$s->{env}});
    $| = 1;
    my $status = system 'bash', '--noprofile', '--norc', '-e', '-o', 'pipefail', $file;
    if ($status != 0) {
        print "##[error]Process completed with exit code ", $status >> 8, ".\n";
        exit($status >> 8 || 1);
    }
}
