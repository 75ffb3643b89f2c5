# What faults.pl runs: each scenario is a folder of files (made once, in memory), a command in it, and
# the commands that come after it in an undisturbed life. Everything is as small as it can be: two
# cells of one layer and eight dimensions, four steps.
#   name, role     main, or worker: the fault strikes in a process that the supervisor started
#   files          what is there before: path => kind and content, as snapshot() in faults.pl gives it
#   args           the command; finish: further ones, run when it has ended well
#   partial        exit status 4 is an answer, and the tables may then lack a cell
#   telling        the output tells what was met: what changed, so that a second run says something else, or
#                  what could not be read; and with status 2 it refuses what it cannot look at
#   untidied       which temporary files that a kill left nobody cleans up: those outside the results folder
use strict;
use warnings;

our (@scenarios, $top, $root);

my $one = <<'JSON';
{
  "name": "tiny",
  "dataset": {"name": "journal", "train_tokens": 2000, "valid_tokens": 600},
  "model": {"layers": 1, "d_model": 8, "heads": 2},
  "train": {"length": 8, "batch_tokens": 16, "steps": 4, "lr": 0.003, "warmup": 1, "log_every": 2},
  "encodings": [{"id": "learned", "stack": ["learned"],
    "evaluate_as": [{"id": "learned+clamp", "stack": [{"name": "learned", "past": "clamp"}]}]}],
  "eval": {"lengths": ["1x", "2x"], "modes": ["last"], "tokens": 32},
  "seeds": [1]
}
JSON
(my $two = $one) =~ s/\}\]\}\],/}]}, "t5"],/;
my $rich = <<'JSON';
{
  "name": "rich",
  "dataset": [{"id": "a", "name": "text", "path": "text.gz"}, {"id": "b", "name": "journal", "train_tokens": 2000, "valid_tokens": 600}],
  "model": {"layers": 1, "d_model": 8, "heads": 2},
  "train": {"length": 8, "batch_tokens": 16, "steps": 4, "lr": {"sweep": [0.003, 0.001]}, "warmup": 1},
  "encodings": ["alibi", {"id": "rope+alibi", "stack": [{"name": "rope"}, {"name": "alibi"}]}],
  "eval": {"lengths": ["1x", "2x"], "modes": ["nonoverlapping", "last"], "tokens": 32},
  "seeds": [1, 2]
}
JSON
my $text = join '', map { "line $_: " . 'words and more words ' x ($_ % 5) . "\n" } 1 .. 200;

# Each folder is made at first use, once.
my %made;
sub made {
    my ($name, $make) = @_;
    return sub {
        $made{$name} //= do {
            my $dir = "$top/made-$name";
            make_path($dir);
            $make->($dir);
            my $tree = snapshot($dir);
            remove_tree($dir);
            $tree;
        };
        return $made{$name};
    };
}

my $inputs = made(inputs => sub {
    my ($dir) = @_;
    spew("$dir/one.json", $one);
    spew("$dir/two.json", $two);
    spew("$dir/rich.json", $rich);
    spew("$dir/tokens.txt", substr $text, 0, 9);
    spew("$dir/text", $text);
    system('gzip', '-n', "$dir/text") == 0 or die "gzip: $?\n";
});

# Results of both cells, with tables of another day.
my $done = made(done => sub {
    my ($dir) = @_;
    restore($inputs->(), $dir);
    sure($dir, qw(run two.json -o r -j1 --plots no));
    spew("$dir/r/$_", "old\n") for qw(table.md table.tex table.csv);
    rename "$dir/r/metrics.csv", "$dir/elsewhere.csv" or die "metrics.csv: $!\n";
    symlink '../elsewhere.csv', "$dir/r/metrics.csv" or die "metrics.csv: $!\n";
    remove_tree("$dir/r/log.txt");
});

