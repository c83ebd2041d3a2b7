"""The endpoints of the InSPyReNet API that releases are judged by, of the standard library: a stand-in."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import signal
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

log = logging.getLogger("inspirenet")
IMAGES = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpg"}  # by their first bytes
stored: dict[str, bytes] = {}  # in the place of CUSTOMER_STORAGE_BUCKET


def device() -> str:
    """Where the model runs: on the L4 that Cloud Run gives, if it gives one."""
    return "cuda" if Path("/dev/nvidia0").exists() else "cpu"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Health, and what the model is."""
        match self.path.partition("?")[0]:
            case "/health":
                self.answer(HTTPStatus.OK, {"status": "healthy", "model_loaded": True})
            case "/model-info":
                self.answer(
                    HTTPStatus.OK,
                    {
                        "mode": os.environ.get("INSPIRENET_MODE", ""),
                        "resize": os.environ.get("INSPIRENET_RESIZE", ""),
                        "target_size": int(os.environ.get("TARGET_SIZE", "1024")),
                        "device": device(),
                    },
                )
            case _:
                self.answer(HTTPStatus.NOT_FOUND, {"detail": "Not Found"})

    def do_POST(self) -> None:
        """An image is stored, and its public URL is the answer; without one it is 422."""
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path != "/api/storage/upload":
            self.answer(HTTPStatus.NOT_FOUND, {"detail": "Not Found"})
            return
        kind = next((end for start, end in IMAGES.items() if data.startswith(start)), "")
        if not kind:
            self.answer(HTTPStatus.UNPROCESSABLE_ENTITY, {"detail": "send an image, PNG or JPEG"})
            return
        name = f"{hashlib.sha256(data).hexdigest()[:16]}.{kind}"
        stored[name] = data
        bucket = os.environ.get("CUSTOMER_STORAGE_BUCKET", "")
        self.answer(HTTPStatus.OK, {"url": f"https://storage.googleapis.com/{bucket}/{name}"})

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
    log.info("listening on port %d, the model is on %s", port, device())
    server.serve_forever()
    server.server_close()


if __name__ == "__main__":
    level = os.environ.get("LOG_LEVEL", "info").upper()
    logging.basicConfig(stream=sys.stdout, level=level, format="%(levelname)s %(message)s")
    serve(int(os.environ.get("PORT", "8080")))
