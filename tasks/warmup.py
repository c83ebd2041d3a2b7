"""Wakes a service that has scaled to zero, as a scheduler does before the day begins."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .errors import DockyardError, SettingError
from .target import CheckResult
from .verb import Document, Operation, verb
from .verify import WORDS

if TYPE_CHECKING:
    from .environment.settings import Check

SAFE = ("GET", "HEAD")  # what may be sent at any time


@verb()
def warmup(op: Operation) -> Document:
    """Send HEALTH_PATH, and each CHECK_* that only reads, to URL (exit 1: no right answer)."""
    asked = requests(op)
    url = op.environment.url or op.target.current().url
    document = {**op.about, "url": url}
    if op.dry:
        for each in asked:
            op.say(f"Would send {each.method} {each.path} to {url}.")
        return {**document, "checks": []}
    answers = []
    for result, seconds in send(op, url, asked):
        op.say(f"  {WORDS[result.ok]:<10} {result.name}: {result.detail} in {seconds:.2f} s")
        answers.append({"name": result.name, "ok": result.ok, "detail": result.detail, "seconds": round(seconds, 3)})
    document = {**document, "checks": answers}
    if not any(each["ok"] for each in answers):
        raise DockyardError(
            f"{op.environment.service} gave no right answer at {url}; inv status --env={op.name} shows what runs.",
            document,
        )
    return document


def requests(op: Operation) -> list[Check]:
    """What is sent, in order. Raises SettingError where there is nothing to send."""
    from .target import probe

    health = probe.health(op.environment)
    found = [*([health] if health else []), *(each for each in op.environment.checks if each.method in SAFE)]
    if not found:
        raise SettingError(f"There is nothing to send: set HEALTH_PATH, or a CHECK_<NAME> by GET, for {op.name}.")
    return found


def send(op: Operation, url: str, asked: list[Check]) -> Iterator[tuple[CheckResult, float]]:
    """The answers as they come, and after how many seconds each came; REQUEST_TIMEOUT is the longest."""
    from .target import probe

    with probe.Site(url, op.environment.request_timeout) as site:
        for each in asked:
            began = time.monotonic()
            result = site.send(each, op.root)
            yield result, time.monotonic() - began
