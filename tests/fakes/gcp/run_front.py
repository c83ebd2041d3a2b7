"""What users of a service reach: a port on loopback for its address, and one for that of each tag."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .rest import Server
from .routing import Reply

if TYPE_CHECKING:
    from .run_services import Service

DENIED = (
    b"\n<html><head>\n<title>403 Forbidden</title>\n</head>\n<body>\n<h1>Error: Forbidden</h1>\n"
    b"<h2>Your client does not have permission to get URL from this server.</h2>\n</body></html>\n"
)


class Front:
    """Sends requests to the revisions by their percents, or all to the one that has the tag."""

    def __init__(self, service: Service, tag: str = "") -> None:
        self.service, self.tag = service, tag
        self._credit: dict[str, float] = {}
        self._server = Server(self.answer)

    @property
    def url(self) -> str:
        return self._server.url

    def close(self) -> None:
        """Serve nothing any more."""
        self._server.close()

    def answer(self, verb: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer a request and log it."""
        run, began = self.service.run, time.time()
        with run.cloud.lock:
            run.catch_up()
            name = self._picked()
            refused = self._refused(headers.get("authorization", ""))
            revision = self.service.revisions.get(name)
        if refused is not None:
            reply = refused
        elif revision is None:
            reply = Reply(404, {"Content-Type": "text/html"}, b"<h1>Error: Page not found</h1>")
        else:
            passed = {**headers, "x-forwarded-proto": "https", "x-forwarded-for": "127.0.0.1"}
            reply = revision.answer(verb, target, passed, body)
        run.requested(self.service, name, verb, f"{self.url}{target}", reply.status, time.time() - began)
        return reply

    def _refused(self, authorization: str) -> Reply | None:
        """What a caller gets who may not call."""
        run, spec = self.service.run, self.service.spec
        page = {"Content-Type": "text/html; charset=UTF-8"}
        if spec.get("ingress") not in ("INGRESS_TRAFFIC_ALL", "INGRESS_TRAFFIC_UNSPECIFIED") and not run.inside:
            return Reply(404, page, b"<h1>Error: Page not found</h1>")
        if self.service.public:
            return None
        token = authorization.removeprefix("Bearer ") if authorization.startswith("Bearer ") else ""
        audiences = [self.service.document().get("uri", ""), *spec.get("customAudiences", [])]
        tokens = run.cloud.parts.get("tokens")
        if token and tokens is not None and any(tokens.valid_for(token, each) for each in audiences):
            return None
        return Reply(401 if token else 403, page, DENIED)

    def _picked(self) -> str:
        """The revision that gets a request: each gets exactly its part of any hundred."""
        statuses = self.service.statuses
        if self.tag:
            return next((each["revision"] for each in statuses if each.get("tag") == self.tag), "")
        shares: dict[str, float] = {}
        for each in statuses:
            if each.get("percent"):
                shares[each["revision"]] = shares.get(each["revision"], 0) + each["percent"]
        if not shares:
            return ""
        self._credit = {name: self._credit.get(name, 0) + share for name, share in shares.items()}
        name = max(shares, key=lambda each: self._credit[each])
        self._credit[name] -= 100
        return name


def respond(rules: Any, document: Mapping[str, Any], described: bytes, target: str) -> Reply:
    """What a revision without a container answers: by the last rule that is about it, else 200."""
    path, said = urlsplit(target).path, json.dumps(document)
    rule = next((each for each in reversed(rules) if each.what in said and path.startswith(each.path)), None)
    if rule is None:
        return Reply(200, {}, described)
    if rule.delay:
        time.sleep(rule.delay)
    return Reply(rule.status, dict(rule.headers), rule.body.encode() if rule.body else described)


def entry(verb: str, url: str, status: int, seconds: float) -> dict[str, Any]:
    """A request's line in the log."""
    return {"requestMethod": verb, "requestUrl": url, "status": status, "latency": f"{seconds:.6f}s"}
