"""The built wheel, installed into a fresh environment, releases from another repository."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from .service import clean

ROOT = Path(__file__).parent.parent
UV = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
SERVER = """
import http.server, signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{answer}")
http.server.HTTPServer(("", 8080), Handler).serve_forever()
"""
DOCKERFILE = """
FROM python:3.11-slim-bookworm
COPY server.py /
USER 1000
CMD ["python3", "/server.py"]
"""
LOCAL = """
TARGET=docker
SERVICE={service}
IMAGE={repository}
URL=http://127.0.0.1:{port}
HEALTH_PATH=/
CHECK_ROOT=GET / 200
"""


def run(cwd: Path, *argv: str | Path) -> str:
    """Run a program that must end well; what it writes to standard output."""
    ended = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, check=False, timeout=180)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, as hatchling builds it from this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    run(ROOT, sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder)
    (built,) = folder.glob("dockyard-*.whl")
    return built


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of a fresh environment with nothing but the wheel in it."""
    folder = tmp_path_factory.mktemp("elsewhere") / "venv"
    venv.create(folder, with_pip=not UV)
    python = folder / "bin" / "python"
    install: list[str | Path] = (
        [UV, "pip", "install", "--compile-bytecode", "--python", python] if UV else [python, "-m", "pip", "install"]
    )
    run(folder, *install, "--quiet", wheel)
    return folder / "bin"


@pytest.fixture
def repository_elsewhere(
    tmp_path: Path, repository: str, service: str, port: int, engine: docker.DockerClient
) -> Iterator[Path]:
    """Another git repository with an application of its own."""
    root = tmp_path / "another repository é"
    (root / "env").mkdir(parents=True)
    (root / "tasks.py").write_text("from dockyard import ns as ns\n")
    (root / "Dockerfile").write_text(DOCKERFILE)
    (root / "server.py").write_text(SERVER.replace("{answer}", "first"))
    (root / "env" / "local.env").write_text(LOCAL.format(service=service, repository=repository, port=port))
    run(root, "git", "init", "--quiet")
    commit(root)
    yield root
    clean(engine, service, repository)


def commit(root: Path) -> None:
    """Commit everything."""
    run(root, "git", "add", "--all")
    run(root, "git", "-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "--quiet", "--message", "change")


def answer(port: int) -> str:
    """What the service answers."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as response:
        text: str = response.read().decode()
        return text


def test_the_wheel_holds_the_package_as_dockyard_with_its_recipes(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names} == {"dockyard", f"{wheel.name.rpartition('-py3')[0]}.dist-info"}
    modules = {f"dockyard/{path.relative_to(ROOT / 'tasks')}" for path in (ROOT / "tasks").rglob("*.py")}
    recipes = {
        str(Path("dockyard", path.relative_to(ROOT))) for path in (ROOT / "dockerfiles").rglob("*") if path.is_file()
    }
    assert {name for name in names if name.startswith("dockyard/")} == modules | recipes


def test_a_whole_release_from_another_repository(programs: Path, repository_elsewhere: Path, port: int) -> None:
    root = repository_elsewhere

    def inv(*arguments: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(run(root, programs / "inv", *arguments, "--env=local", "--json"))
        return document

    first = inv("release")
    assert (first["changed"], answer(port)) == (True, "first")
    assert (root / "env" / "local.lock").exists()

    (root / "server.py").write_text(SERVER.replace("{answer}", "second"))
    commit(root)
    for verb in ("build", "push", "pin"):
        inv(verb)
    second = inv("deploy")
    assert (second["previous"], answer(port)) == (first["revision"], "second")
    assert {check["ok"] for check in inv("verify")["checks"]} == {True}
    assert inv("rollback")["digest"] == first["digest"]
    assert answer(port) == "first"


def test_the_command_dockyard_needs_no_tasks_py(programs: Path, tmp_path: Path) -> None:
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / "prod.env").write_text("TARGET=docker\nSERVICE=api\nIMAGE=registry.example.com/api\n")
    assert run(tmp_path, programs / "dockyard", "--version").strip() == f"dockyard {version()}"
    assert "deploy.prod" in run(tmp_path, programs / "dockyard", "--list")
    assert '"api"' in run(tmp_path, programs / "dockyard", "env.show", "--env=prod", "--json")


def version() -> str:
    """The version that pyproject.toml says."""
    (line,) = [line for line in (ROOT / "pyproject.toml").read_text().splitlines() if line.startswith("version = ")]
    return line.split('"')[1]
