#!/bin/sh
# House rules that a compiler does not know: which room may include which, one
# includer for each third-party header, private headers, no scheme's or dataset's name outside its
# folder, file names unique, files of a readable length. Prints each breach as file:line; exits 1 if
# there was one.
set -u
cd "$(dirname "$0")/../../.." || exit 2

# Each room, a colon, and the rooms it may include besides itself. A folder under harness that is not
# named here is a breach. A room lists only rooms above it, so the rooms have one order; that the files
# have one, too, check_circles.sh sees in what they call.
rooms='
core:
stats:      core
process:    core
system:     core process
json:       core system
text:       core system json
expression: core json text
grid:       core json text
kernels:    core system
tensor:     core kernels
encodings:  core json text expression kernels tensor
datasets:   core system text
stack:      core json text encodings
attention:  core kernels tensor stack
model:      core system json text kernels tensor stack attention
applied:    core text encodings stack
objective:  core
train:      core system text kernels tensor datasets model objective
probe:      core system datasets model
eval:       core stats json text datasets model objective
analysis:   core stats text encodings datasets objective eval
results:    core system json
study:      core stats system json text
tune:       core system json text grid study
verdict:    core stats system json text study tune
compare:    core stats system json text grid study
figure:     core process system json text study
plot:       core stats system text study tune figure
page:       core stats json text grid study tune verdict figure plot
report:     core stats system json text grid results study tune verdict figure plot page
config:     core system json text datasets stack model train eval analysis tune verdict
schema:     core json encodings verdict config
plan:       core system model objective eval analysis config
store:      core process system json text eval config plan
experiment: core system json text results verdict config plan store
record:     core system json text results study tune verdict config plan store experiment
cell:       core system text kernels model objective train probe eval analysis config plan store
launch:     core process system tensor store experiment
cluster:    core process system kernels plan store launch
bench:      core process system json text grid kernels encodings stack model train eval figure config
run:        core process system text tensor tune report config plan store experiment record cell launch cluster bench
command:    core process system json text grid kernels tensor encodings datasets stack model applied train probe analysis results study tune verdict compare plot report config schema plan store experiment record cell launch bench run
main.c:     core process system text command
'
# Of encodings and datasets, the others see the contract alone.
contracts='encodings/encoding.h encodings/schedules.h datasets/dataset.h'

out=$(
    git ls-files --cached --others --exclude-standard harness encodings datasets | grep '\.[ch]$' | grep -v '^harness/tests/' |
        ROOMS=$rooms CONTRACTS=$contracts perl -e '
        use strict;
        use warnings;
        my (%may, %above, %contract);
        $contract{$_} = 1 for split " ", $ENV{CONTRACTS};
        for (grep { /\S/ } split /\n/, $ENV{ROOMS}) {
            my ($room, $seen) = /^(\S+):\s*(.*)$/ or die "rooms: $_\n";
            for (split " ", $seen) {
                print "rooms: $room lists $_, which is not above it\n" unless $above{$_};
                $may{$room}{$_} = 1;
            }
            $may{$room}{$room} = $above{$room} = 1;
        }
        my %file = map { chomp; $_ => 1 } grep { chomp; -f } <STDIN>;
        sub path_of { my $p = shift; return $p =~ m{^(encodings|datasets)/} ? $p : "harness/$p" }
        for my $f (sort keys %file) {
            my ($room) = $f =~ m{^(?:harness/)?([^/]+)};
            print "$f:1: the room $room is not in the table of rooms\n" unless $may{$room};
            open my $h, "<", $f or die "$f: $!\n";
            while (<$h>) {
                my ($to) = /^#include "([^"]+)"/ or next;
                my ($there) = $to =~ m{^([^/]+)/};
                if (!defined $there || !$file{path_of($to)}) {
                    print "$f:$.: includes $to, which is no file of a room\n";
                    next;
                }
                print "$f:$.: $room may not include $to\n" unless $may{$room}{$there};
                print "$f:$.: $room sees only the contract of $there, not $to\n"
                    if $there =~ /^(encodings|datasets)$/ && $room ne $there && !$contract{$to};
                print "$f:$.: $to is private to $there\n" if $to =~ /_internal\.h$/ && $room ne $there;
            }
        }
        my %n;
        $n{$_}++ for map { m{^harness/([^/]+)/} ? $1 : () } keys %file;
        # command is one file a subcommand: as many as there are, no wall between them.
        $n{$_} > 20 && $_ ne "command" and print "harness/$_: $n{$_} files in one room, at most 20\n" for sort keys %n;'

    for pair in cJSON.h:harness/json/json cblas.h:harness/kernels/gemm zlib.h:harness/system/gzip csv.h:harness/text/csvfile; do
        header=${pair%%:*}; owner=${pair#*:}
        grep -nE "^#include [<\"](cjson/)?$header[>\"]" -r harness encodings datasets --include='*.[ch]' |
            grep -v "^$owner" | sed "s/\$/: only $(basename "$owner").c may include $header/"
    done

    # A scheme or dataset is known by its registry alone.
    for f in encodings/*.c datasets/*.c; do
        name=$(basename "$f" .c)
        [ ! -e "${f%.c}.h" ] || continue # shared by schemes, none itself
        case $name in *_list | *_*words | *_model | text | window | temperature | learned | positions | tasks | tokens) continue ;; esac
        grep -nw "\"$name\"" -r harness --include='*.[ch]' | grep -v '^harness/tests/' |
            sed "s/\$/: names the scheme or dataset $name/"
    done

    find harness encodings datasets -name '*.[ch]' -exec basename {} \; | sort | uniq -d |
        sed 's/$/: this file name occurs twice/'
    find harness encodings datasets -name '*.[ch]' -exec wc -l {} + | awk '$2 != "total" && $1 > 600 {print $2 ": " $1 " lines, at most 600"}'
    grep -nE '(//|/\*).*(TODO|FIXME|XXX)' -r harness encodings datasets --include='*.[ch]' | sed 's/$/: write it or delete it/'
)
[ -z "$out" ] || { printf '%s\n' "$out" >&2; exit 1; }
