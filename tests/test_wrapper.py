"""The wrapper ./inv, run as a person runs it, in copies of the repository and in a small project."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
UV = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
SMALL = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "small"
version = "1"
dependencies = ["invoke"]
[project.optional-dependencies]
aws = []
gcp = []
test = ["iniconfig"]
"""
BACKEND = """
from zipfile import ZipFile
METADATA = '''Metadata-Version: 2.1
Name: small
Version: 1
Requires-Dist: invoke
Provides-Extra: aws
Provides-Extra: gcp
Provides-Extra: test
Requires-Dist: iniconfig; extra == "test"
'''
def build_editable(folder, config_settings=None, metadata_directory=None):
    with ZipFile(f"{folder}/small-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("small-1.dist-info/METADATA", METADATA)
        wheel.writestr("small-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("small-1.dist-info/RECORD", "")
    return "small-1-py3-none-any.whl"
"""
TASKS = """
import sys
from invoke import Exit, task
@task
def say(c, what="hello"):
    print(what)
@task
def fail(c):
    raise Exit("failed", 7)
@task
def test(c):
    import iniconfig
    print(iniconfig.__name__)
"""

Inv = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A project of one file, in a folder with a space and letters beyond ASCII."""
    root = tmp_path / "klein é 1"
    (root / "tasks").mkdir(parents=True)
    shutil.copy(ROOT / "inv", root)
    (root / "pyproject.toml").write_text(SMALL)
    (root / "backend.py").write_text(BACKEND)
    (root / "tasks.py").write_text(TASKS)
    return root


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder for PATH with this Python as `python3`, and nothing else."""
    folder = tmp_path / "tools"
    folder.mkdir()
    (folder / "python3").symlink_to(Path(sys.executable).resolve())
    return folder


@pytest.fixture
def path(tools: Path) -> str:
    """A PATH with this Python, with uv, and with the system's own programs."""
    assert UV, "uv is missing: install the extra `test`"
    (tools / "uv").symlink_to(UV)
    return f"{tools}:/usr/bin:/bin"


