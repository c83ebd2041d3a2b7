"""Command lines as they may be shown."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from ..environment.secrets import REDACTED, looks_secret, redact


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