# A cell that was killed in training, at the first rename by which there were two saved states.
my $killed = made(killed => sub {
    my ($dir) = @_;
    for my $n (1 .. 40) {
        remove_tree($dir);
        restore($inputs->(), $dir);
        my ($status) = run($dir, [qw(cell one.json --index 0 -o r --checkpoint-every 0.000001)], LX_FAULT => "rename:$n:once:kill");
        die "kill at rename $n: status $status\n" if $status ne '137';
        last if 2 == (() = glob "$dir/r/checkpoints/*/state.?.safetensors");
    }
    unlink glob "$dir/r/cells/*/lock $dir/r/*/*/*.tmp-* $dir/r/*.tmp-*";
});

# Training is done, evaluation is not; checkpoint.safetensors is a copy of the weights.
my $trained = made(trained => sub {
    my ($dir) = @_;
    restore($inputs->(), $dir);
    sure($dir, qw(cell one.json --index 0 -o r));
    my ($weights) = glob "$dir/r/checkpoints/*/model.safetensors";
    spew("$dir/checkpoint.safetensors", slurp($weights));
    remove_tree("$dir/r/cells");
});

my $pair = made(pair => sub {
    my ($dir) = @_;
    my $tree = $done->();
    my $rows = substr $tree->{'elsewhere.csv'}, 1;
    spew("$dir/new/metrics.csv", $rows);
    (my $other = $rows) =~ s/(,nll,[^\n]*?\d\.\d{3})\d+/${1}1/g;
    spew("$dir/base/metrics.csv", $rows);
    spew("$dir/other/metrics.csv", $other);
    spew("$dir/out.xml", "old\n");
});

# A gnuplot that draws two files of a line at once, and in no time.
my $gnuplot = "$top/bin/gnuplot";
spew($gnuplot, "#!/bin/sh\nfor last; do :; done\nname=\${last%.gp}\nfor kind in svg png; do echo drawn >.\$name.tmp.\$kind; done\n");
chmod 0755, $gnuplot;
my %drawing = (PATH => "$top/bin:$ENV{PATH}");

my @cell = qw(cell one.json --index 0 -o r --checkpoint-every 0.000001);
my $merge = [[qw(merge r)]];
@scenarios = (
    {name => 'config', files => $inputs, args => [qw(plan rich.json train.steps=5 eval.lengths=["1x"])]},
    {name => 'data', files => $inputs, args => [qw(sample rich.json --dataset a --split valid -n 40)]},
    {name => 'train', files => $inputs, args => \@cell, finish => $merge},
    {name => 'resume', files => $killed, args => \@cell, finish => $merge},
    {name => 'evaluate', files => $trained, args => \@cell, finish => $merge},
    {name => 'eval', files => $trained, args => [qw(eval checkpoint.safetensors --config one.json --stack), '[{"name": "learned", "past": "clamp"}]']},
    {name => 'probe', files => $trained, args => [qw(probe checkpoint.safetensors --tokens tokens.txt --out p.safetensors --grad --attention)], untidied => qr{.}},
    {name => 'merge', files => $done, args => [qw(merge r)], untidied => qr{^elsewhere}},
    {name => 'report', files => $done, args => [qw(report r --no-plots)], finish => $merge},
    {name => 'plots', files => $done, args => [qw(report r)], finish => $merge, env => \%drawing},
    {name => 'compare', files => $pair, args => [qw(compare base new --format junit --out out.xml)], untidied => qr{.}},
    {name => 'update', files => $pair, args => [qw(compare other new --update)], untidied => qr{.}, telling => 1},
    {name => 'status', files => $done, args => [qw(status r)], telling => 1},
    {name => 'describe', files => $inputs, args => [qw(describe alibi --heads 2 --length 4)]},
    {name => 'run', files => $inputs, args => [qw(run two.json -o r -j1 --plots no)], partial => 1},
    {name => 'workers', role => 'worker', files => $inputs, args => [qw(run two.json -o r -j1 --plots no)], partial => 1},
);
$_->{role} //= 'main' for @scenarios;
1;
