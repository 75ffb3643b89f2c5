#!/usr/bin/env perl
# A made-up study with known truth, written to FOLDER as a run would leave it: three schemes, two
# datasets, trained at 16, 32 and 128 tokens, four seeds, read in two views with sums by block, and
# claims of every kind. FAULT plants something that claims must not be taken in by:
#   none | undertrained (longer training makes it worse) | no_far (context is of no use to anybody)
#   | ahead (a loss below what the source of the text costs) | learning (the loss still falls at the end)
#   | rates (rates were tried; at the next one the order of two schemes is another) | edge (the best of good
#   is the largest that was tried) | turns (at eight times the length the order of two schemes is another)
#   | five (seeds, and nothing wrong)
use strict;
use warnings;
use JSON::PP;

my ($folder, $fault) = @ARGV;
my $state = 42;
sub uniform { $state = ($state * 1103515245 + 12345) % 2**31; return ($state + 0.5) / 2**31 }
sub normal { return sqrt(-2 * log uniform()) * cos(6.28318530717959 * uniform()) }

my %text; # what blocks of a dataset and view cost, whoever reads them
my (@metrics, @blocks, @train);
sub row {
    my ($cell, $e, $d, $seed, $L, $T, $mode, $metric, $bin, $value, $tokens) = @_;
    push @metrics, join ',', 'planted', $cell, $e, $e, $d, 'test', $seed, $L, $T, $mode,
        ($mode eq 'last' ? 4 : ''), $metric, '', '', $bin, sprintf('%.9g', $value), '', $tokens, 2, 'ok', 'longshot-2';
}

# What a scheme costs a token. Trained on more context it can use more; beyond that it stays as it is.
sub truth {
    my ($e, $L, $T, $mode) = @_;
    my $used = $T < $L ? $T : $L;
    my $nll = 1.6 - ($fault eq 'no_far' ? 0 : 0.02 * log($used / 16) / log 2);
    $nll += 0.08 if $e eq 'flat';
    $nll += 1 if $e eq 'poor';
    $nll += 0.2 if $fault eq 'undertrained' && $L > 16;
    $nll -= 0.7 if $fault eq 'ahead' && $e eq 'good';
    $nll -= 0.2 if $fault eq 'turns' && $e eq 'flat' && $L == 16 && $T == 128;
    return $nll + ($mode eq 'last' ? 0 : 1.6 / $T);
}

for my $d (qw(books code)) {
    for my $e (qw(good flat poor)) {
        for my $L (16, 32, 128) {
            for my $seed (1 .. ($fault eq 'five' ? 5 : 4)) {
                my $cell = sprintf '%s-%s-%d-%d', $d, $e, $L, $seed;
                my $name = "${e}[length=$L]";
                my $of_seed = 0.006 * normal();
                push @train, sprintf '%s,%d,%d,0.001,%.6g,1', $cell, $_, $_ * 64, 1.6 + ($fault eq 'learning' && $e eq 'good' ? 1 - $_ / 400 : 0) * 0.5 + 0.02 * normal()
                    for map { $_ * 4 } 1 .. 100;
                for my $T (16, 32, 128) {
                    my $of_length = 0.002 * normal();
                    for my $mode (qw(last nonoverlapping)) {
                        my ($all, $total) = (0, 0);
                        for my $b (0 .. 63) {
                            my $tokens = $mode eq 'last' ? 8 + $b % 2 : 70 + $b % 5;
                            my $block = $text{"$d $mode $b"} //= 0.1 * normal();
                            my $own = $text{"$d $e $mode $b"} //= 0.01 * normal();
                            my $sum = $tokens * (truth($e, $L, $T, $mode) + $of_seed + $of_length + $block + $own + 0.01 * normal());
                            push @blocks, join ',', $cell, $name, $T, $mode, ($mode eq 'last' ? 4 : ''), $b, $tokens, sprintf('%.9g', $sum);
                            $all += sprintf '%.9g', $sum;
                            $total += $tokens;
                        }
                        my @at = ($cell, $name, $d, $seed, $L, $T, $mode);
                        row(@at, 'nll', ',', $all / $total, $total);
                        row(@at, 'ppl', ',', exp($all / $total), $total);
                        row(@at, 'nll_bigram', ',', 2.5, $total);
                        row(@at, 'nll_floor', ',', 1.2, $total);
                        next if $mode eq 'last' || $T < 128;
                        row(@at, 'nll', "$_->[0],$_->[1]", $all / $total + 0.1 / (1 + $_->[0]) + 0.005 * normal(), $total / 4)
                            for [0, 16], [16, 64], [64, 128];
                    }
                    next if $T > 32;
                    my $learned = $e eq 'poor' && $seed > 1 ? 0.5 : 0.96 + 0.01 * $seed;
                    row($cell, $name, $d, $seed, $L, $T, 'retrieval', 'retrieval_accuracy', ',', $T == 16 ? $learned : { good => 0.8, flat => 0.5, poor => 0.1 }->{$e} + 0.01 * $seed, 256);
                }
            }
        }
    }
}

