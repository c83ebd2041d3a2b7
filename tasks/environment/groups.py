"""Settings that come in groups: ENV_*, SECRET_*, BUILD_ARG_*, BUILD_SECRET_*, FIXED_*, PROCESS_* and CHECK_*."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import envfile, forms, keys, values
from .problems import Entry, Problem, complaint

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")

Entries = Mapping[str, Entry]


def fields(entries: Entries, from_file: Entries, problems: list[Problem]) -> dict[str, Any]:
    """The model's fields for all groups. `entries` are expanded and of known keys; `from_file` is ENV_FILE's."""
    variables, secrets = group(entries, "ENV_", problems), group(entries, "SECRET_", problems)
    for name in variables.keys() & secrets.keys():
        entry, other = entries[f"SECRET_{name}"], entries[f"ENV_{name}"].origin
        problems.append(
            Problem(entry.origin, f"{entry.key} and ENV_{name} ({other}) set one variable; remove one of the two.")
        )
    beneath = {name: entry.value for name, entry in from_file.items() if name not in secrets}
    return {
        "variables": beneath | variables,
        "secrets": secrets,
        "build_args": group(entries, "BUILD_ARG_", problems),
        "build_secrets": group(entries, "BUILD_SECRET_", problems),
        "fixed": group(entries, "FIXED_", problems),
        "processes": processes(entries, problems),
        "checks": checks(entries, problems),
    }


def env_file(named: Entry | None, root: Path, process: Mapping[str, str], problems: list[Problem]) -> Entries:
    """The variables of ENV_FILE, by name."""
    if not named:
        return {}
    path = root / named.value
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = (
            f"ENV_FILE={named.value} cannot be read ({error.strerror or error}); make that file, or remove the key."
        )
        problems.append(Problem(named.origin, reason))
        return {}
    return envfile.parse(data, path.relative_to(root) if path.is_relative_to(root) else path, process, problems)


def group(entries: Entries, prefix: str, problems: list[Problem]) -> dict[str, str]:
    """The values of one prefix, by the rest of their keys, which white space and `=` would make no name."""
    found = {}
    for key, entry in entries.items():
        if not key.startswith(prefix) or (prefix == "ENV_" and not keys.is_variable(key)):
            continue
        name = key.removeprefix(prefix)
        if re.search(r"[\s=]", name):
            problems.append(Problem(entry.origin, f"{key!r} names no variable; leave out white space and `=`."))
        found[name] = entry.value
    return found


def processes(entries: Entries, problems: list[Problem]) -> dict[str, tuple[str, ...]]:
    """The command of each PROCESS_<NAME>, by its name in lower case."""
    found: dict[str, tuple[str, ...]] = {}
    for key, entry in entries.items():
        if not key.startswith("PROCESS_"):
            continue
        name = key.removeprefix("PROCESS_").lower()
        try:
            if name == "web" or name in found or not _NAME.fullmatch(name):
                raise ValueError(
                    "names no process of its own; write letters, digits and `_`, and not WEB, the service itself."
                )
            found[name] = values.command(entry.value)
        except ValueError as error:
            problems.append(complaint(entry, error))
    return found


def checks(entries: Entries, problems: list[Problem]) -> tuple[forms.Check, ...]:
    """Every CHECK_<NAME>, named in lower case, with its body and headers."""
    parts: dict[tuple[str, str], Entry] = {}
    headers: dict[str, dict[str, str]] = {}
    for key, entry in entries.items():
        if not key.startswith("CHECK_"):
            continue
        name, part = forms.check_part(key)
        try:
            if (name, part) in parts:
                raise ValueError(
                    f"is {parts[name, part].key} again, as capitals make no difference; remove one of the two."
                )
            parts[name, part] = entry
            if part == "_HEADERS":
                headers[name] = forms.header_fields(entry.value)
        except ValueError as error:
            problems.append(complaint(entry, error))
    found = []
    for (name, part), entry in parts.items():
        body = parts.get((name, "_BODY"))
        try:
            if (name, "") not in parts:
                raise ValueError(
                    f"belongs to {entry.key.removesuffix(part)}, which is not set; write it, or remove this."
                )
            if not part:
                found.append(forms.check(name, entry.value, body.value if body else "", headers.get(name)))
        except ValueError as error:
            problems.append(complaint(entry, error))
    return tuple(found)
