"""Command lines, checks and times as they are shown and written down."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import UTC, datetime

from ..environment.secrets import REDACTED, looks_secret, redact
from .values import CheckResult

OUTCOMES = {True: "OK", False: "FAILED", None: "unverified"}


def arguments(words: Sequence[str]) -> str:
    """A command line, without the values of `--token=...`, `--token ...` and `TOKEN=...`."""
    found, before = list[str](), ""
    for word in words:
        name, equals, value = word.partition("=")
        if equals and looks_secret(name, value):
            found.append(f"{name}={REDACTED}")
        else:
            found.append(redact(before.lstrip("-") if before.startswith("-") else "", word))
        before = word
    return shlex.join(found)


def summary(checks: Sequence[CheckResult]) -> str:
    """Each check and what came of it, in a line."""
    return ", ".join(f"{check.name} {OUTCOMES[check.ok]}" for check in checks)


def iso(at: object) -> str:
    """A time as UTC in ISO 8601 with seconds; "" for none."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(at, datetime) else ""
