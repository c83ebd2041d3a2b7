"""An example as it is committed: its environments' settings, and command lines typed in it without being run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from invoke.parser.context import ParserContext
from invoke.program import Program

from tasks import collection, environment
from tasks.environment import reading
from tests.systems.table import REPOSITORY, Command

EVERYWHERE = ("env.lint", "local.up", "test")  # verbs that are of no environment


def settings(root: Path, env: str) -> dict[str, tuple[str, str]]:
    """Every key that an environment sets: its value, and the file that says so. Raises SettingError."""
    environment.load(root, env)
    entries = reading.drafted(root, env, []).entries
    return {key: (each.value, each.origin.path.as_posix()) for key, each in entries.items()}


@contextmanager
def override(root: Path, env: str, text: str) -> Iterator[None]:
    """One more setting, for a while."""
    path = root / "env" / f"{env}.local.env"
    path.write_text(f"{text}\n", encoding="utf-8")
    try:
        yield
    finally:
        path.unlink()


def found(root: Path, path: str) -> Path:
    """A file of the example, else of the repository."""
    found = next((base / path for base in (root, REPOSITORY) if (base / path).exists()), None)
    assert found, f"there is no {path}"
    return found


def environments(root: Path, command: Command, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Those that a command line names, of each verb in it, once Invoke's parser took it. Raises ParseError."""
    contexts = parsed(root, command.words, monkeypatch)
    verbs = [word for word in command.words if not word.startswith("-")]
    assert len(contexts) == len(verbs), f"{command.words} is more or less than {verbs}"
    return [named(context, verb, root) for context, verb in zip(contexts, verbs, strict=True)]


def parsed(root: Path, words: list[str], monkeypatch: pytest.MonkeyPatch) -> list[ParserContext]:
    """What Invoke makes of a command line in that folder, without running it."""
    monkeypatch.chdir(root)
    program = Program(namespace=collection(root))
    program.create_config()
    program.parse_core(["inv", *words])
    program.parse_collection()
    program.parse_tasks()
    return list(program.tasks)


def named(context: ParserContext, verb: str, root: Path) -> str:
    """`prod` of `push.prod` or --env=prod; "" for a verb of none."""
    assert verb in (context.name, *context.aliases)
    env = context.args["env"].value if "env" in context.args else verb.rpartition(".")[2]
    env = env or (context.args["to"].value if verb == "promote" else "")
    assert env or verb in EVERYWHERE, f"inv {verb} names no environment"
    assert not env or env in environment.names(root), f"{env} is no environment of {root.name}"
    return str(env)
