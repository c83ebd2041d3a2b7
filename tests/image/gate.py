"""A gate before a real registry that wants tokens: each is for the scopes asked for, as far as they are granted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

import httpx

from tests import server

HOP = {"transfer-encoding", "connection", "content-length", "host", "authorization"}


@dataclass
class Gate:
    """What is before `upstream`. Tokens are granted for `granted` alone (all, where it is empty).

    `scopes` are those that were asked for, by token; `asked` are the requests that got through.
    """

    upstream: str
    granted: frozenset[str] = frozenset()
    host: str = ""
    scopes: list[list[str]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    """Answers for one `Gate`."""

    gate: Gate
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        if url.path == "/token":
            scopes = query["scope"]
            self.gate.scopes.append(scopes)
            kept = [each for each in scopes if not self.gate.granted or each in self.gate.granted]
            self.reply(200, json.dumps({"token": " ".join(kept) or "none"}).encode(), {})
            return
        needs = self.needs(url.path, query)
        if not set(needs) <= set(self.headers.get("Authorization", "").removeprefix("Bearer ").split(" ")):
            realm = f'Bearer realm="http://{self.gate.host}/token",service="reg",scope="{" ".join(needs)}"'
            self.reply(401, b"{}", {"WWW-Authenticate": realm})
            return
        self.gate.asked.append(f"{self.command} {url.path}")
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
        answer = httpx.request(
            self.command, f"http://{self.gate.upstream}{self.path}", content=body or None, headers=headers
        )
        told = {name: value for name, value in answer.headers.items() if name.lower() not in HOP}
        if "location" in told:
            told["location"] = told["location"].replace(self.gate.upstream, self.gate.host)
        self.reply(answer.status_code, answer.content, told)

    do_HEAD = do_POST = do_PUT = do_PATCH = do_GET  # noqa: N815

    def needs(self, path: str, query: dict[str, list[str]]) -> list[str]:
        found = re.match(r"/v2/(.+)/(?:manifests|blobs|tags)/", path)
        repository = found[1] if found else ""
        own = f"repository:{repository}:{'pull' if self.command in ('GET', 'HEAD') else 'pull,push'}"
        return [own, *(f"repository:{each}:pull" for each in query.get("from", ()))]

    def reply(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


@contextmanager
def guarding(gate: Gate) -> Iterator[Gate]:
    """Stand before the registry until the block ends."""
    with server.serving(Handler, gate=gate) as gate.host:
        yield gate
