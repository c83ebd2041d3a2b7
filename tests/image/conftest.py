"""Projects with a Dockerfile, engines and registries that are clean afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from tasks import environment
from tasks.environment.settings import Environment

from . import app
from .tidy import empty


@pytest.fixture
def settings(tmp_path: Path) -> Callable[..., Environment]:
    """Real settings out of lines: `settings("TAG={env}", root=path)`."""

    def load(*lines: str, root: Path = tmp_path, name: str = "local") -> Environment:
        given = "\n".join(lines)
        defaults = {"TARGET": "docker", "SERVICE": "api", "IMAGE": "127.0.0.1:5000/team/api"}
        rest = "\n".join(f"{key}={value}" for key, value in defaults.items() if f"{key}=" not in given)
        (root / "env").mkdir(parents=True, exist_ok=True)
        (root / "env" / f"{name}.env").write_text(f"{rest}\n{given}\n", encoding="utf-8")
        return environment.load(root, name)

    return load


@pytest.fixture
def git() -> Callable[..., str]:
    """Run git in a folder: `git(root, "init")`."""

    return app.git


@pytest.fixture
def repository(repository: str, engine: docker.DockerClient) -> Iterator[str]:
    """A repository of this test's own, emptied afterwards on the engine and in the registry."""
    yield repository
    empty(engine, repository)
