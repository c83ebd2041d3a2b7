"""Environments as lists, for people: what is set and where, and what differs between two."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .keys import is_variable
from .problems import Entry
from .reading import drafted, read
from .redaction import shown
from .secrets import redact


@dataclass(frozen=True)
class Line:
    """A key, its value as it may be shown, and where it is written (a path and a line)."""

    key: str
    value: str
    file: str
    line: int


@dataclass(frozen=True)
class Difference:
    """A key that two environments set differently; None where one does not set it. Values as they may be shown."""

    key: str
    before: str | None
    after: str | None


def written(root: Path, name: str) -> tuple[dict[str, Entry], dict[str, Entry]]:
    """What an environment sets, expanded: settings by key, and container variables by name (ENV_FILE's among them).

    Raises SettingError for an environment that cannot be read.
    """
    variables = read(root, name, force=True).variables
    draft = drafted(root.absolute(), name, [])
    settings = {key: entry for key, entry in draft.entries.items() if not is_variable(key)}
    own = {key.removeprefix("ENV_"): entry for key, entry in draft.entries.items() if is_variable(key)}
    return settings, {each: own.get(each) or draft.from_file[each] for each in variables}


def lines(root: Path, name: str) -> tuple[list[Line], list[Line]]:
    """The settings and the container variables of an environment. Raises SettingError."""
    settings, variables = written(root, name)
    return (
        [line(key, shown(key, entry.value), entry) for key, entry in settings.items()],
        [line(each, redact(each, entry.value), entry) for each, entry in variables.items()],
    )


def line(key: str, value: str, entry: Entry) -> Line:
    """An entry with the value that may be shown."""
    return Line(key, value, entry.origin.path.as_posix(), entry.origin.line)


def differences(root: Path, before: str, after: str) -> list[Difference]:
    """What two environments set differently, by key; container variables as ENV_<NAME>. Raises SettingError."""
    first, second = all_of(root, before), all_of(root, after)
    return [
        Difference(
            key, shown(key, first[key]) if key in first else None, shown(key, second[key]) if key in second else None
        )
        for key in sorted(first.keys() | second.keys())
        if first.get(key) != second.get(key)
    ]


def all_of(root: Path, name: str) -> dict[str, str]:
    """Every value that an environment sets, by key. Raises SettingError."""
    settings, variables = written(root, name)
    named = {f"ENV_{each}" if each != "FILE" else "FILE of ENV_FILE": entry for each, entry in variables.items()}
    return {key: entry.value for key, entry in {**settings, **named}.items()}
