# What faults.pl runs: each scenario is a folder of files (made once, in memory), a command in it, and
# the commands that come after it in an undisturbed life. Everything is as small as it can be: two
# cells of one layer and eight dimensions, four steps.
#   name, role     main, or worker: the fault strikes in a process that the supervisor started
#   files          what is there before: path => kind and content, as snapshot() in faults.pl gives it
#   args           the command; finish: further ones, run when it has ended well
#   partial        exit status 4 is an answer, and the tables may then lack a cell
#   telling        the output tells what was met: what changed, so that a second run says something else, or
#                  what could not be read; and with status 2 it refuses what it cannot look at
#   waits          for tasks on other machines: as long as nothing can be read or asked, until Ctrl-C
#   between        files that are right in other ways, too: of a search that goes on in waves, or that say what
#                  could not be read
#   once           it never replaces what is there, and says so with status 2: then that must be whole
#   numbered       files whose numbers go on where a disturbed run stopped: what Slurm was given
#   broken         files that are not whole are there from the beginning, and that is said
#   aside          folders to which files may have been moved: there they are not lost
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
# All analyses on a dataset that makes prompts, and what a config says about its results.
my $keys = <<'JSON';
{
  "name": "keys",
  "dataset": {"name": "questions", "shortest": 10, "longest": 16, "train_tokens": 400, "valid_tokens": 200},
  "model": {"layers": 1, "d_model": 8, "heads": 2},
  "train": {"length": 8, "batch_tokens": 16, "steps": 4, "lr": 0.003, "warmup": 1},
  "encodings": ["alibi"],
  "eval": {"lengths": ["1x", "2x"], "modes": ["nonoverlapping"], "tokens": 32},
  "analyses": [{"name": "receptive_field", "windows": 2, "control_windows": 2},
    {"name": "attention_variance", "windows": 4}, {"name": "position_probe", "windows": 4},
    {"name": "alignment", "per": "head", "windows": 1, "tolerance": 0.1},
    {"name": "retrieval", "depths": 2, "prompts": 2}],
  "seeds": [1]
}
JSON
(my $claims = $two) =~ s/"seeds".*/<<'END'/se;
"seeds": [1, 2],
  "claims": [
    {"id": "flat", "text": "a claim", "source": "somebody", "left": {"encoding": "learned", "evaluated_as": "learned+clamp", "length": "2x", "positions": ["1x", "2x"]}, "op": "<=", "right": {"encoding": "t5"}, "ratio": 2, "paper": 0.9},
    {"id": "steep", "text": "another", "source": "somebody", "left": {"encoding": "t5", "length": 16, "metric": "nll", "minus": {"length": 8}}, "op": "within", "right": 0, "margin": 0.01}
  ],
  "published": [{"source": "somebody, Table 1", "certainty": "verified", "train_length": 512, "mode": "last", "lengths": [512, 1024],
    "rows": [{"encoding": "t5", "values": [20, null], "spread": [0.1, null]}, {"name": "other", "values": [19, 18]}]}]
}
END
# A rate is looked for: the start and a neighbour on each side.
(my $rates = $one) =~ s/\n\}\s*$/,\n  "tune": {"start": 0.003, "reach": 1}\n}\n/;
# Another claim, of cells that are done.
(my $reworded = $claims) =~ s/"ratio": 2/"ratio": 3/;
my $text = join '', map { "line $_: " . 'words and more words ' x ($_ % 5) . "\n" } 1 .. 200;

make_path("$top/bin");
# A gnuplot that draws three files of a line at once, and in no time.
my $gnuplot = "$top/bin/gnuplot";
spew($gnuplot, "#!/bin/sh\neval \"out=\${3#out = }\"\nfor kind in svg png pdf; do echo 'drawn /CreationDate (D:20260101000000Z)' >\$out.\$kind; done\n");
chmod 0755, $gnuplot;
my %drawing = (PATH => "$top/bin:$ENV{PATH}");

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
    spew("$dir/keys.json", $keys);
    spew("$dir/claims.json", $claims);
    spew("$dir/rates.json", $rates);
    spew("$dir/reworded.json", $reworded);
    spew("$dir/tokens.txt", substr $text, 0, 9);
    spew("$dir/text", $text);
    system('gzip', '-n', "$dir/text") == 0 or die "gzip: $?\n";
});

# Results of both cells, with tables of another day.
my $done = made(done => sub {
    my ($dir) = @_;
    restore($inputs->(), $dir);
    sure($dir, [qw(run two.json -o r -j1 --plots no)]);
    spew("$dir/r/$_", "old\n") for qw(table.md table.tex table.csv);
    rename "$dir/r/metrics.csv", "$dir/elsewhere.csv" or die "metrics.csv: $!\n";
    symlink '../elsewhere.csv', "$dir/r/metrics.csv" or die "metrics.csv: $!\n";
    remove_tree("$dir/r/log.txt");
});

