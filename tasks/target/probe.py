"""Asking a service over HTTP, and judging the answer: the same for health, CHECK_* and every target."""

from __future__ import annotations

from pathlib import Path

import httpx

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


def send(client: httpx.Client, check: Check, root: Path) -> CheckResult:
    """Send one check through a client whose base URL is the service's. An answer that never came is a failure."""
    try:
        answer = client.request(
            check.method, check.path, content=check.body.encode() or None, headers=headers(check, root)
        )
    except httpx.HTTPError as error:
        return CheckResult(check.name, False, f"{check.method} {check.path}: {error or type(error).__name__}")
    return judge(check, answer.status_code, answer.text if check.text else "")


def ask(url: str, checks: list[Check], root: Path) -> list[CheckResult]:
    """Send checks to a URL, in order, over one connection. Without one there is nothing to ask: unverified."""
    if not url:
        return [CheckResult(each.name, None, f"{each.method} {each.path}: URL is not set") for each in checks]
    with httpx.Client(base_url=url, timeout=TIMEOUT, trust_env=False) as client:
        return [send(client, check, root) for check in checks]
