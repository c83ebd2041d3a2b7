"""The words of the Logging query language, one after the other."""

from __future__ import annotations

import re

SPACE = re.compile(r"(?:\s+|--[^\n]*)*")
STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
WORD = re.compile(r"[A-Za-z0-9_*/~+@#$%][A-Za-z0-9_*/~+@#$%-]*")
OPERATOR = re.compile(r"<=|>=|!=|=~|!~|[=<>:]")
ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|.)", re.DOTALL)
PLAIN = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "'": "'"}
KEYWORDS = ("AND", "OR", "NOT")
LONGEST = 20_000  # characters of a filter


class Unparseable(Exception):
    """A filter that Logging refuses."""


class Scanner:
    """A filter, and how far it was read."""

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise Unparseable(f"filter is longer than {LONGEST} characters")
        self.text, self.at = text, 0
        self.skip()

    def skip(self) -> None:
        """Go on to the next word."""
        found = SPACE.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def peek(self, pattern: re.Pattern[str] | str) -> str:
        """What comes next if it is that, "" otherwise."""
        if isinstance(pattern, str):
            return pattern if self.text.startswith(pattern, self.at) else ""
        found = pattern.match(self.text, self.at)
        return found[0] if found else ""

    def take(self, pattern: re.Pattern[str] | str, *, tight: bool = False) -> str:
        """What comes next if it is that, and go past it; `tight` stays right behind it."""
        found = self.peek(pattern)
        self.at += len(found)
        if found and not tight:
            self.skip()
        return found

    def keyword(self, word: str) -> bool:
        """Whether AND, OR or NOT comes next; go past it."""
        if self.peek(WORD) != word:
            return False
        self.take(WORD)
        return True

    def need(self, mark: str) -> None:
        """Go past a mark that has to be there."""
        if not self.take(mark):
            raise self.wrong()

    @property
    def done(self) -> bool:
        return self.at >= len(self.text)

    def wrong(self) -> Unparseable:
        """Where the filter makes no sense, in Logging's words."""
        before = self.text[: self.at]
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        token = self.peek(STRING) or self.peek(WORD) or self.peek(OPERATOR) or self.text[self.at : self.at + 1]
        words = f"token {_quoted(token)}" if token else "end of input"
        return Unparseable(f"syntax error at line {line}, column {column}, {words}")


def _quoted(token: str) -> str:
    return "'" + token + "'" if '"' in token else f'"{token}"'


def unquoted(text: str) -> str:
    """The value of a string in double quotes; an escape that is none stays as it is, as regular expressions want."""

    def value(found: re.Match[str]) -> str:
        code = found[1]
        if code[0] in "ux" and len(code) > 1:
            return chr(int(code[1:], 16))
        return PLAIN.get(code, found[0])

    return ESCAPE.sub(value, text[1:-1])
