"""The endpoint of the rec2pdf backend that releases are judged by, of the standard library: a stand-in."""

from __future__ import annotations

import json
import logging
import os
import platform
import signal
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

log = logging.getLogger("rec2pdf")


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Health: status and the machine that it was built for."""
        if self.path.partition("?")[0] == "/api/health":
            self.answer(HTTPStatus.OK, {"status": "ok", "machine": platform.machine()})
        else:
            self.answer(HTTPStatus.NOT_FOUND, {"detail": "Not Found"})

    def answer(self, status: HTTPStatus, content: object) -> None:
        """Send a JSON document."""
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Write the access log."""
        log.info(format, *args)


def serve(port: int) -> None:
    """Serve until SIGTERM; requests that are under way then get their answer."""
    server = ThreadingHTTPServer(("0.0.0.0", port), Handler)  # noqa: S104
    server.daemon_threads = False
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    log.info("listening on port %d", port)
    server.serve_forever()
    server.server_close()


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(levelname)s %(message)s")
    serve(int(os.environ.get("PORT", "8080")))
