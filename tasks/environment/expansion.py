"""`${NAME}` and `${NAME:-default}`: another key of the same files, else the process environment."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from .problems import Entry, Problem

_OPENING = re.compile(r"\$\$\{|\$\{")
_BRACE = re.compile(r"\$\$\{|\$\{|\}")
_REFERENCE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)


def substitute(text: str, take: Callable[[str], str | None]) -> str:
    """Replace the references in a text; `$${` becomes `${`. A default may hold references itself.

    `take` gives a name's value or None; the default stands in for None and for "". Raises ValueError with
    what is wrong, and KeyError with a name that has neither value nor default.
    """
    parts, at = [], 0
    while opening := _OPENING.search(text, at):
        parts.append(text[at : opening.start()])
        at = opening.end()
        if opening[0] == "$${":
            parts.append("${")
            continue
        end = closing(text, at)
        reference = _REFERENCE.fullmatch(text, at, end)
        if not reference:
            raise ValueError("holds a `${` that is neither ${NAME} nor ${NAME:-default}")
        name, default = reference[1], reference[2]
        value = take(name)
        if default is not None and not value:
            value = substitute(default, take)
        if value is None:
            raise KeyError(name)
        parts.append(value)
        at = end + 1
    return "".join([*parts, text[at:]])


def closing(text: str, at: int) -> int:
    """Where the brace that opened before `at` closes. Raises ValueError."""
    depth = 1
    for brace in _BRACE.finditer(text, at):
        depth += {"${": 1, "}": -1}.get(brace[0], 0)
        if not depth:
            return brace.start()
    raise ValueError("holds a `${` that is not closed")


def expand(entries: Mapping[str, Entry], process: Mapping[str, str], problems: list[Problem]) -> dict[str, Entry]:
    """The entries with every reference replaced, in the order given.

    A key that names itself (`BUILD_NUMBER=${BUILD_NUMBER}`) takes the process environment. What cannot be
    expanded is left out and added to `problems`.
    """
    values: dict[str, str | None] = {}  # None: a problem, already reported

    def value_of(key: str, chain: tuple[str, ...]) -> str | None:
        if key not in values:
            values[key] = None
            try:
                values[key] = raw(key, chain)
            except Broken:
                pass  # the key that it needs is reported
            except ValueError as error:
                problems.append(Problem(entries[key].origin, f"{key} {error}; write $${{ for a literal ${{."))
            except KeyError as error:
                problems.append(Problem(entries[key].origin, missing(key, error.args[0])))
        return values[key]

    def raw(key: str, chain: tuple[str, ...]) -> str:
        def take(name: str) -> str | None:
            if name not in entries or name == key:
                return from_process(name)
            if name in chain:
                cycle = " -> ".join([*chain[chain.index(name) :], key, name])
                problems.append(Problem(entries[key].origin, f"{key} needs itself ({cycle}); break the circle."))
                raise Broken
            value = value_of(name, (*chain, key))
            if value is None:
                raise Broken
            return value

        entry = entries[key]
        return entry.value if entry.literal else substitute(entry.value, take)

    def from_process(name: str) -> str | None:
        value = process.get(name)
        try:
            (value or "").encode()
        except UnicodeEncodeError:
            raise ValueError(f"takes ${{{name}}}, which is not UTF-8 in the process environment") from None
        return value

    return {
        key: replace(entry, value=value) for key, entry in entries.items() if (value := value_of(key, ())) is not None
    }


class Broken(Exception):
    """A key cannot be expanded because one that it needs cannot."""


def missing(key: str, name: str) -> str:
    """The sentence about a reference that nothing answers."""
    nowhere = (
        "the process environment has not" if name == key else "neither these files nor the process environment has"
    )
    return f"{key} takes ${{{name}}}, which {nowhere}; set it, or write ${{{name}:-default}}."
