"""The whole fake, as a test has it. Every public method can be called over HTTP too."""

from __future__ import annotations

import dataclasses
import json
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar

from . import routing
from .calls import Call, Fault, Faults, refusal
from .discovery import DOCUMENTS, document
from .errors import Refused
from .routing import HANDLERS, PARTS, RAW, STREAMS, Reply, Request
from .transcoding import named

OVERRIDE = "CLOUDSDK_API_ENDPOINT_OVERRIDES_"
Done = TypeVar("Done")


class Cloud:
    """A project in a region, what is in it, how that behaves, and what is wrong on the way to it.

    `at(api, transport)` gives the address of an API, and is set by whoever serves the cloud.
    """

    def __init__(self, project: str = "test-project", region: str = "europe-west1", **knobs: Any) -> None:
        routing.load()
        self.project, self.region, self.number = project, region, "123456789012"
        self.lock = threading.RLock()
        self.calls: list[Call] = []
        self.faults = Faults()
        self.token = "ya29.an-access-token"
        self.expired = False
        self.ahead = 0.0  # seconds that have passed here and nowhere else
        self.at: Callable[[str, str], str] = lambda api, transport: ""
        self.parts = {name: made(self) for name, made in PARTS.items()}
        self.set(**knobs)

    def __getattr__(self, name: str) -> Any:
        parts = self.__dict__.get("parts", {})
        if name in parts:
            return parts[name]
        raise AttributeError(name)

    def close(self) -> None:
        """End what the parts have started."""
        for each in self.parts.values():
            if hasattr(each, "close"):
                each.close()

    # what a test turns

    def set(self, **knobs: Any) -> None:
        """Knobs: those of Cloud Run by their names, those of other parts with it before: `build_network="host"`."""
        for key, value in knobs.items():
            name, _, rest = key.partition("_")
            owner, attribute = (self.parts[name], rest) if name in self.parts else (self.parts["run"], key)
            assert hasattr(owner, attribute), key
            setattr(owner, attribute, value)

    def now(self) -> float:
        """Seconds since the epoch, here."""
        return time.time() + self.ahead

    def later(self, seconds: float) -> None:
        """Let so much time pass here, at once."""
        self.ahead += seconds

    def fault(
        self, api: str, method_part: str, status: int, message: str = "", times: int = 1, delay: float = 0.0, *,
        after: int = 0, reason: str = "", lost: bool = False,
    ) -> None:  # fmt: skip
        """Refuse (or with status 0 only delay) the next calls of an API (`*`: any) whose method contains a part.

        `after` lets so many through before; `lost` does the call and loses its answer.
        """
        self.faults.planned.append(Fault(api, method_part, status, message, times, delay, after, reason, lost))

    def meanwhile(
        self, api: str, method_part: str, action: Callable[[], Any], times: int = 1, *, after: int = 0,
        done: bool = False,
    ) -> None:  # fmt: skip
        """Do something right before the next calls of a method, or with `done` right after they were done."""
        self.faults.planned.append(Fault(api, method_part, 0, "", times, 0.0, after, "", done, action))

    def deny(self, *permissions: str) -> None:
        """`run.services.update`, `logging.*`: 403 PERMISSION_DENIED."""
        self.faults.denied.update(permissions)

    def quota(self, part: str, per_minute: int = 0, per_second: int = 0) -> None:
        """So many calls whose `API:METHOD` contains a part, such as `logging:` or `run:run.projects`; then 429."""
        most, seconds = (per_second, 1.0) if per_second else (per_minute, 60.0)
        self.faults.quotas.pop(part, None)
        if most:
            self.faults.quotas[part] = (most, seconds, deque())

    def healthy(self) -> None:
        """Nothing is wrong on the way any more."""
        self.faults.planned.clear()
        self.faults.denied.clear()
        self.faults.quotas.clear()

    def environ(self, transport: str = "rest") -> dict[str, str]:
        """The environment that leads clients here, over `rest` or `grpc`."""
        found = {f"{OVERRIDE}{api.upper()}": self.at(api, transport) for api in DOCUMENTS}
        return {**found, "CLOUDSDK_AUTH_ACCESS_TOKEN": self.token, "CLOUDSDK_CORE_PROJECT": self.project}

    # what a test looks at

    def forget(self) -> None:
        """Begin a new log of calls."""
        self.calls.clear()

    def methods(self, api: str = "") -> list[str]:
        """The methods that were called, in order, of an API or of all."""
        return [each.method for each in list(self.calls) if api in ("", each.api)]

    def counted(self) -> dict[str, int]:
        """How often each method was called."""
        return dict(Counter(self.methods()))

    def log(self) -> list[dict[str, Any]]:
        """The calls as documents."""
        return [dataclasses.asdict(each) for each in list(self.calls)]

    # what servers ask

    def answer(
        self, api: str, verb: str, path: str, query: list[tuple[str, str]], body: bytes | Any,
        headers: Mapping[str, str], transport: str = "rest",
    ) -> dict[str, Any] | Reply:  # fmt: skip
        """Answer a request: `path` is percent-encoded, `body` what REST sent or a document. Raises Refused."""
        call = Call(api, f"{verb} {path}", dict(query), transport=transport)
        self.calls.append(call)
        try:
            found = self._raw(call, verb, path, query, body, headers)
            if found is None:
                found = self._routed(call, verb, path, query, body, headers)
        except Refused as refused:
            call.status, call.reason = refused.status, refused.reason
            raise
        call.status = found.status if isinstance(found, Reply) else 200
        return found

    def _raw(
        self, call: Call, verb: str, path: str, query: list[tuple[str, str]], body: Any, headers: Mapping[str, str]
    ) -> dict[str, Any] | Reply | None:
        for api, needed, pattern, method, handler in RAW:
            found = pattern.fullmatch(path) if (api, needed) == (call.api, verb) else None
            if found:
                call.method = method
                request = Request(verb, path, dict(query), headers, body if isinstance(body, bytes) else b"", found)
                return self._done(call, path, headers, partial(handler, self, request))
        return None

    def _routed(
        self, call: Call, verb: str, path: str, query: list[tuple[str, str]], body: Any, headers: Mapping[str, str]
    ) -> dict[str, Any] | Reply:
        if call.api not in DOCUMENTS:
            raise Refused(404, "NOT_FOUND", f"The requested URL {path} was not found on this server.")
        known = document(call.api)
        method, found = known.method(verb, path)
        call.method = method.id
        if isinstance(body, bytes):
            body = _document(body)
            if "enum-encoding=int" in dict(query).get("$alt", ""):
                body, query = named(call.api, verb, path, body, query)
        params = method.asked(found, query, known.common)
        checked = method.body(body)
        call.request = {**params, "body": checked} if method.request else dict(params)
        handler = HANDLERS.get((call.api, method.id))
        if handler is None:
            raise Refused(501, "UNIMPLEMENTED", f"The fake has no {method.id}.")
        resource = params.get("name") or params.get("parent") or path
        return self._done(call, str(resource), headers, partial(handler, self, params, checked))

    def streamed(
        self, api: str, method: str, requests: Iterator[dict[str, Any]], headers: Mapping[str, str]
    ) -> Iterable[dict[str, Any]]:
        """Answer a gRPC method that has streams. Raises Refused."""
        call = Call(api, method, transport="grpc")
        self.calls.append(call)
        handler = STREAMS.get((api, method))
        if handler is None:
            raise Refused(501, "UNIMPLEMENTED", f"The fake has no {method}.")
        try:
            found: Iterable[dict[str, Any]] = self._done(call, method, headers, partial(handler, self, requests))
            call.status = 200
            yield from found
        except Refused as refused:
            call.status, call.reason = refused.status, refused.reason
            raise

    def _done(self, call: Call, resource: str, headers: Mapping[str, str], do: Callable[[], Done]) -> Done:
        """Do a call, unless something stands in its way."""
        if call.api in DOCUMENTS:
            self._known(headers.get("authorization", ""))
        lost = self.faults.check(call, resource)
        found = do()
        for each in lost:
            if each.action:
                each.action()
            if each.status:
                raise refusal(each, call, resource)
        return found

    def _known(self, authorization: str) -> None:
        """Raise 401 for a wrong token, or one that has expired. A request without any is let through."""
        given = authorization.removeprefix("Bearer ")
        tokens = self.parts.get("tokens")
        if self.expired or (given and given != self.token and not (tokens and tokens.knows(given))):
            raise Refused(
                401,
                message="Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie "
                "or other valid authentication credential.",
            )


def _document(body: bytes) -> Any:
    try:
        return json.loads(body) if body else None
    except ValueError as error:
        raise Refused(400, message=f"Invalid JSON payload received. {error}") from None
