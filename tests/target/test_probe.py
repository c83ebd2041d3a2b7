"""Asking a service over HTTP, against servers that do not answer as they should."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.environment.settings import Check
from tasks.target.probe import Site, ask


def check(path: str, method: str = "GET", status: int = 200, text: str = "", body: str = "") -> Check:
    return Check(name="it", method=method, path=path, status=status, text=text, body=body, headers={"X-Key": "env:KEY"})


class Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        if self.path.endswith("/moved"):
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = f"{self.command} {self.path} {self.headers['X-Key']} ".encode() + sent
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_POST = do_HEAD = answer  # noqa: N815 - the names that http.server asks for

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def echo(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("KEY", "s3cret")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")  # a service is asked itself
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_method_path_body_and_headers_arrive(echo: str) -> None:
    asked = [check("/a?b=1", "POST", text="POST /base/a?b=1 s3cret {}", body="{}"), check("/head", "HEAD")]
    assert [(each.ok, each.detail) for each in ask(f"{echo}/base/", asked, Path())] == [
        (True, "POST /a?b=1 answered 200"),
        (True, "HEAD /head answered 200"),
    ]


def test_a_redirect_is_an_answer_and_is_not_followed(echo: str) -> None:
    assert ask(echo, [check("/moved", status=302)], Path())[0].ok


def test_what_is_missing_in_the_body_is_said(echo: str) -> None:
    (result,) = ask(echo, [check("/a", text="pacifier")], Path())
    assert (result.ok, result.detail) == (False, "GET /a answered 200 without 'pacifier'")


def test_nobody_listening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "s3cret")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    (result,) = ask(f"http://127.0.0.1:{port}", [check("/a")], Path())
    assert (result.ok, result.detail) == (False, "GET /a: Connection refused")


def test_an_answer_that_never_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "s3cret")
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        Site(f"http://127.0.0.1:{server.getsockname()[1]}", 0.1) as site,
    ):
        result = site.send(check("/a"), Path())
    assert (result.ok, result.detail) == (False, "GET /a: timed out")


def test_without_a_url_nothing_is_known() -> None:
    (result,) = ask("", [check("/a")], Path())
    assert (result.ok, result.detail) == (None, "GET /a: URL is not set")
