#!/usr/bin/perl
# A web server on the loopback for the tests of datasets/fetch.sh, in core Perl.
#
#   httpd.pl ROOT PORT_FILE LOG
#
# Serves the files of ROOT on a free port, which it writes to PORT_FILE, and appends a line
# "PATH RANGE STATUS" to LOG for each request. Knows Range: bytes=N-. How the path begins makes it
# misbehave:
#   /cut/N/FILE      promises the whole rest, sends N bytes of it at most and hangs up
#   /norange/FILE    ignores Range
#   /status/N/FILE   answers with that status
#   /endless/FILE    sends for ever, without saying how much
#   /slow/FILE       promises a million bytes and sends two a second
#   /html/FILE       answers any path with a page and status 200
#   /passwd/FILE     leads to file:///etc/passwd
#   /round/FILE      leads to itself
#   /encoded/FILE    says that what it sends is packed with gzip
# Ends after five minutes whatever happens.
use strict;
use warnings;
use IO::Socket::INET;

my ($root, $port_file, $log) = @ARGV;
die "usage: httpd.pl ROOT PORT_FILE LOG\n" unless defined $log;
alarm 300;
$SIG{PIPE} = 'IGNORE';

my $server = IO::Socket::INET->new(
    LocalAddr => '127.0.0.1', LocalPort => 0, Listen => 8, ReuseAddr => 1
) or die "httpd: $!\n";
open my $out, '>', "$port_file.tmp" or die "httpd: $port_file: $!\n";
print $out $server->sockport, "\n";
close $out;
rename "$port_file.tmp", $port_file or die "httpd: $port_file: $!\n";

sub note {
    open my $f, '>>', $log or die "httpd: $log: $!\n";
    print $f join(' ', @_), "\n";
    close $f;
}

sub slurp {
    open my $f, '<:raw', $_[0] or return;
    local $/;
    my $data = <$f>;
    return defined $data ? $data : '';
}

sub answer {
    my ($client, $status, $body, $length, @headers) = @_;
    print $client join("\r\n", "HTTP/1.1 $status Whatever", "Content-Length: $length",
        'Connection: close', @headers, '', ''), $body;
}

sub serve {
    my ($client) = @_;
    my $request = <$client>;
    return unless defined $request && $request =~ m{^GET (\S+) HTTP/};
    my $path = $1;
    my $from = 0;
    while (defined(my $line = <$client>)) {
        last if $line =~ /^\r?\n$/;
        $from = $1 if $line =~ /^Range:\s*bytes=(\d+)-/i;
    }
    my $asked = $from;
    my ($file, $send) = ($path, undef);
    if ($path =~ m{^/status/(\d+)/}) {
        note($path, $asked, $1);
        return answer($client, $1, 'no', 2);
    }
    if ($path =~ m{^/html/}) {
        note($path, $asked, 200);
        return answer($client, 200, '<html>', 6);
    }
    if ($path =~ m{^/(passwd|round)/}) {
        note($path, $asked, 302);
        return answer($client, 302, '', 0, 'Location: ' . ($1 eq 'round' ? $path : 'file:///etc/passwd'));
    }
    if ($path =~ m{^/(endless|slow)/}) {
        my $slow = $1 eq 'slow';
        note($path, $asked, 200);
        print $client join("\r\n", 'HTTP/1.1 200 Whatever', $slow ? 'Content-Length: 1000000' : (), 'Connection: close', '', '');
        while (print $client $slow ? 'xx' : 'x' x 65536) { select undef, undef, undef, 1 if $slow }
        return;
    }
    ($send, $file) = ($1, "/$2") if $path =~ m{^/cut/(\d+)/(.*)};
    ($from, $file) = (0, "/$1") if $path =~ m{^/norange/(.*)};
    my $encoded = $path =~ m{^/encoded/(.*)};
    $file = "/$1" if $encoded;
    my $data = $file =~ m{\.\.} ? undef : slurp("$root$file");
    if (!defined $data) {
        note($path, $asked, 404);
        return answer($client, 404, 'no', 2);
    }
    my $size = length $data;
    if ($from > 0 && $from >= $size) {
        note($path, $asked, 416);
        return answer($client, 416, '', 0, "Content-Range: bytes */$size");
    }
    my $body = substr $data, $from;
    my $length = length $body;
    $body = substr $body, 0, $send if defined $send;
    my @range = $from > 0 ? (sprintf 'Content-Range: bytes %d-%d/%d', $from, $size - 1, $size) : ();
    push @range, 'Content-Encoding: gzip' if $encoded;
    note($path, $asked, $from > 0 ? 206 : 200);
    answer($client, $from > 0 ? 206 : 200, $body, $length, @range);
}

while (1) {
    my $client = $server->accept or next;
    binmode $client;
    $client->autoflush(1);
    serve($client);
    close $client;
}
