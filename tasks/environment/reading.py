"""From env files to an Environment: every problem of a load is found, and all are told at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import SettingError
from . import COMMON, files, fixed, groups, keys, values
from .expansion import expand
from .problems import Entry, Origin, Problem, complaint, refuse
from .rules import LINES, RULES
from .settings import Environment, fields, paths

STAND_INS = {"target": "docker", "service": "x", "image": "x"}  # so that all else is checked where one is missing
EXAMPLES = {
    "TARGET": "docker, cloudrun or ecs",
    "SERVICE": "a name",
    "IMAGE": "a repository such as 127.0.0.1:5000/api",
}


@dataclass(frozen=True)
class Draft:
    """An environment as it is written. `entries` are the keys that are set, expanded; `from_file` is ENV_FILE's."""

    root: Path
    name: str
    entries: Mapping[str, Entry]
    from_file: Mapping[str, Entry]
    origins: Mapping[str, Origin]  # of every key that is set, whether its value could be expanded or not
    complete: bool  # False: some line could not be read, so that a missing key may be in it

    def origin(self, key: str) -> Origin:
        """Where a key is written, or else the environment's file."""
        return self.origins.get(key, Origin(Path("env", f"{self.name}.env"), 0))


def read(root: Path, name: str, *, force: bool = False) -> Environment:
    """Read, type and check one environment. `force` lets a FIXED_<KEY> differ.

    Raises SettingError with a line for each problem: file, line, what is wrong and what to write instead.
    """
    problems: list[Problem] = []
    draft = drafted(root.absolute(), name, problems)
    environment, wrong = typed(draft, problems)
    unread = wrong if draft.complete else {*wrong, LINES}
    problems += [
        Problem(draft.origin(key), text)
        for rule, needs in RULES
        if not unread.intersection(needs)
        for key, text in rule(environment)
    ]
    if not force:
        problems += list(fixed.differences(environment, draft.entries, wrong))
    refuse(problems)
    return environment


def drafted(root: Path, name: str, problems: list[Problem]) -> Draft:
    """Parse, merge and expand the files of an environment; what is wrong is added to `problems`."""
    written = files.merged(root, name, problems)
    complete = not problems
    known = {key: entry for key, entry in written.items() if keys.pattern(key)}
    problems += [Problem(entry.origin, keys.unknown(key)) for key, entry in written.items() if key not in known]
    expanded = expand(written, os.environ, problems)
    entries = given({key: entry for key, entry in expanded.items() if key in known})
    from_file = groups.env_file(entries.get("ENV_FILE"), root, os.environ, problems)
    origins = {
        **{f"ENV_{key}": entry.origin for key, entry in from_file.items() if f"SECRET_{key}" not in entries},
        **{key: entry.origin for key, entry in given(known).items()},
    }
    return Draft(root, name, entries, from_file, origins, complete)


def given(entries: Mapping[str, Entry]) -> dict[str, Entry]:
    """The keys that are set: an empty setting is unset, an empty container variable is an empty text."""
    return {key: entry for key, entry in entries.items() if entry.value or keys.is_variable(key)}


def typed(draft: Draft, problems: list[Problem]) -> tuple[Environment, set[str]]:
    """The environment of a draft, and the fields that could not be read, which then have their defaults."""
    read: dict[str, Any] = {}
    wrong = set[str]()
    for name, about in fields().items():
        entry = draft.entries.get(name.upper())
        if entry:
            try:
                read[name] = about.convert(entry.value)
            except ValueError as error:
                problems.append(complaint(entry, error))
                wrong.add(name)
        elif about.required and name in STAND_INS:
            key = name.upper()
            if draft.complete and key not in draft.origins:
                problems.append(Problem(draft.origin(key), f"{key} is missing; write {key}= and {EXAMPLES[key]}."))
            wrong.add(name)
    more = groups.fields(draft.entries, draft.from_file, problems)
    given = {"root": draft.root, **{field: STAND_INS[field] for field in wrong & STAND_INS.keys()}, **read}
    return Environment(**{**given, **more, "name": draft.name, "origins": draft.origins, **paths(given)}), wrong


def default_env(root: Path) -> str:
    """DEFAULT_ENV of common.env, or "". Raises SettingError where that file does not parse."""
    path = root / "env" / f"{COMMON}.env"
    problems: list[Problem] = []
    written = files.parse(*files.load(path, root), problems) if path.exists() else {}
    entry = alone("DEFAULT_ENV", written, problems)
    return entry.value if entry else ""


def protected(root: Path, name: str) -> bool:
    """Whether an environment says PROTECTED=true. Raises SettingError where that cannot be read."""
    problems: list[Problem] = []
    entry = alone("PROTECTED", files.merged(root, name, problems), problems)
    if not entry or not entry.value:
        return False
    try:
        return values.flag(entry.value)
    except ValueError as error:
        raise SettingError(str(complaint(entry, error))) from None


def alone(key: str, written: Mapping[str, Entry], problems: list[Problem]) -> Entry | None:
    """One key's entry, expanded, whatever is wrong with other keys; files must parse."""
    refuse(problems)
    expanded = expand(written, os.environ, problems)
    if key in written and key not in expanded:
        refuse(problems)
    return expanded.get(key)
