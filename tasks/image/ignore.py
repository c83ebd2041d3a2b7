"""`.dockerignore` as BuildKit reads it: its lines, and which paths of a context they leave out.

The rules are those of github.com/moby/patternmatcher, and of fsutil, which walks a context with them.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass

GLOB = frozenset("*[]?^")

CLASS = re.compile(r"(?P<negated>\^?)(?P<body>(?:\\.|[^\]\\])+)\]", re.DOTALL)

Matched = tuple[tuple[bool, ...], tuple[bool, ...]]  # which patterns a path or a folder above it matched, read twice
NOTHING: Matched = ((), ())


@dataclass(frozen=True)
class Pattern:
    """One line. `exception` is one with `!`, which takes a path back in."""

    text: str
    exception: bool
    expression: re.Pattern[str]

    @property
    def prefix(self) -> str:
        """The folder that it speaks of, with `/` at its end: `src/` for `src/**`."""
        return f"{self.text.removesuffix('/**').removesuffix('/*')}/"


class Ignored:
    """What the lines of a `.dockerignore` leave out. Raises ValueError for a line that is no pattern."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.patterns = [pattern(line) for line in lines]
        self.exceptions = [each.prefix for each in self.patterns if each.exception]
        self.anywhere = any(GLOB.intersection(each) for each in self.exceptions)

    def match(self, path: str, above: Matched = NOTHING) -> tuple[bool, Matched]:
        """Whether a path is left out, and what it matched, for the paths below it; `above` is that of its folder.

        Engines differ in what an exception means that names a folder above. What one of them takes back in is not
        left out here, so that its change is not missed.
        """
        early = self._read(path, above[0], skips=False)
        late = self._read(path, above[1], skips=True) if self.exceptions else early
        return early[0] and late[0], (early[1], late[1])

    def _read(self, path: str, above: tuple[bool, ...], *, skips: bool) -> tuple[bool, tuple[bool, ...]]:
        """One reading: since Docker 23 a pattern that would change nothing for a folder is not tried on it."""
        left_out = False
        matched: list[bool] = []
        for number, each in enumerate(self.patterns):
            found = bool(above) and above[number]
            if not found and not (skips and each.exception != left_out):
                found = each.expression.fullmatch(path) is not None
            matched.append(found)
            if found:
                left_out = not each.exception
        return left_out, tuple(matched)

    def closed(self, folder: str) -> bool:
        """Whether nothing below a folder that is left out can be taken back in."""
        return not self.anywhere and not any(each.startswith(f"{folder}/") for each in self.exceptions)


def lines(text: str) -> list[str]:
    """The patterns of a `.dockerignore`, cleaned; only a `#` in the first column makes a comment."""
    found: list[str] = []
    for line in text.removeprefix("\ufeff").split("\n"):
        bare = line.strip()
        if not bare or line.startswith("#"):
            continue
        exception = bare.startswith("!")
        bare = bare.removeprefix("!").strip() if exception else bare
        cleaned = posixpath.normpath(re.sub(r"^/+", "/", bare)) if bare else ""
        cleaned = cleaned[1:] if len(cleaned) > 1 and cleaned.startswith("/") else cleaned
        found.append(f"!{cleaned}" if exception else cleaned)
    return found


def pattern(line: str) -> Pattern:
    """A cleaned line as a pattern. Raises ValueError."""
    exception = line.startswith("!")
    text = line.removeprefix("!") if exception else line
    if not text:
        raise ValueError(f"{line!r} is no pattern")
    meant = expression(text)
    if exception and text.startswith("**"):  # since Docker 23 `!**.md` takes back whatever ends so
        meant = f"{meant}|.*{expression(text[2:])}"
    try:
        return Pattern(text, exception, re.compile(meant, re.DOTALL))
    except re.error as error:
        raise ValueError(f"{line!r} is no pattern: {error}") from None


def expression(text: str) -> str:
    r"""The regular expression of a pattern: `*` and `?` stay in one folder, `**` does not, `\` takes away a meaning."""
    made = ""
    rest = text
    while rest:
        sign, rest = rest[0], rest[1:]
        if sign == "*" and rest.startswith("*"):
            rest = rest[1:].removeprefix("/")
            made += "(.*/)?" if rest else ".*"
        elif sign == "*":
            made += "[^/]*"
        elif sign == "?":
            made += "[^/]"
        elif sign == "[":
            inside, rest = characters(rest)
            made += inside
        elif sign == "\\" and rest:
            made, rest = made + re.escape(rest[0]), rest[1:]
        else:
            made += re.escape(sign)
    return made


def characters(rest: str) -> tuple[str, str]:
    """The expression of a class whose `[` has been read, and what comes after it. Raises ValueError."""
    found = CLASS.match(rest)
    if not found:
        raise ValueError(f"[{rest} has no `]`")
    body = found["body"].replace("[", "\\[")
    return f"[{found['negated']}{body}]", rest[found.end() :]
