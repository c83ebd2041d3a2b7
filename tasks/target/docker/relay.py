"""One process inside the edge that carries bytes to HAProxy and to containers, and writes the edge's files.

An exec costs the engine's host 60 ms of CPU and a PUT archive 50 ms, which clients feel during a switch; one more
request to a relay that is open costs less than 1 ms. The script is fixed: addresses, lengths and bytes come through
its standard input. Perl is part of every Debian image and starts in 2 ms, as long as it loads no `Socket`.
"""

from __future__ import annotations

import math
import select

import docker

from .exchange import STDOUT, Exchange

# Asked with `tcp HOST:PORT`, `unix PATH` or `files FOLDER`, then LENGTH and SECONDS on the same line, and LENGTH bytes.
# Answers with a length and what came back, 2 MiB at most, then with a length and what went wrong. An HTTP answer ends
# with its Content-Length, whatever the connection does. To connect may take 2 s, and the rest SECONDS: then it exits.
SCRIPT = r"""
$| = 1;
$SIG{PIPE} = 'IGNORE';

sub talk {
    my ($family, $address, $data, $seconds) = @_;
    socket my $wire, $family, 1, 0 or die "$!\n";
    {
        local $SIG{ALRM} = sub { die "Connection timed out\n" };
        alarm 2;
        connect $wire, $address or die "$!\n";
    }
    alarm $seconds;
    syswrite $wire, $data;
    my $said = '';
    while (length $said < 1 << 21 and sysread $wire, $said, 65536, length $said) {
        my ($head, $body) = split /\r\n\r\n/, $said, 2;
        last if defined $body and $head =~ /\nContent-Length: *(\d+)/i and length $body >= $1;
    }
    return $said;
}

my %can = (
    tcp => sub { my ($host, $port) = split /:/, shift; talk(2, pack('S n C4 x8', 2, $port, split /\./, $host), @_) },
    unix => sub { talk(1, pack('S Z108', 1, shift), @_) },
    files => sub {
        my ($folder, %files) = (shift, unpack '(N/a)*', shift);
        eval {
            for (keys %files) {
                open my $file, '>', "$folder/$_.new" or die "$!\n";
                print $file $files{$_} and close $file or die "$!\n";
            }
            rename "$folder/$_.new", "$folder/$_" or die "$!\n" for keys %files;
        };
        unlink map { "$folder/$_.new" } keys %files;
        die $@ if $@;
    },
);

while (my $asked = <STDIN>) {
    my ($what, $where, $length, $seconds) = split ' ', $asked;
    read(STDIN, my $data, $length) == $length or exit;
    my $said = eval { $can{$what}->($where, $data, $seconds) };
    alarm 0;
    print pack '(N/a*)2', $said, $@ or exit;
}
"""


class Trouble(ConnectionError):
    """What the relay says went wrong: `Connection refused`, `No space left on device`."""


class Relay(Exchange):
    """An open relay; it serves one request after another. Raises docker.errors.APIError where the edge does not run."""

    def __init__(self, client: docker.DockerClient, container: str) -> None:
        super().__init__(client, container, ["perl", "-e", SCRIPT])
        self._came = bytearray()
        self.waiting = False  # for an answer, or the rest of one

    def ask(self, what: str, data: bytes, timeout: float) -> bytes:
        """What comes back from `tcp HOST:PORT` or `unix PATH` for these bytes; `files FOLDER` writes them there.

        Raises Trouble, TimeoutError after `timeout` seconds, or ConnectionError where the relay ended.
        """
        self.waiting = True
        self.send(f"{what} {len(data)} {math.ceil(timeout) + 1}\n".encode() + data, timeout)
        said, wrong = self._part(), self._part()
        self.waiting = False
        if wrong:
            raise Trouble(wrong.decode(errors="replace").strip())
        return said

    def _part(self) -> bytes:
        return self._exactly(int.from_bytes(self._exactly(4), "big"))

    def _exactly(self, count: int) -> bytes:
        while len(self._came) < count:
            kind, data = self.frames.frame()
            if not data:
                raise ConnectionError("its relay ended")
            self._came += data if kind == STDOUT else b""
        data = bytes(self._came[:count])
        del self._came[:count]
        return data

    def ended(self) -> bool:
        """Whether it is no more. Only while nothing is asked of it: all that it can say then is that it has ended."""
        return bool(select.select([self.connection], [], [], 0)[0])
