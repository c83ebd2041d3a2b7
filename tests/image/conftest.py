"""Projects with a Dockerfile, engines and registries that are clean afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from tasks import environment
from tasks.environment.settings import Environment
from tasks.image import Builder, Built, Recipe

from . import app as projects
from .tidy import empty
from .trixie import provide


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

    return projects.git


@pytest.fixture
def repository(repository: str, engine: docker.DockerClient, service: str) -> Iterator[str]:
    """A repository of this test's own, emptied afterwards on the engine and in the registry."""
    yield repository
    empty(engine, repository, service)


@pytest.fixture
def app(tmp_path: Path, repository: str, service: str) -> Callable[..., Path]:
    """A project with a small Dockerfile: `app("TAG=v1")` adds settings to env/local.env."""

    def make(*lines: str, image: str = repository) -> Path:
        return projects.write(tmp_path / "my äpp", service, image, *lines)

    return make


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """A context whose path has spaces, unicode and a comma."""
    context = tmp_path / "my äpp, with a comma"
    context.mkdir()
    return context


@pytest.fixture
def build(engine: docker.DockerClient, builder: Builder, context: Path) -> Iterator[Callable[..., Built]]:
    """Really build a Dockerfile, by the builder of the module; its image is removed afterwards."""
    made: list[str] = []

    def run(text: str, platform: str = "linux/amd64", **recipe: object) -> Built:
        (context / "Dockerfile").write_text(text)
        asked = replace(Recipe(context / "Dockerfile", context), **recipe)  # type: ignore[arg-type]
        built = builder.build(asked, platform)
        made.append(built.image_id)
        return built

    yield run
    for image_id in made:
        engine.images.remove(image_id, force=True)


@pytest.fixture(scope="session")
def trixie(engine: docker.DockerClient) -> str:
    """Debian 13's image, by name."""
    return provide(engine)