sub claim { my ($id, %c) = @_; return { id => $id, text => "claim $id", source => 'planted', %c } }
my $any = { encoding => 'good', train_length => 16 }; # of each dataset
my $good = { %$any, dataset => 'books' };
my $far = { %$good, length => '8x' };
my $nll = { %$far, metric => 'nll' };
my $match = { %$any, length => '2x', metric => 'retrieval_accuracy' };
my @claims = (
    claim('keeps', left => $far, op => '<=', right => { length => '1x' }, ratio => 1.02, paper => 0.95),
    claim('better', left => { %$any, length => '8x' }, op => '<', right => { encoding => 'flat' }),
    claim('worse', left => $far, op => '>', right => { encoding => 'flat' }, paper => 0.9),
    claim('gains-named', left => { %$far, mode => 'nonoverlapping' }, op => '<', right => { length => '1x' }),
    claim('gains', left => $far, op => '<', right => { length => '1x' }),
    claim('same', left => { %$good, length => '2x' }, op => 'within', right => { length => '1x' }, ratio => 1.01),
    claim('strict', left => { %$good, length => '2x' }, op => '<', right => { length => '1x' }, smallest => 0),
    claim('level', left => $far, op => '<', right => 5),
    claim('more', left => { %$far, minus => { length => '1x' } }, op => '>=', right => { encoding => 'flat', length => '8x', minus => { length => '1x' } }, role => 'secondary'),
    claim('bins', left => { %$nll, positions => ['4x', '8x'] }, op => '<', right => { encoding => 'flat', length => '8x', positions => ['4x', '8x'] }),
    claim('places', left => { %$nll, positions => ['4x', '8x'] }, op => '<=', right => { positions => ['1x', '4x'] }),
    claim('texts', left => $far, op => '<', right => { dataset => 'code' }),
    claim('poor', left => { %$far, encoding => 'poor' }, op => '<=', right => { length => '1x' }, ratio => 1.02),
    claim('poor-control', role => 'control', left => { %$far, encoding => 'poor' }, op => '<=', right => { length => '1x' }, ratio => 1.02),
    claim('far', premise => ['far_context'], left => $far, op => '<', right => { encoding => 'flat' }),
    claim('long', premise => ['converged', 'trained'], left => { %$good, length => 32 }, op => '<=', right => { train_length => 32, length => 32 }, ratio => 1.06),
    claim('after', premise => ['better', { left => $far, op => '<', right => { encoding => 'flat' } }], left => $far, op => '<=', right => { length => '2x' }),
    claim('after-worse', premise => ['worse'], left => $far, op => '<=', right => { length => '2x' }),
    claim('tuned', premise => ['rate_inside'], left => $far, op => '<', right => { encoding => 'flat' }),
    claim('match', left => $match, op => '>', right => { encoding => 'flat' }, margin => 0.1, requires => { length => '1x', metric => 'retrieval_accuracy', at_least => 0.9 }),
    claim('unlearned', left => $match, op => '>', right => { encoding => 'poor' }, requires => { length => '1x', metric => 'retrieval_accuracy', at_least => 0.9 }, role => 'control'),
    claim('places-of-match', left => { %$match, rank => JSON::PP::true, over => 'dataset' }, op => '>', right => { encoding => 'flat' }),
    claim('mean-match', left => { %$match, over => 'dataset' }, op => '>', right => 0.7),
    claim('short', left => { %$good, length => '2x' }, op => '<', right => { encoding => 'flat' }, role => 'secondary'),
    claim('itself', left => $far, op => 'within', right => { encoding => 'good' }, ratio => 1.02, role => 'secondary'),
    claim('mean-loss', left => { %$any, length => '8x', over => 'dataset' }, op => '<', right => { encoding => 'flat' }),
);
sub put { my ($name, @lines) = @_; open my $f, '>', "$folder/$name" or die; print $f "$_\n" for @lines; close $f or die }
mkdir $folder;
put('config.json', JSON::PP->new->canonical->encode({ name => 'planted', encodings => [map { { id => $_, stack => [] } } qw(good flat poor)], claims => \@claims }));
put('metrics.csv', 'experiment,cell,encoding,evaluated_as,dataset,split,seed,train_length,eval_length,mode,stride,metric,layer,head,position_lo,position_hi,value,stderr,tokens,windows,status,protocol', @metrics);
put('train.csv', 'cell,step,tokens,lr,train_nll,grad_norm', @train);
put('blocks.csv', 'cell,evaluated_as,eval_length,mode,stride,block,tokens,nll_sum', @blocks);
system('gzip', '-n', '-f', "$folder/blocks.csv") == 0 or die;

# The table that tuning leaves: at 0.02 flat loses less than good does at 8x, though not at 1x.
if ($fault eq 'rates' || $fault eq 'edge') {
    my @rates;
    my $best = $fault eq 'edge' ? 0.02 : 0.01;
    for my $d (qw(books code)) {
        for my $mode (qw(last nonoverlapping)) {
            for my $e (qw(good flat)) {
                for my $lr (0.005, 0.01, 0.02) {
                    for my $T (16, 128) {
                        my $nll = 1.6 + ($lr == 0.01 ? 0 : 0.01) + ($e eq 'flat' ? 0.08 : 0);
                        $nll -= 0.2 if $e eq 'flat' && $lr == 0.02 && $T == 128;
                        my $choice = $e eq 'good' && $lr == $best ? ($fault eq 'edge' ? 'edge' : 'best') : $e eq 'flat' && $lr == 0.01 ? 'best' : '';
                        push @rates, "$d,valid,16,$mode,$e,$lr,1,$T,$nll,ok,$choice";
                    }
                }
            }
        }
    }
    mkdir "$folder/tune";
    put('tune/tune.csv', 'dataset,split,train_length,mode,encoding,lr,array_lr,eval_length,nll,status,choice', @rates);
}