def inv(
    root: Path, *arguments: str, path: str, cwd: Path | None = None, by: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the wrapper of `root`, or `by` another name of it."""
    return subprocess.run(
        [by or root / "inv", *arguments],
        cwd=cwd or root,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_first_use_of_a_copy_of_the_repository(tmp_path: Path, path: str) -> None:
    root = tmp_path / "copy of it"
    kept = shutil.ignore_patterns(".git", ".venv*", ".*_cache", "__pycache__", "*.lock")
    shutil.copytree(ROOT, root, ignore=kept)
    link = tmp_path / "elsewhere"
    link.symlink_to(root / "inv")
    first = inv(root, "--list", path=path, cwd=tmp_path, by=link)
    assert (first.returncode, first.stdout.splitlines()[0]) == (0, "Available tasks:")
    assert f"installing into {root}/.venv" in first.stderr
    assert list((root / "tasks" / "__pycache__").glob("verb.*.pyc"))
    assert list((root / ".venv").glob("lib/*/site-packages/docker/__pycache__/client.*.pyc"))
    again = inv(root, "--list", path=path, cwd=root / "tasks" / "image")
    assert (again.returncode, again.stdout, again.stderr) == (0, first.stdout, "")


def test_arguments_output_and_exit_code_are_those_of_inv(small: Path, path: str) -> None:
    said = inv(small, "say", "--what", 'two  words; $HOME "x"', path=path)
    assert (said.returncode, said.stdout) == (0, 'two  words; $HOME "x"\n')
    failed = inv(small, "fail", path=path)
    assert (failed.returncode, failed.stdout, failed.stderr) == (7, "", "failed\n")


def test_started_twice_at_once_it_installs_once(small: Path, path: str) -> None:
    both = [
        subprocess.Popen(
            [small / "inv", "say"],
            cwd=small,
            env={**os.environ, "PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    ends = [process.communicate(timeout=60) for process in both]
    assert [out for out, _ in ends] == ["hello\n", "hello\n"]
    assert sorted("installing" in err for _, err in ends) == [False, True]


def test_a_changed_pyproject_is_installed_again(small: Path, path: str) -> None:
    assert "installing" in inv(small, "say", path=path).stderr
    with (small / "pyproject.toml").open("a") as file:
        file.write("# changed\n")
    assert "installing" in inv(small, "say", path=path).stderr
    assert inv(small, "say", path=path).stderr == ""


def test_the_verb_test_brings_its_tools_and_they_stay(small: Path, path: str) -> None:
    inv(small, "say", path=path)
    tested = inv(small, "say", "test", path=path)
    assert (tested.returncode, tested.stdout) == (0, "hello\niniconfig\n")
    assert inv(small, "say", path=path).stderr == ""
    with (small / "pyproject.toml").open("a") as file:
        file.write("# changed\n")
    inv(small, "say", path=path)
    assert inv(small, "test", path=path).stderr == ""


def test_a_moved_checkout_is_installed_again(small: Path, path: str) -> None:
    inv(small, "say", path=path)
    moved = small.rename(small.with_name("moved"))
    said = inv(moved, "say", path=path)
    assert (said.returncode, said.stdout) == (0, "hello\n")
    assert "installing" in said.stderr


def test_a_killed_installation_holds_nobody_up(small: Path, path: str, tools: Path) -> None:
    (tools / "uv").unlink()
    (tools / "uv").write_text('#!/bin/sh\nmkdir -p .venv/bin\ntouch "$0.started"\nexec sleep 60\n')
    (tools / "uv").chmod(0o755)
    killed = subprocess.Popen(
        [small / "inv", "say"],
        cwd=small,
        env={**os.environ, "PATH": path},
        start_new_session=True,
        stderr=subprocess.PIPE,
    )
    while not (tools / "uv.started").exists():
        time.sleep(0.01)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()
    (tools / "uv").unlink()
    (tools / "uv").symlink_to(str(UV))
    said = inv(small, "say", path=path)
    assert (said.returncode, said.stdout) == (0, "hello\n")


def test_without_uv_it_uses_venv_and_pip(small: Path, tools: Path) -> None:
    said = inv(small, "say", path=f"{tools}:/usr/bin:/bin")
    assert (said.returncode, said.stdout) == (0, "hello\n"), said.stderr
    assert (small / ".venv" / "bin" / "pip").exists()


def test_what_cannot_be_installed_is_tried_again_by_the_next_use(small: Path, path: str) -> None:
    (small / "pyproject.toml").write_text("[project\n")
    failed = inv(small, "say", path=path)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr.splitlines()[-1].endswith(".venv could not be made, see above; the next ./inv tries again.")
    (small / "pyproject.toml").write_text(SMALL)
    assert inv(small, "say", path=path).stdout == "hello\n"


def test_without_python_a_sentence_says_what_to_install(small: Path, tmp_path: Path) -> None:
    failed = inv(small, "say", path=str(tmp_path / "nothing"))
    assert (failed.returncode, failed.stdout) == (1, "")
    assert failed.stderr == (
        "inv: Python 3.11 or newer was not found; "
        "install it (Debian, Ubuntu: apt-get install python3 python3-venv) or uv.\n"
    )


def test_without_the_venv_module_a_sentence_says_what_to_install(small: Path, tools: Path) -> None:
    python = (tools / "python3").readlink()
    (tools / "python3").unlink()
    (tools / "python3").write_text(f'#!/bin/sh\ncase "$*" in *ensurepip*) exit 1 ;; esac\nexec "{python}" "$@"\n')
    (tools / "python3").chmod(0o755)
    for name in ("cp", "readlink", "rm"):
        (tools / name).symlink_to(str(shutil.which(name)))
    failed = inv(small, "say", path=str(tools))
    assert failed.returncode == 1
    assert failed.stderr.splitlines()[-1] == (
        "inv: python3 lacks its venv module; install it (Debian, Ubuntu: apt-get install python3-venv) or uv."
    )
