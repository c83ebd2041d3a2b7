"""A connection to the registry that can be cut, and that can refuse to move a tag."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

REFUSAL = b'{"errors":[{"code":"TAG_INVALID","message":"the tag is immutable"}]}'


@dataclass
class Between:
    """What stands on loopback before a registry. `host` is `127.0.0.1:PORT`.

    It goes down after `lasts` bytes have been sent to the registry, or with a PUT of a path that holds `falls_at`;
    a PUT of one that holds `frozen` is refused. `put` are the paths of all that was PUT.
    """

    upstream: str
    port: int
    lasts: float = float("inf")
    frozen: str = "\0"
    falls_at: str = "\0"
    put: list[str] = field(default_factory=list)
    sent: int = 0
    down: threading.Event = field(default_factory=threading.Event)
    open: list[socket.socket] = field(default_factory=list)
    thread: threading.Thread = field(init=False)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def serve(self, server: socket.socket) -> None:
        while not self.down.is_set():
            try:
                near, _ = server.accept()
            except TimeoutError:
                continue
            host, _, port = self.upstream.partition(":")
            far = socket.create_connection((host, int(port)))
            near.settimeout(None)
            self.open += [near, far]
            threading.Thread(target=self.there, args=(near, far), daemon=True).start()
            threading.Thread(target=self.back, args=(far, near), daemon=True).start()
        server.close()
        for each in self.open:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def there(self, near: socket.socket, far: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := near.recv(65536):
                self.sent += len(data)
                if self.sent > self.lasts:
                    self.down.set()
                    return
                line = data.partition(b"\r\n")[0].decode("latin-1")
                if line.startswith("PUT "):
                    self.put.append(line.split()[1])
                    if self.falls_at in line:
                        self.down.set()
                        return
                    if self.frozen in line:
                        near.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: %d\r\n\r\n" % len(REFUSAL))
                        near.sendall(REFUSAL)
                        near.shutdown(socket.SHUT_RDWR)
                        return
                far.sendall(data)
            far.shutdown(socket.SHUT_WR)

    def back(self, far: socket.socket, near: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := far.recv(65536):
                near.sendall(data)
            near.shutdown(socket.SHUT_WR)


@contextmanager
def between(
    upstream: str, port: int = 0, lasts: float = float("inf"), frozen: str = "\0", falls_at: str = "\0"
) -> Iterator[Between]:
    """Stand before a registry until the block ends."""
    server = socket.create_server(("127.0.0.1", port))
    server.settimeout(0.05)
    made = Between(upstream, server.getsockname()[1], lasts, frozen, falls_at)
    made.thread = threading.Thread(target=made.serve, args=(server,))
    made.thread.start()
    try:
        yield made
    finally:
        made.down.set()
        made.thread.join()
