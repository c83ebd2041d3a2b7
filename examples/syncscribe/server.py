"""The endpoints of the Sync Scribe Studio API that releases are judged by, of the standard library: a stand-in."""

from __future__ import annotations

import hmac
import json
import logging
import os
import shutil
import signal
import sys
import tempfile
import threading
from datetime import datetime, timezone
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

log = logging.getLogger("syncscribe")
SERVICE = "sync-scribe-studio-api"
NEEDED = ("BUILD_NUMBER", "PORT", "WHISPER_CACHE_DIR")
DEFAULTS = {"GUNICORN_WORKERS": "2", "GUNICORN_TIMEOUT": "300", "MAX_QUEUE_LENGTH": "50", "YOUTUBE_SERVICE_URL": ""}
FREE = 100 * 1024**2  # bytes; less is a warning


def cache() -> Path:
    """Where models and recordings are kept while they are worked on: the only directory that is written."""
    return Path(os.environ["WHISPER_CACHE_DIR"])


def writable(folder: Path) -> bool:
    """Whether a file can be made there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def health() -> dict[str, Any]:
    """What every probe asks for."""
    return {
        "status": "healthy",
        "timestamp": datetime.now(timezone.utc).isoformat(timespec="seconds"),  # noqa: UP017 -- Python 3.9
        "version": os.environ["BUILD_NUMBER"],
        "service": SERVICE,
        "port": int(os.environ["PORT"]),
    }


def detailed() -> dict[str, Any]:
    """Health with variables, the checks of what the service needs, and warnings."""
    cache_writable = writable(cache())
    free = shutil.disk_usage(cache() if cache_writable else "/").free
    checks = {"ffmpeg": shutil.which("ffmpeg") is not None, "cache_writable": cache_writable, "free_bytes": free}
    warnings = [f"{free} bytes are free"] if free < FREE else []
    if not os.environ.get("API_KEY"):
        warnings.append("API_KEY is not set: anybody may use the service")
    variables = {name: os.environ.get(name, "") for name in (*NEEDED, *DEFAULTS)}
    status = "healthy" if checks["ffmpeg"] and cache_writable else "unhealthy"
    return {**health(), "status": status, "environment": variables, "checks": checks, "warnings": warnings}


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Who this is, and how it is."""
        path = self.path.partition("?")[0]
        if path == "/":
            endpoints = ["/", "/health", "/health/detailed", "/v1/media/transcribe"]
            self.answer(HTTPStatus.OK, {"service": SERVICE, "endpoints": endpoints})
        elif path == "/health":
            self.answer(HTTPStatus.OK, health())
        elif path == "/health/detailed":
            found = detailed()
            whole = found["status"] == "healthy"
            self.answer(HTTPStatus.OK if whole else HTTPStatus.SERVICE_UNAVAILABLE, found)
        else:
            self.answer(HTTPStatus.NOT_FOUND, {"detail": "Not Found"})

    def do_POST(self) -> None:
        """A recording to transcribe; 401 without the API key where one is configured, 422 without a recording."""
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        key = os.environ.get("API_KEY", "")
        if self.path != "/v1/media/transcribe":
            self.answer(HTTPStatus.NOT_FOUND, {"detail": "Not Found"})
        elif key and not hmac.compare_digest(self.headers.get("X-API-Key", "").encode(), key.encode()):
            self.answer(HTTPStatus.UNAUTHORIZED, {"detail": "send the API key as X-API-Key"})
        elif not data:
            self.answer(HTTPStatus.UNPROCESSABLE_ENTITY, {"detail": "send a recording"})
        else:
            self.answer(HTTPStatus.OK, {"text": f"{len(data)} bytes of speech"})

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


def main() -> None:
    """Look whether all that is needed is set, bring the models into the cache, and serve until SIGTERM."""
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(levelname)s %(message)s")
    absent = [name for name in NEEDED if not os.environ.get(name)]
    if absent:
        log.error("not set: %s", ", ".join(absent))
        sys.exit(1)
    if Path("/opt/models").exists():
        shutil.copytree("/opt/models", cache(), dirs_exist_ok=True, copy_function=shutil.copyfile)
    server = ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), Handler)  # noqa: S104
    server.daemon_threads = False
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    log.info("%s %s listens on port %s", SERVICE, os.environ["BUILD_NUMBER"], os.environ["PORT"])
    server.serve_forever()
    server.server_close()


if __name__ == "__main__":
    main()
