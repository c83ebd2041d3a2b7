"""What stands before the services: a log of the calls, throttling, refusals, and who answers."""

from __future__ import annotations

import io
import json
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from .errors import Refused

Answer = Callable[[str, str, str, dict[str, Any]], bytes | None]
Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


@dataclass
class Call:
    """A request and what it was answered: an error's code, or nothing."""

    service: str
    operation: str
    request: dict[str, Any]
    at: float
    error: str = ""


@dataclass
class Fault:
    """Requests of an operation (`*`: of all) that get an error, `times` of them after the first `after`."""

    operation: str
    code: str
    times: int
    message: str
    status: int
    after: int = 0


@dataclass
class Faults:
    """Everything that can be wrong with the way to AWS."""

    per_second: float = 0.0
    only: tuple[str, ...] = ()
    planned: list[Fault] = field(default_factory=list)
    denied: set[str] = field(default_factory=set)
    expired: bool = False
    delay: float = 0.0
    _tokens: float = 0.0
    _filled: float = 0.0

    def throttle(self, per_second: float, only: tuple[str, ...] = ()) -> None:
        """Let so many calls through in a second, with a burst of a second's worth; 0 lets all."""
        self.per_second, self.only, self._tokens, self._filled = per_second, only, per_second, time.monotonic()

    def check(self, service: str, operation: str, account: str) -> None:
        """Raise what stands in the way of a call."""
        query = service == "sts"
        if self.per_second and service in (self.only or (service,)):
            now = time.monotonic()
            self._tokens = min(self.per_second, self._tokens + (now - self._filled) * self.per_second)
            self._filled = now
            if self._tokens < 1:
                raise Refused("Throttling" if query else "ThrottlingException", "Rate exceeded")
            self._tokens -= 1
        if self.expired:
            code = "ExpiredToken" if query else "ExpiredTokenException"
            raise Refused(code, "The security token included in the request is expired", 403 if query else 400)
        for name in (f"{service}:{operation}", f"{service}:*"):
            if name in self.denied:
                who = f"arn:aws:iam::{account}:user/deployer"
                action = f"{service}:{operation}"
                message = (
                    f"User: {who} is not authorized to perform: {action} on resource: * "
                    f"because no identity-based policy allows the {action} action"
                )
                raise Refused("AccessDenied" if query else "AccessDeniedException", message, 403 if query else 400)
        for fault in self.planned:
            if fault.operation in (operation, f"{service}:{operation}", "*") and fault.times:
                if fault.after:
                    fault.after -= 1
                    continue
                fault.times -= 1
                raise Refused(fault.code, fault.message, fault.status)


LOADING: list[threading.Thread] = []
LOADED: list[Wsgi] = []


def _load() -> None:
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    served = DomainDispatcherApplication(create_backend_app)
    for service in ("ssm", "sts"):  # what every deploy asks of moto
        served.app_instances[service] = create_backend_app(service)
    LOADED.append(served)


class Front:
    """The WSGI application: answers what the fake knows itself, hands all else to moto."""

    def __init__(self, answer: Answer, account: Callable[[], str]) -> None:
        self.answer, self.account = answer, account
        self.faults, self.log = Faults(), list[Call]()
        self._lock = threading.Lock()

    def load(self) -> None:
        """Begin to import moto, which takes seconds, unless that was done before in this process."""
        if not LOADING:
            LOADING.append(threading.Thread(target=_load, daemon=True))
            LOADING[0].start()

    @property
    def moto(self) -> Wsgi:
        """Moto's own server."""
        self.load()
        LOADING[0].join()
        return LOADED[0]

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        service, region = _scope(environ)
        operation, request = _asked(environ, body)
        call = Call(service, operation, request, time.time())
        with self._lock:
            self.log.append(call)
        if self.faults.delay:
            time.sleep(self.faults.delay)
        try:
            with self._lock:
                self.faults.check(service, operation, self.account())
            reply = self.answer(service, region, operation, request)
        except Refused as refused:
            call.error = refused.code
            content = refused.body(xml=service == "sts")
            return _send(start_response, refused.status, content, "text/xml" if service == "sts" else "")
        if reply is not None:
            return _send(start_response, 200, reply)
        environ["wsgi.input"], environ["HTTP_X_MOTO_ACCOUNT_ID"] = io.BytesIO(body), self.account()
        return self.moto(environ, start_response)


def _scope(environ: dict[str, Any]) -> tuple[str, str]:
    """The service and region that the signature is for."""
    scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].partition(",")[0].split("/")
    return (scope[3], scope[2]) if len(scope) == 5 else ("", "")


def _asked(environ: dict[str, Any], body: bytes) -> tuple[str, dict[str, Any]]:
    """The operation and its request, of the JSON protocol or the query protocol."""
    target = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    if target:
        return target, json.loads(body or b"{}")
    form = dict(urllib.parse.parse_qsl(body.decode("utf-8", "replace")))
    return form.get("Action", ""), dict(form)


def _send(start_response: Any, status: int, content: bytes, kind: str = "") -> Iterable[bytes]:
    headers = [("Content-Type", kind or "application/x-amz-json-1.1"), ("Content-Length", str(len(content)))]
    headers.append(("x-amzn-RequestId", "00000000-0000-0000-0000-000000000000"))
    start_response(f"{status} {'OK' if status == 200 else 'Bad Request'}", headers)
    return [content]
