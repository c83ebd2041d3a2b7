"""The registry of Artifact Registry: Google's tokens and repositories are asked for, then a real one answers."""

from __future__ import annotations

import base64
import http.client
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.fakes.images import pulled

from .rest import Server
from .routing import Reply

if TYPE_CHECKING:
    from .cloud import Cloud

PATH = re.compile(r"/v2/(?P<name>.+)/(?P<kind>manifests|blobs|tags|referrers)/(?P<rest>.*)")
OWN = ("connection", "content-length", "transfer-encoding", "host", "authorization", "date", "server")
RESOURCE = "artifactregistry.repositories"


class Front:
    """Serves `HOST/v2/PROJECT/REPOSITORY/PACKAGE/…` from the real registry, as far as Artifact Registry would."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.asked: list[str] = []
        self.server = Server(self.answer)

    @property
    def host(self) -> str:
        """`127.0.0.1:PORT`."""
        return self.server.url.removeprefix("http://")

    def close(self) -> None:
        """Serve nothing any more."""
        self.server.close()

    def answer(self, verb: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer one request."""
        path = urlsplit(target).path
        if path == "/v2/token":
            return self.token(headers.get("authorization", ""))
        found = PATH.fullmatch(path)
        if not self.known(headers.get("authorization", "")):
            scope = f',scope="repository:{found["name"]}:pull,push"' if found else ""
            challenge = f'Bearer realm="http://{self.host}/v2/token",service="{self.host}"{scope}'
            return error(401, "UNAUTHORIZED", "authentication required", {"WWW-Authenticate": challenge})
        if found and (refusal := self.refusal(verb, found["name"], found["kind"], found["rest"], body)):
            return refusal
        self.asked.append(f"{verb} {path}")
        return self.passed(verb, target, headers, body)

    def token(self, authorization: str) -> Reply:
        """What the login of an access token gets: that token."""
        login = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        username, _, password = login.partition(":")
        if username != "oauth2accesstoken" or not self.known(f"Bearer {password}"):
            return error(401, "UNAUTHORIZED", "authentication failed")
        return Reply(200, {}, json.dumps({"token": password, "expires_in": 3600}).encode())

    def known(self, authorization: str) -> bool:
        """Whether Google takes the token, as it is or as a login's password."""
        scheme, _, given = authorization.partition(" ")
        if scheme.lower() == "basic":
            given = base64.b64decode(given).decode().partition(":")[2]
        return not self.cloud.expired and bool(given) and (given == self.cloud.token or self.cloud.tokens.knows(given))

    def refusal(self, verb: str, name: str, kind: str, rest: str, body: bytes) -> Reply | None:
        """What Artifact Registry says against a request; None for nothing."""
        parts = name.split("/")
        if len(parts) < 3:
            words = "Missing image name. Pushes should be of the form docker push HOST-NAME/PROJECT-ID/REPOSITORY/IMAGE"
            return error(400, "NAME_INVALID", words)
        where = f"projects/{parts[0]}/locations/{self.cloud.region}/repositories/{parts[1]}"
        wanted = f"{RESOURCE}.{'downloadArtifacts' if verb in ('GET', 'HEAD') else 'uploadArtifacts'}"
        if wanted in self.cloud.faults.denied or parts[0] != self.cloud.project:
            return error(403, "DENIED", f'Permission "{wanted}" denied on resource "{where}" (or it may not exist)')
        held = self.cloud.registry.held.get(parts[1])
        if held is None:
            return error(404, "NAME_UNKNOWN", f'Repository "{parts[1]}" not found')
        if held.immutable and (verb, kind) == ("PUT", "manifests") and not rest.startswith("sha256:"):
            there = pulled(f"{self.cloud.registry.address}/{name}", rest)
            if there and there.body != body:
                words = f'cannot update tag "{rest}". The repository has enabled tag immutability'
                return error(400, "MANIFEST_INVALID", words)
        return None

    def passed(self, verb: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """What the real registry answers."""
        connection = http.client.HTTPConnection(self.cloud.registry.address, timeout=60)
        try:
            sent = {name: value for name, value in headers.items() if name not in OWN}
            connection.request(verb, target, body, sent)
            reply = connection.getresponse()
            content = reply.read()
            told = {name: value for name, value in reply.getheaders() if name.lower() not in OWN}
            if verb == "HEAD":  # the size of what is not sent
                told["Content-Length"] = reply.headers.get("Content-Length", "0")
        finally:
            connection.close()
        if "Location" in told:
            told["Location"] = told["Location"].replace(self.cloud.registry.address, self.host)
        return Reply(reply.status, told, content)


def error(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Reply:
    """An error as registries tell it."""
    return Reply(status, dict(headers or {}), json.dumps({"errors": [{"code": code, "message": message}]}).encode())