# Both cells are done, and rows and tables were made when one of them was.
my $grown = made(grown => sub {
    my ($dir) = @_;
    restore($inputs->(), $dir);
    sure($dir, [qw(run two.json -o r -j1 --plots no)]);
    my ($cell) = sort glob "$dir/r/cells/*";
    rename $cell, "$dir/aside" or die "$cell: $!\n";
    sure($dir, [qw(merge r)]);
    sure($dir, [qw(report r)], %drawing);
    rename "$dir/aside", $cell or die "$cell: $!\n";
});

# The same, one of them with rows that end too soon.
my $torn = made(torn => sub {
    my ($dir) = @_;
    restore($done->(), $dir);
    my ($rows) = sort glob "$dir/r/cells/*/metrics.csv";
    spew($rows, substr slurp($rows), 0, -20);
});

# Both cells as they are committed: packed rows and nothing else.
my $packed = made(packed => sub {
    my ($dir) = @_;
    restore($inputs->(), $dir);
    sure($dir, [qw(run two.json -o r -j1 --plots no --pack)]);
    remove_tree(grep { !/\.gz$/ } glob "$dir/r/cells/*");
    remove_tree(grep { !m{/cells$} } glob "$dir/r/*");
});

# What a command leaves that is killed at a rename: the first by which `there` is true.
sub killed {
    my ($files, $dir, $args, $there) = @_;
    for my $n (1 .. 40) {
        remove_tree($dir);
        restore($files->(), $dir);
        my ($status) = run($dir, $args, LX_FAULT => "rename:$n:once:kill");
        die "kill at rename $n: status $status\n" if $status ne '137';
        last if $there->();
    }
    unlink glob "$dir/r/work/*/lock $dir/r/*/*/*.tmp-* $dir/r/*.tmp-*";
}

# A cell that was killed in training when there were two saved states.
my $killed = made(killed => sub {
    my ($dir) = @_;
    killed($inputs, $dir, [qw(cell one.json --index 0 -o r --checkpoint-every 0.000001)],
        sub { 2 == (() = glob "$dir/r/work/*/state.?.safetensors") });
});

# Training is done, evaluation is not; checkpoint.safetensors is a copy of the weights.
my $trained = made(trained => sub {
    my ($dir) = @_;
    restore($inputs->(), $dir);
    sure($dir, [qw(cell one.json --index 0 -o r)]);
    my ($weights) = glob "$dir/r/checkpoints/*/model.safetensors";
    spew("$dir/checkpoint.safetensors", slurp($weights));
    remove_tree("$dir/r/cells");
});

# The same under all analyses, and with what they gave.
my $asked = made(asked => sub {
    my ($dir) = @_;
    restore($inputs->(), $dir);
    sure($dir, [qw(cell keys.json --index 0 -o r)]);
    remove_tree("$dir/r/cells");
});
# Killed at the first rename by which half of it was kept.
my $half = made(half => sub {
    my ($dir) = @_;
    killed($asked, $dir, [qw(cell keys.json --index 0 -o r --checkpoint-every 0.000001)], sub { my ($part) = glob "$dir/r/work/*/eval.part"; $part && -s $part });
});
my $analysed = made(analysed => sub {
    my ($dir) = @_;
    restore($inputs->(), $dir);
    sure($dir, [qw(run keys.json -o r -j1 --plots no)]);
});
my $claimed = made(claimed => sub {
    my ($dir) = @_;
    restore($inputs->(), $dir);
    sure($dir, [qw(run claims.json -o r -j1 --plots no)]);
    spew("$dir/r/$_", "old\n") for qw(claims.md claims.tex claims.csv published.csv);
});

# Their trainings, in another folder.
my $spent = made(spent => sub {
    my ($dir) = @_;
    restore($inputs->(), $dir);
    sure($dir, [qw(run two.json -o old -j1 --plots no)]);
});

my $book = made(book => sub {
    my ($dir) = @_;
    spew("$dir/book.txt", $text x 3);
});

