"""A small registry on loopback that asks who is there, as `Basic` or with a `Bearer` token."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

from tasks.image.manifest import DOCKER_MANIFEST, digest_of
from tests import server

LOGIN = f"Basic {base64.b64encode(b'ann:pass word').decode()}"
MANIFEST = b'{"schemaVersion":2,"config":{"digest":"sha256:c","size":1},"layers":[]}'


@dataclass
class Guarded:
    """How the registry answers, and what it was asked. `host` is `127.0.0.1:PORT`."""

    scheme: str = "bearer"
    anonymous: bool = False
    realm: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    statuses: list[int] = field(default_factory=list)
    content: bytes = MANIFEST
    elsewhere: str = ""
    links: list[str] = field(default_factory=list)
    host: str = ""
    asked: list[tuple[str, str, str, str]] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)

    @property
    def image(self) -> str:
        return f"{self.host}/team/api"


class Handler(BaseHTTPRequestHandler):
    """Answers for one `Guarded`."""

    guarded: Guarded

    def do_GET(self) -> None:
        self.answer()

    do_HEAD = do_POST = do_PUT = do_GET  # noqa: N815

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        who = self.headers.get("Authorization", "")
        self.guarded.asked.append((self.command, self.path, who, body))
        self.guarded.accepted.append(self.headers.get("Accept", ""))
        if self.guarded.statuses and (status := self.guarded.statuses.pop(0)) != 200:
            self.reply(status, json.dumps({"errors": [{"code": "X", "message": f"status {status} it is"}]}).encode())
        elif urlsplit(self.path).path == "/token":
            self.token(who, body)
        elif not self.known(who):
            self.challenge()
        elif "/blobs/" in self.path and self.guarded.elsewhere:
            self.reply(307, b"", {"Location": self.guarded.elsewhere})
        else:
            said = {
                "Content-Type": DOCKER_MANIFEST,
                "Docker-Content-Digest": digest_of(self.guarded.content),
                "Link": self.guarded.links.pop(0) if self.guarded.links else "",
            }
            self.reply(200, self.guarded.content, {**said, **self.guarded.headers})

    def token(self, who: str, body: str) -> None:
        form = parse_qs(body)
        if form.get("refresh_token") == ["identity"]:
            self.reply(200, b'{"access_token":"good"}')
        elif who == LOGIN or (not who and self.guarded.anonymous):
            self.reply(200, b'{"token":"good"}')
        else:
            self.reply(401, b"{}")

    def known(self, who: str) -> bool:
        return self.guarded.scheme == "open" or who == (LOGIN if self.guarded.scheme == "basic" else "Bearer good")

    def challenge(self) -> None:
        realm = self.guarded.realm or f"http://{self.guarded.host}/token"
        bearer = f'Bearer realm="{realm}",service="reg",scope="repository:team/api:pull,push"'
        said = 'Basic realm="reg"' if self.guarded.scheme == "basic" else bearer
        self.reply(401, b"{}", {"WWW-Authenticate": said})

    def reply(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


@contextmanager
def serving(guarded: Guarded) -> Iterator[Guarded]:
    """Serve until the block ends."""
    with server.serving(Handler, guarded=guarded) as guarded.host:
        yield guarded
