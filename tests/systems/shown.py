"""The tests that a row names: whether pytest collects them, and what they type."""

from __future__ import annotations

import ast
import re
from functools import cache

from tasks import environment
from tests.systems.facts import FACTS
from tests.systems.table import EXAMPLES, REPOSITORY, Command


@cache
def collected(file: str) -> set[str]:
    """The tests that pytest collects from a file."""
    assert re.fullmatch(r"tests/(\w+/)*test_\w+\.py", file), f"{file} is no file of tests"
    tree = ast.parse((REPOSITORY / file).read_text(encoding="utf-8"))
    return {each.name for each in tree.body if isinstance(each, ast.FunctionDef) and each.name.startswith("test_")}


@cache
def text(file: str) -> str:
    """A file of tests and its fixtures, with what both take from others of `tests`."""
    own = [path for path in (REPOSITORY / file, (REPOSITORY / file).with_name("conftest.py")) if path.exists()]
    taken = {name for path in own for name in re.findall(r"^from tests(\S+) import", path.read_text(), re.MULTILINE)}
    beside = {name for path in own for name in re.findall(r"^from \.(\w+) import", path.read_text(), re.MULTILINE)}
    others = [
        *(REPOSITORY / f"tests{name.replace('.', '/')}.py" for name in sorted(taken)),
        *(own[0].with_name(f"{name}.py") for name in sorted(beside)),
    ]
    return "\n".join(path.read_text(encoding="utf-8") for path in [*own, *others] if path.exists())


def types(file: str, verb: str) -> bool:
    """Whether a verb is at the beginning of a string there, as it is typed."""
    return re.search(rf"[\"'](?:inv )?(?:--dry |\{{\w+\}} )?{re.escape(verb)}(?=[\s\"'.])", text(file)) is not None


def verb_of(command: Command) -> str:
    """`push` of `push.prod`; `traffic.split` as it is."""
    verb = next(word for word in command.words if not word.startswith("-"))
    group, _, name = verb.partition(".")
    return group if name in environments() else verb


@cache
def environments() -> set[str]:
    """The environments of all examples."""
    return {env for system in FACTS for env in environment.names(EXAMPLES / system)}
