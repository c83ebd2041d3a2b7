"""An HTTP/1.1 server on loopback: one for each API, and for whatever else is reached by a URL."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .errors import Refused
from .routing import Reply

Answer = Callable[[str, str, Mapping[str, str], bytes], Reply]  # the verb, the target, headers, and the body


class Server(ThreadingHTTPServer):
    """Serves `answer` in threads until it is closed; then its connections are cut."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, answer: Answer, port: int = 0) -> None:
        self.answer = answer
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return f"http://127.0.0.1:{self.server_port}"

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._open.discard(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asked has gone."""

    def close(self) -> None:
        """Serve nothing any more."""
        self.shutdown()
        self._thread.join()
        self.server_close()
        for each in list(self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    server: Server

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline:
            self.close_connection = True
            return
        if not self.parse_request():
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        reply = self.server.answer(self.command, self.path, headers, self._body(headers))
        if reply.status == 0:  # the answer is lost
            self.close_connection = True
            return
        self.send_response_only(reply.status)
        given = {"Content-Type": "application/json", "Content-Length": str(len(reply.body)), **reply.headers}
        for name, value in given.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)
        self.wfile.flush()

    def _body(self, headers: Mapping[str, str]) -> bytes:
        if headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(headers.get("content-length", 0)))
        found = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            found += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return found

    def log_message(self, *_: Any) -> None:
        """Nothing: no access log."""


def served(cloud: Any, api: str) -> Answer:
    """The REST front of an API, and the control at /_fake/."""

    def answer(verb: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        parts = urlsplit(target)
        if parts.path.startswith("/_fake/"):
            return control(cloud, parts.path.removeprefix("/_fake/"), body)
        query = parse_qsl(parts.query, keep_blank_values=True)
        try:
            found = cloud.answer(api, verb, parts.path, query, body, headers)
        except Refused as refused:
            return Reply(refused.status, {}, json.dumps(refused.document()).encode())
        return found if isinstance(found, Reply) else Reply(200, {}, json.dumps(found).encode())

    return answer


def control(cloud: Any, name: str, body: bytes) -> Reply:
    """Call a method of the cloud or of a part (`run.broken`), or give a value."""
    asked = json.loads(body or b"{}")
    try:
        found = cloud
        for each in name.split("."):
            found = getattr(found, each)
        given = found(*asked.get("args", []), **asked.get("kwargs", {})) if callable(found) else found
        return Reply(200, {}, json.dumps(given, default=str).encode())
    except Exception as error:  # whoever asked is told
        return Reply(400, {}, json.dumps(f"{type(error).__name__}: {error}").encode())
