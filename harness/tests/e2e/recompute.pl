#!/usr/bin/env perl
# Claims worked out a second time, from config.json, metrics.csv and blocks.csv.gz, and held against
# claims.csv: effect, interval, p, p after Holm, verdict. It shares nothing with the program: sums are
# naive, Student's t is an integral over an angle, quantiles and p are found by bisection, blocks are
# read as sums. Usage: recompute.pl FOLDER; prints each difference and exits 1 if there was one.
use strict;
use warnings;
use JSON::PP;
use List::Util qw(max min sum0);

my $folder = shift or die "usage: recompute.pl FOLDER\n";
my ($bad, $checked) = (0, 0);
my $PI = 4 * atan2(1, 1);

# ------------------------------------------------------------------------------------ reading
sub fields { # of a line; quoted ones hold commas and doubled quotes
    my $rest = shift() . ',';
    return split /,/, substr($rest, 0, -1), -1 unless $rest =~ /"/;
    my @field;
    push @field, defined $1 ? $1 =~ s/""/"/gr : $2 while $rest =~ /\G(?:"((?:[^"]|"")*)"|([^,"]*)),/g;
    return @field;
}

sub csv { # what a command prints, as hashes
    my ($command) = @_;
    open my $in, '-|', $command or die;
    chomp(my @lines = <$in>);
    my @header = fields(shift @lines);
    return map { my %row; @row{@header} = fields($_); \%row } @lines;
}

my $config = do { local $/; open my $f, '<', "$folder/config.json" or die; decode_json(<$f>) };
my @rows = csv("cat '$folder/metrics.csv'");
my %blocks; # cell, evaluated_as, length, mode -> [[tokens, sum] ...]
if (-e "$folder/blocks.csv.gz") {
    push @{ $blocks{"$_->{cell}|$_->{evaluated_as}|$_->{eval_length}|$_->{mode}"} }, [$_->{tokens}, $_->{nll_sum}]
        for csv("gzip -dc '$folder/blocks.csv.gz'");
}
my $old = $rows[0]{protocol} eq 'longshot-1';
my %longest; # of a dataset, training length and mode
for (grep { $_->{metric} eq 'ppl' } @rows) {
    my $k = "$_->{dataset}|$_->{train_length}|$_->{mode}";
    $longest{$k} = max($longest{$k} // 0, $_->{eval_length});
}

# ------------------------------------------------------------------------------- distributions
# P(T > t), t >= 0: with t = sqrt(dof) tan(angle) the density is cos(angle)^(dof - 1).
sub simpson {
    my ($from, $to, $power) = @_;
    my ($n, $sum) = (120, 0);
    my $h = ($to - $from) / $n;
    for my $i (0 .. $n) {
        my $c = cos($from + $i * $h);
        $sum += ($i == 0 || $i == $n ? 1 : $i % 2 ? 4 : 2) * ($c > 0 ? $c**$power : 0);
    }
    return $sum * $h / 3;
}
my %whole;
sub t_tail {
    my ($t, $dof) = @_;
    $whole{$dof} //= simpson(0, $PI / 2, $dof - 1);
    return simpson(atan2($t, sqrt $dof), $PI / 2, $dof - 1) / $whole{$dof} / 2;
}
my %quantile;
sub t_quantile {
    my ($p, $dof) = @_;
    return $quantile{"$p|$dof"} if exists $quantile{"$p|$dof"};
    my ($lo, $hi) = (0, 1);
    $hi *= 2 while t_tail($hi, $dof) > $p;
    for (1 .. 6) {
        my $mid = ($lo + $hi) / 2;
        (t_tail($mid, $dof) > $p) ? ($lo = $mid) : ($hi = $mid);
    }
    for (1 .. 5) { # Newton, from the left of a convex curve
        my $density = cos(atan2($lo, sqrt $dof))**($dof + 1) / sqrt($dof) / $whole{$dof} / 2;
        $lo += (t_tail($lo, $dof) - $p) / $density;
    }
    return $quantile{"$p|$dof"} = $lo;
}

my %wave; # cosines of j half periods over K blocks
sub wave { my ($j, $K) = @_; return $wave{"$j|$K"} //= [map { cos($PI * $j * (2 * $_ + 1) / (2 * $K)) } 0 .. $K - 1] }

sub mean { return sum0(@_) / @_ }
sub variance { my $m = mean(@_); return sum0(map { ($_ - $m)**2 } @_) / (@_ - 1) }

# ------------------------------------------------------------------------------------ values
sub tokens { my ($length, $L) = @_; return $length =~ /^(.*)x$/ ? $1 * $L : $length }
sub bare { return $_[0] =~ s/\[.*?\]//r }
sub names { my ($row, $wanted) = @_; return $row eq $wanted || bare($row) eq $wanted }

# One value: { seed => { value, blocks, row, status } }, or nothing.
sub look {
    my ($v, $dataset, $L, $mode) = @_;
    my $metric = $v->{metric} eq 'ppl' ? 'nll' : $v->{metric};
    my $as = $v->{evaluated_as};
    my $T = tokens($v->{length}, $L);
    my $by_position = $metric =~ /^attention_/ && !$v->{positions}; # no sum over positions: the last bin
    my %found;
    for my $r (@rows) {
        next unless $r->{metric} eq $metric && $r->{dataset} eq $dataset && $r->{train_length} == $L;
        next unless $r->{eval_length} == $T && (!defined $mode || $r->{mode} eq $mode);
        next unless names($r->{encoding}, $v->{encoding});
        next unless $as ? names($r->{evaluated_as}, $as) : $r->{evaluated_as} eq $r->{encoding};
        next if length $r->{layer};
        if ($v->{positions}) {
            my ($lo, $hi) = map { tokens($_, $L) } @{ $v->{positions} };
            next unless length $r->{position_lo} && $r->{position_lo} >= $lo && $r->{position_hi} <= $hi;
        }
        elsif ($by_position ? $r->{position_hi} != $T : length $r->{position_lo}) { next }
        my $f = $found{ $r->{seed} } //= { weight => 0, sum => 0, covered => 0, status => 'ok', row => $r };
        $f->{covered} += $r->{position_hi} - $r->{position_lo} if $v->{positions};
        $f->{status} = $r->{status} if $r->{status} ne 'ok';
        $f->{weight} += $r->{tokens} || 1;
        $f->{sum} += ($r->{tokens} || 1) * ($r->{value} || 0);
        $f->{blocks} = $blocks{"$r->{cell}|$r->{evaluated_as}|$T|$r->{mode}"}
            if !$v->{positions} && $metric eq 'nll';
    }
    if ($v->{positions}) { # bins must tile them
        my ($lo, $hi) = map { tokens($_, $L) } @{ $v->{positions} };
        delete $found{$_} for grep { $found{$_}{covered} != $hi - $lo } keys %found;
    }
    $_->{value} = $_->{sum} / $_->{weight} for values %found;
    return \%found;
}

sub rank_of {
    my ($v, $dataset, $L, $mode) = @_;
    my $mine = look($v, $dataset, $L, $mode);
    my $more = $v->{metric} =~ /accuracy|match/ ? -1 : 1;
    my %encodings = map { $_->{encoding} => 1 } @rows;
    for my $seed (keys %$mine) {
        my ($before, $x) = (0, $mine->{$seed}{value} * $more);
        for my $e (grep { $_ ne $mine->{$seed}{row}{encoding} } keys %encodings) {
            my $other = look({ %$v, encoding => $e }, $dataset, $L, $mode)->{$seed} or next;
            my $y = $other->{value} * $more;
            $before += $y < $x ? 1 : $y == $x ? 0.5 : 0;
        }
        $mine->{$seed}{rank} = 1 / (1 + $before);
    }
    $_->{value} = $_->{rank}, $_->{blocks} = undef for values %$mine;
    return $mine;
}

sub read_value {
    my ($v, $dataset, $L, $mode, $gate) = @_;
    $dataset = $v->{dataset} // $dataset;
    $L = $v->{train_length} || $L;
    $mode = $v->{mode} // $mode;
    my @sets = ($v->{over} // '') eq 'dataset' ? sort keys %{ { map { $_->{dataset} => 1 } @rows } } : ($dataset);
    my $all;
    for my $d (@sets) {
        my $one = $v->{rank} ? rank_of($v, $d, $L, $mode) : look($v, $d, $L, $mode);
        if ($gate) {
            my $g = look({ encoding => $v->{encoding}, metric => $gate->{metric} // 'exact_match', length => $gate->{length} }, $d, $L, $gate->{mode} // $mode);
            delete $one->{$_} for grep { !$g->{$_} || $g->{$_}{value} < $gate->{at_least} } keys %$one;
        }
        if (!$all) { $all = $one; $_->{blocks} = @sets > 1 ? undef : $_->{blocks} for values %$all; next; }
        delete $all->{$_} for grep { !$one->{$_} } keys %$all;
        $all->{$_}{value} += $one->{$_}{value} for keys %$all;
    }
    $_->{value} /= @sets for values %$all;
    return $all;
}

# ----------------------------------------------------------------------------------- contrasts
sub losses { my $c = shift; return $c->{left}{metric} =~ /^(ppl|nll)$/ && !$c->{left}{rank} }

sub resolved { # sides with what they leave out filled in
    my $c = shift;
    my $base = { metric => 'ppl', %{ $c->{left} } };
    my $fill = sub {
        my ($v, $from) = @_;
        my %out = %$v;
        my $own = exists $v->{encoding};
        for my $k (qw(encoding dataset metric mode train_length rank over)) { $out{$k} //= $from->{$k} if defined $from->{$k} }
        $out{evaluated_as} //= $from->{evaluated_as} if !$own && defined $from->{evaluated_as};
        if (!exists $v->{length}) { $out{length} = $from->{length}; $out{positions} //= $from->{positions} if $from->{positions}; }
        delete $out{minus};
        return \%out;
    };
    my @side = ([{ %$base }]);
    delete $side[0][0]{minus};
    push @{ $side[0] }, $fill->($c->{left}{minus}, $side[0][0]) if $c->{left}{minus};
    if (ref $c->{right}) {
        $side[1] = [$fill->($c->{right}, $side[0][0])];
        push @{ $side[1] }, $fill->($c->{right}{minus}, $side[1][0]) if $c->{right}{minus};
    }
    return @side;
}

sub family { my $m = shift; return $m =~ /^(nonoverlapping|sliding)$/ ? 'stretch' : $m }

sub same_targets {
    my ($x, $y) = @_; # terms
    my ($a, $b) = ($x->{row}, $y->{row});
    return 0 if $a->{dataset} ne $b->{dataset} || $a->{split} ne $b->{split} || family($a->{mode}) ne family($b->{mode});
    my ($p, $q) = map { $_->{v}{positions} ? join('|', $_->{row}{eval_length}, map { tokens($_, $x->{row}{train_length}) } @{ $_->{v}{positions} }) : '' } ($x, $y);
    return 0 if $p ne $q;
    return 0 if !$x->{v}{positions} && $a->{tokens} && $b->{tokens} && $a->{tokens} != $b->{tokens};
    my ($la, $lb) = map { $longest{"$_->{dataset}|$_->{train_length}|$_->{mode}"} } ($a, $b);
    return $a->{mode} ne 'last' || ($a->{stride} eq $b->{stride} && $la == $lb);
}

# In one view: undef where there are no numbers.
sub contrast {
    my ($c, $dataset, $L, $mode, $every, $bound) = @_;
    my @side = resolved($c);
    my $times = $c->{times} // 1;
    my @term;
    for my $s (0, 1) {
        for my $i (0 .. $#{ $side[$s] // [] }) {
            my $v = { %{ $side[$s][$i] } };
            $v->{mode} = $mode if $every;
            my $found = read_value($v, $dataset, $L, $mode, $c->{requires});
            return undef unless %$found;
            my ($first) = sort { $a <=> $b } keys %$found;
            push @term, { v => $v, found => $found, row => $found->{$first}{row}, factor => ($s ? -$times : 1) * ($i ? -1 : 1) };
            return { broken => 1 } if grep { $_->{status} ne 'ok' } values %$found;
        }
    }
    if (losses({ left => $side[0][0] })) {
        my @pairs = $c->{left}{minus} ? map { [2 * $_, 2 * $_ + 1] } 0 .. $#term / 2 : @term > 1 ? ([0, 1]) : ();
        for (@pairs) { return { refused => 1 } unless same_targets($term[$_->[0]], $term[$_->[1]]) }
    }
    my $log = $side[0][0]{metric} eq 'ppl' && !$side[0][0]{rank};
    my $offset = ref $c->{right} ? 0 : -$times * ($log && !$c->{left}{minus} ? log $c->{right} : $c->{right});
    my $one_text = !grep { $_->{v}{positions} || $_->{row}{mode} ne $term[0]{row}{mode} || $_->{row}{stride} ne $term[0]{row}{stride} || !same_targets($term[0], $_) } @term;
    my $by_block = $one_text && !grep { my $t = $_; grep { !$_->{blocks} } values %{ $t->{found} } } @term;
    my %arm;
    push @{ $arm{ $side[0][0]{rank} ? 'all' : "$_->{row}{encoding}|$_->{row}{dataset}|$_->{row}{train_length}" } }, $_ for @term;
    my ($effect, $var, $fourth, $least, @waves, $seeds) = ($offset, 0, 0, 1e9);
    my ($all, $residual, $J, $alone) = (0, 0, 0, 0);
    for my $t (values %arm) {
        my @seed = grep { my $s = $_; !grep { !$_->{found}{$s} } @$t } keys %{ $t->[0]{found} };
        $seeds = min($seeds // scalar @seed, scalar @seed);
        return { few => 1 } unless @seed;
        my (@value, @coefficient);
        for my $s (@seed) {
            my $sum = 0;
            for my $x (@$t) {
                my $f = $x->{found}{$s};
                if (!$by_block) { $sum += $x->{factor} * $f->{value}; next; }
                my @b = @{ $f->{blocks} };
                my ($n, $nll, $K) = (sum0(map { $_->[0] } @b), sum0(map { $_->[1] } @b), scalar @b);
                $sum += $x->{factor} * $nll / $n;
                $J = min(12, int($K / 5));
                my @over = map { $_->[1] - $nll / $n * $_->[0] } @b; # what a block costs above the mean
                for my $j (1 .. $J) {
                    my $wave = wave($j, $K);
                    my $part = 0;
                    $part += $over[$_] * $wave->[$_] for 0 .. $K - 1;
                    $coefficient[$j]{$s} += $x->{factor} * sqrt(2) / $n * $part;
                }
            }
            push @value, $sum;
        }
        $effect += mean(@value);
        if (@seed == 1) { $alone = 1; next; }
        my $v = variance(@value) / @seed;
        $var += $v;
        $fourth += $v**2 / (@seed - 1);
        $least = min($least, @seed - 1);
        for my $j (1 .. $J) {
            my @c = values %{ $coefficient[$j] };
            $waves[$j] += mean(@c);
            $residual += variance(@c) / @c;
        }
    }
    return { effect => $effect, seeds => $seeds, few => 1 } if $alone;
    my $dof = $var > 0 ? max($var**2 / $fourth, $least) : $least;
    $all += $waves[$_]**2 for 1 .. $J;
    my $text = $J ? max($all - $residual, 0) / $J : 0;
    my $width = sub {
        my $tail = shift;
        return sqrt($var * t_quantile($tail, $dof)**2 + ($text > 0 ? $text * t_quantile($tail, $J)**2 : 0));
    };
    my $near = $c->{op} eq 'within' ? ($effect < 0 ? -$bound : $bound) : $bound;
    my $d = abs($effect - $near);
    my ($lo, $hi) = (log(1e-15), 0);
    my $spread = $var > 0 || $text > 0;
    if ($spread && !($text > 0)) { # one component: its own tail
        $hi = log max(1e-15, min(1, 2 * t_tail($d / sqrt $var, $dof)));
        $lo = $hi;
    }
    # Bisection in the logarithm of p, and where both ends have a width, as in the tails the logarithm of
    # that is nearly straight: the false position of both, with the end that stays halved (Illinois).
    my ($at_lo, $at_hi, $last) = (0, 0, 0);
    for (1 .. 40) {
        last unless $spread && $hi - $lo > 1e-9;
        my $straight = $at_lo > 0 && $at_hi < 0;
        my $mid = $straight ? ($lo * $at_hi - $hi * $at_lo) / ($at_hi - $at_lo) : ($lo + $hi) / 2;
        my $w = $width->(exp($mid) / 2);
        my $over = $w > 0 && $d > 0 ? log($w / $d) : 0;
        if ($straight && abs($over) < 1e-10) { $lo = $hi = $mid; last }
        if ($w > $d) { ($lo, $at_lo) = ($mid, $over); $at_hi /= 2 if $last > 0; $last = 1 }
        else { ($hi, $at_hi) = ($mid, $over); $at_lo /= 2 if $last < 0; $last = -1 }
    }
    my $half = $spread ? $width->(0.025) : 0;
    return { effect => $effect, low => $effect - $half, high => $effect + $half, seeds => $seeds,
             p => $spread ? exp $hi : $d > 0 ? 0 : 1, exact => !$spread, text => $J ? 1 : 0 };
}

sub bound_of {
    my $c = shift;
    my ($left) = (resolved($c))[0][0];
    my $ppl = $left->{metric} eq 'ppl' && !$left->{rank};
    return log $c->{ratio} if defined $c->{ratio};
    return $c->{margin} if defined $c->{margin};
    my $smallest = defined $c->{smallest} ? ($ppl ? log(1 + $c->{smallest}) : $c->{smallest})
                 : !$old && ref $c->{right} && ($c->{times} // 1) == 1 && losses({ left => $left }) ? log 1.01 : 0;
    return { '<' => -$smallest, '<=' => $smallest, '>' => $smallest, '>=' => -$smallest }->{ $c->{op} };
}

sub claimed_side {
    my ($c, $bound, $x) = @_;
    return abs($x) <= $bound if $c->{op} eq 'within';
    return $c->{op} eq '<' ? $x < $bound : $c->{op} eq '<=' ? $x <= $bound : $c->{op} eq '>' ? $x > $bound : $x >= $bound;
}

# All that a claim's own numbers say.
sub test_claim {
    my ($c, $dataset, $L) = @_;
    my $bound = bound_of($c);
    my @values = map { @$_ } resolved($c);
    my ($open) = grep { !defined $_->{mode} } @values;
    my $left = (resolved($c))[0][0];
    my @modes = !$open ? (undef) : $old ? qw(nonoverlapping last sliding) : qw(last nonoverlapping sliding);
    push @modes, undef if $open;
    my %view = map { ($_ // '') => contrast($c, $dataset, $L, $_, 0, $bound) } @modes;
    my $numbers = sub { my $v = shift; return $v && !$v->{refused} };
    my @with = grep { $numbers->($view{ $_ // '' }) } @modes;
    my @judged = @with ? ($view{ $with[0] // '' }) : ();
    if (losses({ left => $left }) && $open && !$old && $numbers->($view{last}) && $numbers->($view{nonoverlapping})) {
        @judged = @view{qw(last nonoverlapping)};
    }
    my $refused = !@with && grep { $_ && $_->{refused} } values %view;
    my $x = { %{ $judged[0] // {} }, bound => $bound, refused => $refused ? 1 : 0 };
    my $no_p = !@judged || grep { !defined $_->{p} } @judged;
    $x->{p} = $no_p ? undef : max(map { $_->{p} } @judged);
    $x->{p} = undef if $c->{requires} && ($x->{seeds} // 3) < 3;
    my @sides = $no_p ? () : map { claimed_side($c, $bound, $_->{effect}) ? 1 : 0 } @judged;
    $x->{agree} = @sides && (min(@sides) == max(@sides));
    $x->{side} = $sides[0];
    $x->{exact} = !$no_p && !grep { !$_->{exact} } @judged;
    return $x;
}

sub verdict_at {
    my ($x, $p) = @_;
    return 'undecided' if !defined $x->{p} || !$x->{agree} || (!$x->{exact} && $p >= 0.05);
    return $x->{side} ? 'holds' : 'fails';
}

# ------------------------------------------------------------------------------------ premises
sub untrained {
    my ($encoding, $dataset, $L) = @_;
    for my $mode (qw(last nonoverlapping sliding)) {
        my %at;
        for (grep { $_->{dataset} eq $dataset && $_->{train_length} == $L && $_->{eval_length} == $L && $_->{mode} eq $mode && !length $_->{position_lo} && $_->{status} eq 'ok' } @rows) {
            push @{ $at{nll_floor} }, $_->{value} if $_->{metric} eq 'nll_floor';
            push @{ $at{nll_bigram} }, $_->{value} if $_->{metric} eq 'nll_bigram';
            push @{ $at{ppl}{ $_->{encoding} } }, $_->{value} if $_->{metric} eq 'ppl' && names($_->{encoding}, $encoding) && $_->{evaluated_as} eq $_->{encoding};
        }
        for (values %{ $at{ppl} // {} }) {
            return 1 if $at{nll_bigram} && mean(@$_) >= exp(mean(@{ $at{nll_bigram} }));
            return 1 if $at{nll_floor} && mean(@$_) * 1.01 < exp(mean(@{ $at{nll_floor} }));
        }
    }
    return 0;
}

# Of the rates that tuning tried, a lower and a higher one lose more at the training length than the best.
sub rate_inside {
    my ($encoding) = @_;
    my %nll;
    return 0 unless -e "$folder/tune/tune.csv";
    push @{ $nll{ $_->{lr} } }, $_->{nll} for grep { $_->{encoding} eq $encoding && $_->{mode} eq 'last' && $_->{eval_length} == $_->{train_length} } csv("cat '$folder/tune/tune.csv'");
    my ($best) = sort { mean(@{ $nll{$a} }) <=> mean(@{ $nll{$b} }) } keys %nll;
    return %nll && (grep { $_ < $best } keys %nll) && (grep { $_ > $best } keys %nll) ? 1 : 0;
}

sub met {
    my ($p, $c, $dataset, $L, $verdicts) = @_;
    my @values = map { @$_ } resolved($c);
    if (ref $p && $p->{left}) {
        my $x = test_claim($p, $dataset, $L);
        return verdict_at($x, $x->{p} // 1) eq 'holds';
    }
    my ($name, $encoding) = ref $p ? @$p{qw(name encoding)} : ($p);
    if ($name eq 'far_context') {
        my $near = $values[0]{train_length} || $L;
        my $far = max(map { tokens($_->{length}, $_->{train_length} || $L) } @values);
        my %at = map { $_->{encoding} => 1 } grep { $_->{train_length} == $far && $_->{dataset} eq $dataset && (!$encoding || names($_->{encoding}, $encoding)) } @rows;
        for my $e (keys %at) {
            my $x = test_claim({ left => { encoding => $e, train_length => $far, length => $far, mode => 'last' }, op => '<=', right => { length => $near }, ratio => 1 / 1.02 }, $dataset, $L);
            return 1 if verdict_at($x, ($x->{p} // 1) * keys %at) eq 'holds';
        }
        return 0;
    }
    my @each = $encoding ? ($encoding) : map { $_->{encoding} } @values;
    return !grep { untrained($_, $dataset, $L) } @each if $name eq 'trained';
    return !grep { !rate_inside($_) } @each if $name eq 'rate_inside';
    if ($name eq 'converged') {
        for my $v (@values) {
            my $e = $encoding // $v->{encoding};
            my $l = $v->{train_length} || $L;
            my %lengths = map { $_->{train_length} => 1 } grep { $_->{dataset} eq $dataset && names($_->{encoding}, $e) } @rows;
            $l /= 2 if !$lengths{ 2 * $l } && $lengths{ $l / 2 };
            my $x;
            for my $mode (qw(last sliding)) {
                $x = test_claim({ left => { encoding => $e, train_length => 2 * $l, length => 2 * $l, mode => $mode }, op => '<=', right => { train_length => $l, length => $l }, smallest => 0.01 }, $dataset, $L);
                last unless $x->{refused};
            }
            return 0 unless verdict_at($x, $x->{p} // 1) eq 'holds';
        }
        return 1;
    }
    return ($verdicts->{"$name|$dataset|$L"} // $verdicts->{"$name||"} // '') eq 'holds';
}

# ------------------------------------------------------------------------------------ the table
sub near {
    my ($claim, $what, $theirs, $mine) = @_;
    my $a = length($theirs) ? $theirs : undef;
    $checked++;
    return if !defined $a && !defined $mine;
    return if defined $a && defined $mine && abs($a - $mine) <= 2e-6 * (abs($a) + abs($mine)) + 2e-8;
    printf "%s: %s: %s, recomputed %s\n", $claim, $what, $a // 'none', $mine // 'none';
    $bad = 1;
}

my @table = csv("cat '$folder/claims.csv'");
my %by_id = map { $_->{id} => $_ } @{ $config->{claims} };
for my $r (@table) {
    my $c = $by_id{ $r->{claim} };
    my $base = $c->{left};
    $r->{x} = test_claim($c, length $r->{dataset} ? $r->{dataset} : $base->{dataset} // '', length $r->{train_length} ? $r->{train_length} : $base->{train_length} // 0);
}
my @family = sort { $a->{x}{p} <=> $b->{x}{p} } grep { ($by_id{ $_->{claim} }{role} // 'primary') eq 'primary' && defined $_->{x}{p} } @table;
my $running = 0;
for my $i (0 .. $#family) {
    $running = max($running, min(1, $family[$i]{x}{p} * (@family - $i)));
    $family[$i]{x}{holm} = $running;
}
my %verdicts;
for my $r (@table) {
    my ($c, $x, $id) = ($by_id{ $r->{claim} }, $r->{x}, $r->{claim});
    my $role = $c->{role} // 'primary';
    my ($dataset, $L) = (length $r->{dataset} ? $r->{dataset} : $c->{left}{dataset} // '', length $r->{train_length} ? $r->{train_length} : $c->{left}{train_length} // 0);
    my $verdict = verdict_at($x, $role eq 'primary' ? $x->{holm} // 1 : $x->{p} // 1);
    my @sets = keys %{ { map { $_->{dataset} => 1 } @rows } };
    my @each = map { my $v = $_; map { [$v->{encoding}, $_, $v->{train_length} || $L] } $v->{over} ? @sets : $v->{dataset} // $dataset } map { @$_ } resolved($c);
    $verdict = 'not testable' if $x->{refused} || ($role ne 'control' && grep { untrained(@$_) } @each) || grep { !met($_, $c, $dataset, $L, \%verdicts) } @{ $c->{premise} // [] };
    $verdicts{"$id|$dataset|$L"} = $verdicts{"$id||"} = $verdict;
    near($id, 'bound', $r->{bound}, $x->{bound});
    near($id, 'effect', $r->{effect}, $x->{effect});
    near($id, $_, $r->{$_}, $x->{$_}) for qw(low high);
    near($id, 'p', $r->{p_t}, $x->{p});
    near($id, 'p (Holm)', $r->{p_holm}, $x->{holm});
    my $kind = !defined $x->{low} ? '' : $x->{text} ? 'seeds and text' : 'seeds alone';
    for (['verdict', $verdict], ['interval', $kind]) {
        next if $r->{ $_->[0] } eq $_->[1];
        print "$id: $_->[0]: $r->{$_->[0]}, recomputed $_->[1]\n";
        $bad = 1;
    }
}
printf "%d claims, %d numbers\n", scalar @table, $checked;
exit($bad || !@table);
