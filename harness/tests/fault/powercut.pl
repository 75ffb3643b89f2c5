# Power cuts, for faults.pl: the disk as it may be when the power fails after the N-th operation on files of
# a recorded run (record.c). What POSIX promises is what was synced: the bytes of a file by fsync of the
# file, a name in a folder by fsync of the folder. Of the rest a cut leaves, by mode,
#   strict  nothing
#   empty   all names, and files without the bytes that were not synced (ext4, data written late)
#   zeros   all names, and zeros where such bytes should be (XFS)
#   some    of the names any, of the bytes any beginning, drawn by the number of the operation
# A rename, in one folder or from one to another, and an exchange are there or not, never half of them: no file
# system with a journal does less.
use strict;
use warnings;

our @cut_modes = qw(strict empty zeros some);

# A record each: {word, inode, number, data, path, other}, for what happens below a folder.
sub records {
    my ($file, $root) = @_;
    my ($all, @records) = (slurp($file));
    while ($all =~ /\G(\w+)\t(\d+)\t(-?\d+)\t(\d+)\t([^\t\n]*)\t([^\n]*)\n/gc) {
        my %r = (word => $1, inode => $2, number => $3, path => $5, other => $6);
        my ($n, $at) = ($4, pos $all);
        $r{data} = substr $all, $at, $n;
        pos($all) = $at + $n;
        for (@r{qw(path other)}) { next if $_ eq ''; $_ = s{^\Q$root\E/}{} ? $_ : $_ eq $root ? '' : undef }
        push @records, \%r if defined $r{path} && defined $r{other};
    }
    die "record of file operations: cannot be read\n" if (pos($all) // 0) != length $all;
    return \@records;
}

# The disk: folders have `names` (as the processes see them), `safe` (as synced) and `pending` (changes in
# order, each a list of name => node); files have `data`, and `kept`: the bytes as synced.
sub folder_node { return {names => {}, safe => {}, pending => []} }

sub disk_of {
    my ($tree) = @_;
    my %disk = (top => folder_node(), inodes => {});
    for my $path (sort keys %$tree) {
        my ($kind, $text) = (substr($tree->{$path}, 0, 1), substr($tree->{$path}, 1));
        my $node = $kind eq 'D' ? folder_node() : {data => $text, kept => $text, link => $kind eq 'L'};
        my ($in, $name) = place(\%disk, $path);
        $in->{names}{$name} = $in->{safe}{$name} = $node;
    }
    return \%disk;
}

# The folder that a path is in, and its last name.
sub place {
    my ($disk, $path) = @_;
    my @way = split m{/}, $path;
    my $name = pop @way;
    my $at = $disk->{top};
    for (@way) { $at = $at->{names}{$_} if $at }
    return ($at, $name);
}

sub node_at {
    my ($disk, $path) = @_;
    return $disk->{top} if $path eq '';
    my ($in, $name) = place($disk, $path);
    return $in && $in->{names}{$name};
}

# One step, of which all or nothing is seen after a cut: [folder, name, node], ...; two folders are those of a
# rename. It waits with each of its folders for the first of them to be synced.
sub change {
    my ($disk, @parts) = @_;
    my $step = {parts => \@parts};
    for (@parts) {
        my ($in, $name, $node) = @$_;
        put($in->{names}, $name, $node);
        push @{$in->{pending}}, $step;
    }
}

sub put {
    my ($names, $name, $node) = @_;
    if ($node) { $names->{$name} = $node } else { delete $names->{$name} }
}

sub settle {
    my ($step) = @_;
    put($_->[0]{safe}, $_->[1], $_->[2]) for $step->{settled}++ ? () : @{$step->{parts}};
}

sub operate {
    my ($disk, $r) = @_;
    my ($in, $name) = place($disk, $r->{path});
    my $node = node_at($disk, $r->{path});
    if ($r->{word} eq 'open') {
        change($disk, [$in, $name, $node = {data => '', kept => ''}]) if !$node;
        $node->{data} = '' if $r->{number};
        $disk->{inodes}{$r->{inode}} = $node;
    } elsif ($r->{word} eq 'write') {
        $node = $disk->{inodes}{$r->{inode}} or return; # not below the folder
        $node->{data} .= "\0" x ($r->{number} - length $node->{data}) if $r->{number} > length $node->{data};
        substr($node->{data}, $r->{number}, length $r->{data}) = $r->{data};
    } elsif ($r->{word} eq 'sync') {
        change($disk, [$in, $name, $node = {}]) if !$node; # of another program
        $node->{data} = $node->{kept} = $r->{data};
    } elsif ($r->{word} eq 'names') {
        settle($_) for @{$node->{pending}};
        $node->{pending} = [];
    } elsif ($r->{word} eq 'mkdir') {
        change($disk, [$in, $name, folder_node()]);
    } elsif ($r->{word} eq 'remove') {
        change($disk, [$in, $name, undef]);
    } elsif ($r->{word} eq 'rename') {
        my ($to, $new) = place($disk, $r->{other});
        $node //= {data => '', kept => ''}; # of another program, and never synced
        change($disk, [$to, $new, $node], [$in, $name, $r->{number} ? $to->{names}{$new} : undef]);
    }
}

# What of it is there after a cut: path => kind and content, as snapshot() gives it.
sub remains {
    my ($node, $mode, $path, $tree) = @_;
    my %names = $mode =~ /empty|zeros/ ? %{$node->{names}} : %{$node->{safe}};
    for my $step ($mode eq 'some' ? @{$node->{pending}} : ()) {
        $step->{seen} //= $step->{settled} || rand() < 0.5;
        put(\%names, $_->[1], $_->[2]) for grep { $step->{seen} && $_->[0] == $node } @{$step->{parts}};
    }
    for my $name (sort keys %names) {
        my ($n, $at) = ($names{$name}, $path eq '' ? $name : "$path/$name");
        if ($n->{names}) {
            $tree->{$at} = 'D';
            remains($n, $mode, $at, $tree);
            next;
        }
        my $bytes = $n->{kept};
        if ($n->{data} ne $n->{kept}) {
            $bytes .= "\0" x (length($n->{data}) - length $bytes) if $mode eq 'zeros' && length $n->{data} > length $bytes;
            $bytes = substr $n->{data}, 0, int rand(1 + length $n->{data}) if $mode eq 'some';
        }
        $tree->{$at} = ($n->{link} ? 'L' : 'F') . $bytes;
    }
    return $tree;
}

# Where to cut: after each operation but a write with another operation of its file after it.
sub cuts {
    my ($records) = @_;
    return [0, grep { $records->[$_ - 1]{word} ne 'write' } 1 .. @$records];
}

sub tree_after {
    my ($before, $records, $n, $mode) = @_;
    my $disk = disk_of($before);
    operate($disk, $_) for @$records[0 .. $n - 1];
    srand(1 + $n);
    return remains($disk->{top}, $mode, '', {});
}
1;
