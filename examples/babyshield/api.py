"""The endpoints of the BabyShield backend that releases are judged by, of the standard library: a stand-in."""

from __future__ import annotations

import json
import logging
import signal
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

log = logging.getLogger("babyshield")
RECALLS = (
    {"id": "R-1", "product": "pacifier", "hazard": "choking", "agency": "CPSC"},
    {"id": "R-2", "product": "pacifier clip", "hazard": "choking", "agency": "EU Safety Gate"},
    {"id": "R-3", "product": "crib", "hazard": "entrapment", "agency": "CPSC"},
)
DOCS = "<!doctype html><title>BabyShield API</title><h1>BabyShield API</h1>"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Health and documentation."""
        match self.path.partition("?")[0]:
            case "/api/v1/healthz":
                self.answer(HTTPStatus.OK, {"status": "ok"})
            case "/docs":
                self.answer(HTTPStatus.OK, DOCS)
            case _:
                self.answer(HTTPStatus.NOT_FOUND, {"detail": "Not Found"})

    do_HEAD = do_GET  # noqa: N815

    def do_POST(self) -> None:
        """The search: `{"product": "pacifier", "limit": 5}`."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path != "/api/v1/search/advanced":
            self.answer(HTTPStatus.NOT_FOUND, {"detail": "Not Found"})
            return
        try:
            asked = json.loads(body)
            product, limit = str(asked["product"]).lower(), int(asked.get("limit", 20))
        except (ValueError, KeyError, TypeError):
            self.answer(HTTPStatus.UNPROCESSABLE_ENTITY, {"detail": 'send {"product": "...", "limit": 5}'})
            return
        found = [recall for recall in RECALLS if product in recall["product"]][:limit]
        self.answer(HTTPStatus.OK, {"ok": True, "data": {"items": found, "total": len(found)}})

    def answer(self, status: HTTPStatus, content: object) -> None:
        """Send a page or a JSON document; of either only the head to HEAD."""
        text = content if isinstance(content, str) else json.dumps(content)
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html" if text is content else "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
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
