"""What every verb shares, whatever it does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from invoke.collection import Collection
from invoke.program import Program

from tasks import collection
from tasks.errors import VerifyFailed
from tasks.verb import Document, Operation, Verb, verb

from .conftest import Project

ROOT = Path(__file__).parent.parent


def every(ns: Collection) -> list[Verb]:
    found = [task for task in ns.tasks.values() if isinstance(task, Verb)]
    return found + [each for group in ns.collections.values() for each in every(group)]


VERBS = every(collection(ROOT))


@pytest.mark.parametrize("task", VERBS, ids=lambda task: task.name)
def test_each_has_help_and_json_and_no_positional_nor_short_flag(task: Verb) -> None:
    assert (task.__doc__ or "").strip()
    arguments = task.get_arguments()
    flags = {name for argument in arguments for name in argument.names}
    assert "json" in flags
    assert ("env" in flags) is not bool(task.env)
    assert not [name for name in flags if len(name) == 1]
    assert not [argument for argument in arguments if argument.positional]
    assert all(argument.help for argument in arguments), task.name


def test_a_failure_is_one_document_and_an_exit_code(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    @verb()
    def broken(op: Operation) -> Document:
        """Fail."""
        raise VerifyFailed("It is not so.", {"checks": []})

    ns = Collection(broken)
    ns.configure({"dockyard": {"root": str(tmp_path)}})
    with pytest.raises(SystemExit) as stop:
        Program(namespace=ns).run(["inv", "broken", "--json"])
    said = capsys.readouterr()
    assert stop.value.code == 3
    assert json.loads(said.out) == {"checks": [], "error": "It is not so.", "exit": 3}
    assert said.err.strip() == "It is not so."


def test_a_group_without_a_verb_of_its_name_does_nothing_by_itself() -> None:
    defaults = {name: group.default for name, group in collection(None).collections.items()}
    assert {name: defaults[name] for name in ("traffic", "migrate", "env")} == {
        "traffic": "show", "migrate": "show", "env": "show",
    }  # fmt: skip
    assert all(defaults.values())


def test_a_process_that_ran_a_verb_looks_for_no_cycles_at_its_end(project: Project) -> None:
    root = project(local="TARGET=docker\nSERVICE=api\nIMAGE=127.0.0.1:5000/api\n")
    program = (
        "import atexit, gc, pathlib; from invoke.program import Program; from tasks import collection\n"
        "atexit.register(lambda: print('frozen', gc.get_freeze_count() > 0))\n"
        f"Program(namespace=collection(pathlib.Path({str(root)!r}))).run(['inv', 'env.show', '--env=local'])\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
        capture_output=True,
    )
    assert (ran.returncode, ran.stdout.splitlines()[-1]) == (0, "frozen True")
