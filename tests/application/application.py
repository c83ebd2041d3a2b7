"""A service for tests, of the standard library alone. How it behaves is said by environment variables.

CRASH=3 exits with that code at once, CRASH_AFTER=1.5 seconds after the start; SLOW_START=2 listens only then;
STATUS=500 answers that to everything, BROKEN=/path answers 500 there, UNHEALTHY_AFTER=2 at /health from then on;
HANG=1 takes requests and never answers; LOG=text writes a line at the start; ALLOCATE=200000000 takes so many bytes
of memory then. /exit?code=9 ends it, and /exit?code=9&for=good every later start of this container as well.
"""

from __future__ import annotations

import base64
import http.server
import json
import os
import signal
import socket
import sys
import threading
import time
import urllib.parse
from pathlib import Path

BEGAN = time.monotonic()
GIVEN_UP = Path("/given-up")
TAKEN: list[bytearray] = []


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if os.environ.get("HANG"):
            time.sleep(3600)
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        time.sleep(float(query.get("sleep", 0)))
        found = self.found(url.path, query, body)
        if found is None:
            self.answer(404, {"error": "not found"})
        else:
            self.answer(status(url.path), found)

    do_POST = do_PUT = do_HEAD = do_GET  # noqa: N815

    def found(self, path: str, query: dict[str, str], body: bytes) -> dict[str, object] | None:
        match path:
            case "/":
                return {"hello": "world"}
            case "/health":
                return {"status": "healthy"}
            case "/revision":
                return {"hostname": socket.gethostname(), "version": os.environ.get("VERSION", "")}
            case "/env":  # bytes may be no UTF-8 and hold anything
                return {encode(name): encode(value) for name, value in os.environb.items()}
            case "/echo":
                return {"method": self.command, "headers": dict(self.headers.items()), "body": body.decode()}
            case "/write":
                return {"error": write(Path(query["path"]), int(query.get("bytes", "1")))}
            case "/log":
                say(query["text"])
                return {}
            case "/allocate":
                TAKEN.append(bytearray(int(query["bytes"])))
                return {}
            case "/exit":
                if "for" in query:
                    GIVEN_UP.write_text(query["code"])
                say("giving up")
                os._exit(int(query["code"]))
        return None

    def answer(self, status: int, document: object) -> None:
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


def status(path: str) -> int:
    sick = time.monotonic() - BEGAN > float(os.environ.get("UNHEALTHY_AFTER", "inf"))
    if path == os.environ.get("BROKEN") or (sick and path == "/health"):
        return 500
    return int(os.environ.get("STATUS", "200"))


def encode(value: bytes) -> str:
    return base64.b64encode(value).decode()


def write(path: Path, size: int) -> str:
    """Why a file cannot be written; "" where it can."""
    try:
        path.write_bytes(b"x" * size)
    except OSError as error:
        return error.strerror or str(error)
    return ""


def say(text: str) -> None:
    print(text, flush=True)


def stop(*_: object) -> None:
    say("stopping")
    os._exit(0)


def main() -> None:
    signal.signal(signal.SIGTERM, stop)
    if "LOG" in os.environ:
        say(os.environ["LOG"])
    if "CRASH" in os.environ:
        print("the database is not there", file=sys.stderr, flush=True)
        sys.exit(int(os.environ["CRASH"]))
    if GIVEN_UP.exists():
        print("broken for good", file=sys.stderr, flush=True)
        sys.exit(int(GIVEN_UP.read_text()))
    TAKEN.append(bytearray(int(os.environ.get("ALLOCATE", "0"))))
    if "CRASH_AFTER" in os.environ:
        threading.Timer(float(os.environ["CRASH_AFTER"]), os._exit, (9,)).start()
    time.sleep(float(os.environ.get("SLOW_START", "0")))
    port = int(os.environ.get("PORT", "8080"))
    server = http.server.ThreadingHTTPServer(("0.0.0.0", port), Handler)
    say(f"{socket.gethostname()} listens on {port}")
    server.serve_forever()


if __name__ == "__main__":
    main()
