"""A small service of the standard library: it answers which version it is, and ends at once when it is told to."""

from __future__ import annotations

import http.server
import os
import signal

VERSION = "0"  # a change of the source is a change of this line


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers every path with the version."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Answer in one packet."""
        body = VERSION.encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
        self.wfile.write(head.encode() + body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Server(http.server.ThreadingHTTPServer):
    """As many connections may wait as a burst of clients makes."""

    request_queue_size = 128


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    Server(("0.0.0.0", 8000), Handler).serve_forever()  # noqa: S104 - of a container