# A study beside the rest of them.
my $several = made(several => sub {
    my ($dir) = @_;
    restore($claimed->(), $dir);
    my $tree = snapshot("$dir/r");
    restore($tree, "$dir/all/$_") for qw(a b);
    remove_tree("$dir/r");
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

# Stubs of Slurm's commands; their memory is in the folder stub/. Arrays of one task.
symlink "$root/harness/tests/e2e/slurm_stub.sh", "$top/bin/$_" or die "$_: $!\n" for qw(sbatch squeue scontrol);
my %slurm = (PATH => "$top/bin:$ENV{PATH}", STUB => 'stub');
my @submit = qw(run two.json --launcher slurm -o r --plots no --cells-per-task 1);
my $cluster = made(cluster => sub {
    my ($dir) = @_;
    restore($inputs->(), $dir);
    spew("$dir/stub/queue", '');
    spew("$dir/stub/limit", "1\n");
    spew("$dir/stub/quick", '');
});
# Both cells were submitted; the first is still queued, the second was lost.
my $submitted = made(submitted => sub {
    my ($dir) = @_;
    restore($cluster->(), $dir);
    unlink "$dir/stub/quick";
    sure($dir, [@submit, '--no-wait'], %slurm);
    spew("$dir/stub/queue", (split /^/, slurp("$dir/stub/queue"))[0]);
    spew("$dir/stub/quick", '');
    for my $script (glob "$dir/stub/*.sh") { # wherever it is copied to
        (my $text = slurp($script)) =~ s{'\Q$dir\E([^']*)'}{"\$STUB/..$1"}g;
        spew($script, $text);
    }
});

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
    {name => 'pack', files => $done, args => [qw(merge r --pack)], untidied => qr{^elsewhere}},
    {name => 'replace', files => $torn, args => [qw(run two.json -o r -j1 --plots no)], partial => 1, untidied => qr{^elsewhere}, broken => 1},
    {name => 'packed', files => $packed, args => [qw(run two.json -o r -j1 --plots no)], partial => 1},
    {name => 'drop', files => $done, args => [qw(run two.json -o r -j1 --plots no --weights drop)], partial => 1, untidied => qr{^elsewhere}},
    {name => 'other', files => $done, args => [qw(run two.json -o r -j1 --plots no train.steps=3)], partial => 1, aside => qr{^r/earlier-[0-9a-f]+}, untidied => qr{^elsewhere}, telling => 1},
    {name => 'report', files => $done, args => [qw(report r --no-plots)], finish => $merge},
    {name => 'plots', files => $done, args => [qw(report r)], finish => $merge, env => \%drawing},
    {name => 'compare', files => $pair, args => [qw(compare base new --format junit --out out.xml)], untidied => qr{.}},
    {name => 'update', files => $pair, args => [qw(compare other new --update)], untidied => qr{.}, telling => 1},
    {name => 'status', files => $done, args => [qw(status r)], telling => 1},
    {name => 'describe', files => $inputs, args => [qw(describe alibi --heads 2 --length 4)]},
    {name => 'run', files => $inputs, args => [qw(run two.json -o r -j1 --plots no)], partial => 1},
    {name => 'submit', files => $cluster, args => [@submit, '--no-wait'], finish => [[@submit, qw(--poll 0.001)]], env => \%slurm, numbered => qr{^r/slurm/}, telling => 1},
    {name => 'slurm', files => $submitted, args => [@submit, qw(--poll 0.001)], env => \%slurm, numbered => qr{^r/slurm/}, partial => 1, waits => 1},
    {name => 'analyses', files => $asked, args => [qw(cell keys.json --index 0 -o r)], finish => $merge},
    {name => 'half', files => $half, args => [qw(cell keys.json --index 0 -o r)], finish => $merge},
    {name => 'figures', files => $analysed, args => [qw(report r)], finish => $merge, env => \%drawing},
    {name => 'claims', files => $claimed, args => [qw(report r --no-plots)], finish => $merge},
    {name => 'shard', files => $inputs, args => [qw(cell two.json --shard 0/1 -o r --threads 2)], finish => $merge, partial => 1},
    {name => 'questions', files => $inputs, args => [qw(sample keys.json -n 40 --tokens -o s.csv)], untidied => qr{.}},
    {name => 'heatmap', files => $inputs, args => [qw(describe alibi --heads 2 --length 4 --plot heat.png)], untidied => qr{.}, env => \%drawing},
    {name => 'newer', files => $grown, args => [qw(merge r)], finish => [[qw(report r --no-plots)]]},
    {name => 'grown', files => $grown, args => [qw(run two.json -o r -j1)], partial => 1, env => \%drawing},
    {name => 'tune', files => $inputs, args => [qw(tune rates.json -o found.json -j1 --plots no)], partial => 1, untidied => qr{^[^/]*$}, between => qr{/tune/[^/]*$}, numbered => qr{/tune/earlier-}},
    {name => 'verify', files => $claimed, args => [qw(verify r)], telling => 1},
    {name => 'verdicts', files => $several, args => [qw(verdicts all/a all/b -o v.txt)], untidied => qr{.}},
    {name => 'register', files => $claimed, args => [qw(run reworded.json -o r -j1 --plots no)], partial => 1},
    {name => 'index', files => $several, args => [qw(report --index all)], telling => 1, between => qr{index\.html$}},
    {name => 'init', files => $book, args => [qw(init mine.json --text book.txt seeds=1..3)], untidied => qr{.}, once => qr{is there already}},
    {name => 'reuse', files => $spent, args => [qw(run two.json -o r -j1 --plots no --reuse old)], partial => 1},
    {name => 'packing', files => $inputs, args => [qw(run two.json -o r -j1 --plots no --pack)], partial => 1},
    {name => 'bench', files => $inputs, args => [qw(bench --workloads none --lengths none -o b)], untidied => qr{.}},
    {name => 'workers', role => 'worker', files => $inputs, args => [qw(run two.json -o r -j1 --plots no)], partial => 1},
);
$_->{role} //= 'main' for @scenarios;
1;
