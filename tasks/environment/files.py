"""Env files as they are written: every key with its file and line, later files over earlier ones."""

from __future__ import annotations

import io
import re
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from ..errors import SettingError
from .problems import Entry, Origin, Problem

_NEWLINE = re.compile(r"\r\n|\n|\r")
_LEADING = re.compile(r"\s*")
# What dotenv.parser reads before a value; the value's first character tells how it is quoted.
_BEFORE_VALUE = re.compile(r"\s*(?:export[^\S\r\n]+)?(?:'[^']+'|[^=#\s]+)[^\S\r\n]*=[^\S\r\n]*")
_QUOTED = {"'": re.compile(r"'(?:\\.|[^'\\])*'", re.DOTALL), '"': re.compile(r'"(?:\\.|[^"\\])*"', re.DOTALL)}


def merged(root: Path, name: str, problems: list[Problem]) -> dict[str, Entry]:
    """All keys of an environment, not yet expanded: common.env under NAME.env under NAME.local.env.

    What cannot be read is added to `problems`. Raises SettingError where the environment has no file.
    """
    entries: dict[str, Entry] = {}
    for path in (root / "env" / "common.env", root / "env" / f"{name}.env", root / "env" / f"{name}.local.env"):
        if path.exists() or path.stem == name:
            entries |= parse(*load(path, root), problems)
    return entries


def load(path: Path, root: Path) -> tuple[bytes, Path]:
    """A file's bytes, and its path as messages name it. Raises SettingError."""
    shown = path.relative_to(root) if path.is_relative_to(root) else path
    try:
        return path.read_bytes(), shown
    except OSError as error:
        raise SettingError(f"{shown.as_posix()} cannot be read: {error.strerror or error}.") from None


def parse(data: bytes, path: Path, problems: list[Problem]) -> dict[str, Entry]:
    """The keys of one env file. A line that does not parse, or a key set twice, is added to `problems`."""
    text = decode(data, path, problems)
    entries: dict[str, Entry] = {}
    for binding in parse_stream(io.StringIO(text, newline="")):
        origin = Origin(path, line_of(binding))
        if binding.error and unclosed(binding):
            problems.append(Problem(origin, "a quote is opened and not closed; the rest of the file was not read."))
            break
        if binding.error:
            problems.append(Problem(origin, "this line does not parse; write KEY=value, or KEY='any text'."))
        elif binding.key is None:
            continue
        elif binding.value is None:
            problems.append(Problem(origin, "this line has no `=`; write KEY=value."))
        elif binding.key in entries:
            first = entries[binding.key].origin.line
            problems.append(Problem(origin, f"{binding.key} is already set in line {first}; remove one of the two."))
        else:
            entries[binding.key] = Entry(binding.key, binding.value, origin, literal=quote(binding) == "'")
    return entries


def decode(data: bytes, path: Path, problems: list[Problem]) -> str:
    """UTF-8 without NUL; "" where it is not, with the line added to `problems`."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8")
        problems.append(Problem(Origin(path, lines(before) + 1), "this line is not UTF-8; save the file as UTF-8."))
        return ""
    if "\0" in text:
        origin = Origin(path, lines(text[: text.index("\0")]) + 1)
        problems.append(
            Problem(origin, "this line holds a NUL character, which no environment variable can; remove it.")
        )
        return ""
    return text


def lines(text: str) -> int:
    """How many line ends a text has, as dotenv counts them."""
    return len(_NEWLINE.findall(text))


def line_of(binding: Binding) -> int:
    """The line that a binding's key stands in: dotenv counts the blank lines before it to the binding."""
    leading = _LEADING.match(binding.original.string)
    return binding.original.line + lines(leading[0] if leading else "")


def quote(binding: Binding) -> str:
    """The quote that a value begins with: `'`, `"` or nothing."""
    before = _BEFORE_VALUE.match(binding.original.string)
    first = binding.original.string[before.end() : before.end() + 1] if before else ""
    return first if first in _QUOTED else ""


def unclosed(binding: Binding) -> bool:
    """Whether a line did not parse because its quote is not closed in it."""
    opened, before = quote(binding), _BEFORE_VALUE.match(binding.original.string)
    return bool(opened and before and not _QUOTED[opened].match(binding.original.string, before.end()))
