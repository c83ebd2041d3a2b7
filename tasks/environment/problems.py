"""What is written where, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import SettingError
from .secrets import looks_secret_value


@dataclass(frozen=True)
class Origin:
    """Where something is written: `env/local.env:12`. Line 0 is the file as a whole.

    `path` is relative to the project where it lies inside.
    """

    path: Path
    line: int

    def __str__(self) -> str:
        return f"{self.path.as_posix()}:{self.line}" if self.line else self.path.as_posix()


@dataclass(frozen=True)
class Entry:
    """A key and its value, which may be a secret. A `literal` value (single-quoted) is never expanded."""

    key: str
    value: str = field(repr=False)
    origin: Origin
    literal: bool = False


@dataclass(frozen=True)
class Problem:
    """Something that an operator must mend. The text is a sentence and holds no secret."""

    origin: Origin
    text: str

    def __str__(self) -> str:
        return f"{self.origin}: {self.text}"


def complaint(entry: Entry, error: ValueError) -> Problem:
    """The problem of a refused value: the error's sentence begins with the value's repr, or else with a verb."""
    text = str(error)
    if not text.startswith(("'", '"')):
        return Problem(entry.origin, f"{entry.key} {text}")
    if looks_secret_value(entry.value):
        return Problem(
            entry.origin, f"{entry.key} has a value that it cannot have (not shown, as it looks like a secret)."
        )
    return Problem(entry.origin, f"{entry.key}={text}")


def refuse(problems: Iterable[Problem]) -> None:
    """Raise SettingError with each problem on a line of its own, by file and line. None is fine."""
    found = sorted(problems, key=lambda problem: (problem.origin.path.as_posix(), problem.origin.line))
    if found:
        raise SettingError("\n".join(dict.fromkeys(map(str, found))))
