"""Progress, for people: standard error."""

from __future__ import annotations

import sys
from contextlib import suppress


def say(text: str) -> None:
    """One line on standard error, at once. That nobody reads it stops no release."""
    with suppress(BrokenPipeError):
        print(text, file=sys.stderr, flush=True)
