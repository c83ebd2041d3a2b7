"""FIXED_<KEY>: settings that are not changed in passing."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import Any

from . import keys
from .problems import Entry, Problem, complaint
from .redaction import shown
from .settings import Environment, fields


def differences(it: Environment, entries: Mapping[str, Entry], wrong: Container[str] = ()) -> Iterator[Problem]:
    """Each FIXED_<KEY> whose key has another value. Values are compared as typed: 32Gi is 34359738368.

    `entries` are the expanded ones of the environment, `it` what was made of them, defaults included; `wrong`
    fields could not be read.
    """
    for key, value in it.fixed.items():
        entry = entries[f"FIXED_{key}"]
        if not keys.pattern(key) or key.startswith("FIXED_"):
            yield Problem(entry.origin, f"FIXED_{key}: {keys.unknown(key)}")
            continue
        if key.lower() in wrong:
            continue
        try:
            same = agree(it, entries, key, value)
        except ValueError as error:
            yield complaint(entry, error)
            continue
        if not same:
            own = entries[key].value if key in entries else it.variables.get(key.removeprefix("ENV_"), "")
            said = f"is {shown(key, own)}" if own else "is not set"
            yield Problem(
                it.origins.get(key, entry.origin),
                f"{key} {said}, but {entry.origin} fixes it to {shown(key, value)}; put it back, or add --force.",
            )


def agree(it: Environment, entries: Mapping[str, Entry], key: str, value: str) -> bool:
    """Whether a key has a value, as written or as typed. Raises ValueError for a value that cannot be read."""
    own = entries.get(key)
    if own and own.value == value:
        return True
    if keys.is_variable(key):
        return it.variables.get(key.removeprefix("ENV_")) == value
    field = key.lower()
    if field not in fields():
        return False
    return bool(getattr(it, field) == typed(it, field, value))


def typed(it: Environment, field: str, value: str) -> Any:
    """A value as the model would hold it. Raises ValueError with the setting's own sentence."""
    if field in ("dockerfile", "context", "build_ca"):
        return it.root / value
    return fields()[field].convert(value)
