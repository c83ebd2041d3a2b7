"""The tasks as Invoke finds and runs them: from anywhere in the project, by environment, and nothing by accident."""

from __future__ import annotations

import functools
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from invoke.collection import Collection

import tasks
from tasks import build, collection, deploy, push
from tasks.program import Dockyard as Program
from tasks.verb import Document, Operation, Verb

from .conftest import Dockyard, Project

ROOT = Path(__file__).parent.parent
LOCAL = "TARGET=docker\nSERVICE=api\nIMAGE=127.0.0.1:5000/api\n"
HEAVY = (
    *("boto3", "botocore", "certifi", "docker", "dotenv", "google"),
    *("grpc", "httpx", "pydantic", "requests", "rich", "urllib3"),
)


def inv(cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `inv` as its own process, which finds tasks.py by itself."""
    argv = [sys.executable, "-m", "invoke", *arguments]
    return subprocess.run(argv, cwd=cwd, capture_output=True, text=True, check=False, timeout=60)


def recording(verb: Verb, ran: list[str]) -> Callable[..., Document]:
    """A body with the flags of the verb's own, which only notes its environment. All have one code object."""

    @functools.wraps(verb.body)
    def body(op: Operation, **flags: object) -> Document:
        ran.append(op.name)
        return {}

    return body


def every(ns: Collection) -> list[Verb]:
    """All verbs of a collection and those below it."""
    below = [each for group in ns.collections.values() for each in every(group)]
    return [*(task for task in ns.tasks.values() if isinstance(task, Verb)), *below]


@pytest.mark.parametrize("folder", [".", "docs", "tasks", "tasks/target/docker", "examples/hello"])
def test_the_verbs_are_found_from_anywhere_in_the_repository(folder: str) -> None:
    listed = inv(ROOT / folder, "--list")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert {"deploy.prod", "deploy.staging", "local.up", "release.local"} <= {
        line.split()[0] for line in listed.stdout.splitlines() if line.strip()
    }


def test_an_examples_folder_has_its_own_environments(tmp_path: Path) -> None:
    for name in ("tasks", "tasks.py"):
        (tmp_path / name).symlink_to(ROOT / name)
    for folder, name in ((tmp_path, "outer"), (tmp_path / "examples" / "one", "inner")):
        (folder / "env").mkdir(parents=True)
        (folder / "env" / f"{name}.env").write_text(LOCAL)
    assert "deploy.outer" in inv(tmp_path, "--list").stdout
    listed = inv(tmp_path / "examples" / "one", "--list").stdout
    assert "deploy.inner" in listed
    assert "deploy.outer" not in listed


def test_listing_the_verbs_imports_no_sdk() -> None:
    look = f"""
import sys
from invoke.program import Program
try:
    Program().run(["inv", "--list"])
except SystemExit:
    pass
print(sorted({{name.partition(".")[0] for name in sys.modules}} & {set(HEAVY)}))
"""
    looked = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True)
    assert looked.stdout.splitlines()[0] == "Available tasks:"
    assert looked.stdout.splitlines()[-1] == "[]"


def test_two_verbs_of_one_environment_are_two_tasks(
    dockyard: Dockyard, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    for verb in (build.build, push.push):  # with equal names, too, Invoke would count them as one (invoke #536)
        monkeypatch.setattr(verb, "body", recording(verb, ran))
    root = project(prod=LOCAL, local=LOCAL)
    assert dockyard("build.prod push.prod push.local push --env=prod", root).code == 0
    assert ran == ["prod", "prod", "local", "prod"]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("deploy --env=--help", "Unknown environment '--help'"),
        ("deploy --env=prdo", "Unknown environment 'prdo': did you mean --env=prod?"),
        ("deploy --env=../prod", "Unknown environment '../prod'"),
        ("deploy", "No environment was named: add --env=NAME (local, prod)."),
    ],
)
def test_an_environment_that_is_not_there_is_a_sentence(
    dockyard: Dockyard, project: Project, monkeypatch: pytest.MonkeyPatch, line: str, sentence: str
) -> None:
    ran: list[str] = []
    monkeypatch.delenv("DOCKYARD_ENV", raising=False)
    monkeypatch.setattr(deploy.deploy, "body", recording(deploy.deploy, ran))
    result = dockyard(line, project(prod=LOCAL, local=LOCAL))
    assert (result.code, result.out, ran) == (1, "", [])
    assert result.err.startswith(sentence)
    assert len(result.err.splitlines()) == 1


@pytest.mark.parametrize("line", ["deploy prod", "deploy --help prod", "deploy prod --help", "rollback --dry prod"])
def test_no_verb_takes_a_positional(
    dockyard: Dockyard, project: Project, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    ran: list[str] = []
    for verb in every(collection(ROOT)):
        monkeypatch.setattr(verb, "body", recording(verb, ran))
    dockyard(line, project(prod=LOCAL))
    assert ran == []


def test_the_command_dockyard_runs_them_and_knows_what_was_meant(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    program = Program(name="dockyard", binary="dockyard", version="1.2.3", namespace=collection(project(prod=LOCAL)))
    for argv, code, said in (
        (["dockyard", "--version"], 0, "dockyard 1.2.3"),
        (["dockyard", "rolback"], 1, "No idea what 'rolback' is: did you mean dockyard rollback?"),
        (["dockyard", "xyzzy"], 1, "No idea what 'xyzzy' is!"),
    ):
        with pytest.raises(SystemExit) as ended:
            program.run(argv)
        shown = capsys.readouterr()
        assert (ended.value.code or 0, (shown.out + shown.err).strip()) == (code, said)


def test_the_package_offers_the_repositorys_own_tasks() -> None:
    assert Path(tasks.ns.configuration()["dockyard"]["root"]) == ROOT
