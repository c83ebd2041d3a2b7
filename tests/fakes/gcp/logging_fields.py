"""The fields of a log entry: which there are, what they hold, how they compare with what a filter says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from .discovery import document
from .logging_scanner import Unparseable

Path = tuple[str, ...]
SEVERITIES = {
    "DEFAULT": 0,
    "DEBUG": 100,
    "INFO": 200,
    "NOTICE": 300,
    "WARNING": 400,
    "ERROR": 500,
    "CRITICAL": 600,
    "ALERT": 700,
    "EMERGENCY": 800,
}
TIMES = ("timestamp", "receiveTimestamp")
STAMP = re.compile(r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d))?")
TOKEN = re.compile(r"\w+")
ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def known(path: Path) -> None:
    """Refuse a field that a log entry cannot have. Raises Unparseable."""
    schemas = document("logging").schemas
    fields: Mapping[str, Any] | None = schemas["LogEntry"]["properties"]
    for name in path:
        if fields is None:
            return
        if name not in fields:
            raise Unparseable(f"Field not found: '{'.'.join(path)}'.")
        found = fields[name]
        found = found.get("items", found)
        fields = schemas[found["$ref"]]["properties"] if "$ref" in found else None


def single(entry: Mapping[str, Any], path: Path) -> list[Any]:
    """What an entry holds in a field: nothing, one value, or each of a list."""
    found: list[Any] = [entry]
    for name in path:
        found = [each[name] for each in found if isinstance(each, Mapping) and name in each]
        found = [one for each in found for one in (each if isinstance(each, list) else [each])]
    if not found and path == ("severity",):
        return ["DEFAULT"]
    return found


def nanoseconds(text: str) -> int:
    """A time as RFC 3339 writes it, since 1970. Raises Unparseable."""
    found = STAMP.fullmatch(text)
    try:
        if not found:
            raise ValueError
        zone = (found[4] or "Z").replace("Z", "+00:00")
        seconds = datetime.fromisoformat(f"{found[1]}T{found[2] or '00:00:00'}{zone}").timestamp()
    except ValueError:
        raise Unparseable(f"invalid timestamp {text!r}") from None
    return int(seconds) * 10**9 + int((found[3] or "0").ljust(9, "0"))


def compared(path: Path, operator: str, value: str) -> Callable[[Any], bool]:
    """Whether one value of a field compares so. Raises Unparseable."""
    if path in {(each,) for each in TIMES}:
        moment = nanoseconds(value)
        return lambda found: operator in ORDER and ORDER[operator](nanoseconds(found), moment)
    if path == ("severity",):
        return _severity(operator, value)
    if operator == ":":
        return lambda found: _has(found, value.casefold())
    return lambda found: _plain(found, operator, value)


def _severity(operator: str, value: str) -> Callable[[Any], bool]:
    weight = int(value) if value.isdigit() else SEVERITIES.get(value.upper())
    if weight is None:
        raise Unparseable(f"invalid severity {value!r}")
    order = ORDER["=" if operator == ":" else operator]
    return lambda found: order(SEVERITIES[found], weight)


def _has(found: Any, value: str) -> bool:
    if isinstance(found, Mapping):
        return any(key.casefold() == value or _has(each, value) for key, each in found.items())
    return value in _text(found).casefold()


def _plain(found: Any, operator: str, value: str) -> bool:
    if isinstance(found, Mapping):
        return False
    try:
        return ORDER[operator](float(found), float(value))
    except (ValueError, TypeError):
        return ORDER[operator](_text(found).casefold(), value.casefold())


def _text(found: Any) -> str:
    return str(found).lower() if isinstance(found, bool) else str(found)


def texts(found: Any) -> Iterator[str]:
    """Every value in an entry or a part of it, as text."""
    if isinstance(found, Mapping):
        for each in found.values():
            yield from texts(each)
    elif isinstance(found, Sequence) and not isinstance(found, str):
        for each in found:
            yield from texts(each)
    else:
        yield _text(found)


def everywhere(entry: Mapping[str, Any], text: str) -> bool:
    """Whether a text is in any field."""
    return any(text.casefold() in each.casefold() for each in texts(entry))


def search(path: Path, query: str) -> Callable[[Mapping[str, Any]], bool]:
    """SEARCH: whether one field has all words of a query, each as a whole; a phrase in backticks with its case."""
    phrases = re.findall(r"`([^`]*)`", query)
    words = [each.casefold() for each in TOKEN.findall(re.sub(r"`[^`]*`", " ", query))]
    if not phrases and not words:
        raise Unparseable("SEARCH needs words to look for")

    def holds(entry: Mapping[str, Any]) -> bool:
        every = [each for found in (single(entry, path) if path else [entry]) for each in texts(found)]
        whole = [re.compile(rf"(?<!\w){re.escape(each)}(?!\w)") for each in phrases]
        return any(
            {each.casefold() for each in TOKEN.findall(text)}.issuperset(words)
            and all(each.search(text) for each in whole)
            for text in every
        )

    return holds
