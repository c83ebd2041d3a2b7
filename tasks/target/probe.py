"""Asking a service over HTTP, and judging the answer: the same for health, CHECK_* and every target."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import certifi
import urllib3

from ..environment.secrets import is_reference, resolve
from ..environment.settings import Check, Environment
from . import CheckResult

TIMEOUT = 10.0  # seconds for one answer


def health(environment: Environment) -> Check | None:
    """The check that HEALTH_PATH stands for: any 2xx or 3xx. None without one: nothing is probed."""
    if not environment.health_path:
        return None
    return Check(name="health", method="GET", path=environment.health_path, status=0, text="", body="", headers={})


def headers(check: Check, root: Path) -> dict[str, str]:
    """The request's headers, with secret references resolved. Never print them."""
    return {
        name: resolve(value, root).get_secret_value() if is_reference(value) else value
        for name, value in check.headers.items()
    }


def judge(check: Check, status: int, body: str) -> CheckResult:
    """Whether an answer is the one that was asked for. A check with status 0 takes any 2xx or 3xx."""
    asked = f"{check.method} {check.path}"
    if not (status == check.status if check.status else 200 <= status < 400):
        wanted = f", not {check.status}" if check.status else ""
        return CheckResult(check.name, False, f"{asked} answered {status}{wanted}")
    if check.text and check.text not in body:
        return CheckResult(check.name, False, f"{asked} answered {status} without {check.text!r}")
    return CheckResult(check.name, True, f"{asked} answered {status}")


class Site:
    """A service at its URL, over one connection: `with Site("https://api.example.com") as site`. Times in seconds.

    urllib3 is there anyway, as botocore and the docker SDK bring it along.
    """

    def __init__(self, url: str, timeout: float = TIMEOUT) -> None:
        self.prefix = (urllib3.util.parse_url(url).path or "").rstrip("/")
        trust = {"ssl_context": trusted()} if url.startswith("https:") else {}
        self.pool = urllib3.connection_from_url(url, timeout=timeout, retries=False, **trust)

    def __enter__(self) -> Site:
        return self

    def __exit__(self, *_: object) -> None:
        self.pool.close()

    def send(self, check: Check, root: Path) -> CheckResult:
        """Send one check. An answer that never came is a failure."""
        try:
            answer = self.request(check, headers(check, root))
        except (urllib3.exceptions.HTTPError, OSError) as error:
            return CheckResult(check.name, False, f"{check.method} {check.path}: {reason(error)}")
        return judge(check, answer.status, answer.data.decode(errors="replace") if check.text else "")

    def request(self, check: Check, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        """The answer to one check, with these headers. Raises urllib3's HTTPError, OSError where none came."""
        given = {"User-Agent": "dockyard", **headers}
        body = check.body.encode() or None
        return self.pool.urlopen(check.method, self.prefix + check.path, body, given, redirect=False)


@cache
def trusted() -> ssl.SSLContext:
    """The certificates to trust, read once (0.07 s): those of SSL_CERT_FILE or SSL_CERT_DIR, else certifi's."""
    own = os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR")
    return ssl.create_default_context(cafile=None if own else certifi.where())


def reason(error: BaseException) -> str:
    """Why no answer came, without urllib3's wrapping: `Connection refused`."""
    inner = error.args[-1] if error.args and isinstance(error.args[-1], OSError) else error.__cause__
    if isinstance(inner, OSError) and not isinstance(inner, TimeoutError):
        return inner.strerror or str(inner) or type(inner).__name__
    if isinstance(error, urllib3.exceptions.TimeoutError):
        return "timed out"
    return str(error) or type(error).__name__


def ask(url: str, checks: Sequence[Check], root: Path) -> list[CheckResult]:
    """Send checks to a URL, in order, over one connection. Without one there is nothing to ask: unverified."""
    if not url:
        return [CheckResult(each.name, None, f"{each.method} {each.path}: URL is not set") for each in checks]
    with Site(url) as site:
        return [site.send(check, root) for check in checks]
