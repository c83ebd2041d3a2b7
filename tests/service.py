"""A project that releases the tests' application, and what it leaves on an engine."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import httpx

APPLICATION = Path(__file__).parent / "application"
REPOSITORY = Path(__file__).parent.parent
COMMAND = [sys.executable, "-c", "from tasks.program import main; main()"]


@dataclass
class Service:
    """One service: its project's folder, its settings, and how it is reached."""

    root: Path
    service: str
    repository: str
    port: int
    settings: dict[str, str] = field(default_factory=dict)

    def write(self) -> None:
        """Make the project: the application, env/local.env, a commit."""
        shutil.copytree(APPLICATION, self.root, ignore=shutil.ignore_patterns("__pycache__"))
        (self.root / "env").mkdir()
        subprocess.run(["git", "init", "--quiet"], cwd=self.root, check=True)
        self.set(
            TARGET="docker",
            SERVICE=self.service,
            IMAGE=self.repository,
            URL=f"http://127.0.0.1:{self.port}",
            HEALTH_PATH="/health",
            HEALTH_TIMEOUT="20s",
            CHECK_ROOT="GET / 200 world",
            LOG_DENY="Traceback",
            DRAIN_TIMEOUT="2s",
            TAG="{sha}",
        )

    def set(self, **settings: str) -> None:
        """Write settings into env/local.env and commit them."""
        self.settings |= settings
        text = "".join(f"{key}={value}\n" for key, value in self.settings.items())
        (self.root / "env" / "local.env").write_text(text, encoding="utf-8")
        self.commit()

    def change(self, text: str) -> None:
        """Change one line of the application's source."""
        with (self.root / "application.py").open("a", encoding="utf-8") as source:
            source.write(f"# {text}\n")
        self.commit()

    def commit(self) -> None:
        """Commit the whole project."""
        subprocess.run(["git", "add", "--all"], cwd=self.root, check=True)
        who = ["-c", "user.name=Tester", "-c", "user.email=tester@example.com"]
        subprocess.run(["git", *who, "commit", "--quiet", "--allow-empty", "-m", "change"], cwd=self.root, check=True)

    @property
    def lock(self) -> Path:
        """The pin."""
        return self.root / "env" / "local.lock"

    def get(self, path: str, host: str = "") -> dict[str, Any]:
        """What the service answers, as its users reach it."""
        headers = {"Host": f"{host}:{self.port}"} if host else {}
        answer: dict[str, Any] = httpx.get(f"http://127.0.0.1:{self.port}{path}", headers=headers).json()
        return answer

    def start(self, *words: str, **environ: str) -> subprocess.Popen[str]:
        """Dockyard in a process of its own."""
        return start(self.root, *words, **environ)

    @contextmanager
    def occupied(self) -> Iterator[None]:
        """Somebody else listens on the service's port."""
        with socket.create_server(("0.0.0.0", self.port)):
            yield


def start(root: Path, *words: str, **environ: str) -> subprocess.Popen[str]:
    """Dockyard in a project's folder, in a process of its own."""
    return subprocess.Popen(
        [*COMMAND, *words],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), **environ},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def killed(root: Path, killing: str, step: int, line: str) -> tuple[bool, str]:
    """Run a line in a process that the module `killing` kills at a step: whether it did; what was said.

    One that comes to its end has succeeded.
    """
    done = subprocess.run(
        [sys.executable, "-m", killing, str(step), *line.split()],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    died = done.returncode == -signal.SIGKILL
    assert died or done.returncode == 0, done.stderr
    return died, done.stderr


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def clean(engine: docker.DockerClient, service: str, repository: str = "") -> None:
    """Take away all that a service left on the engine."""
    mine: dict[str, str | list[str] | bool] = {"label": f"dockyard.service={service}"}
    for container in engine.containers.list(all=True, filters=mine, ignore_removed=True):
        container.remove(force=True, v=True)
    for volume in engine.volumes.list(filters=mine):
        volume.remove(force=True)
    for network in engine.networks.list(filters=mine):
        network.remove()
    for image in engine.images.list(repository) if repository else ():
        engine.images.remove(str(image.id), force=True)
