"""Each recipe built once for all of its tests, by `inv build`, and its images taken away."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from docker.models.images import Image

from tests.image.tidy import empty

from .projects import Project


def project(recipe: str, engine: docker.DockerClient, registry: str, folder: Path) -> Iterator[Project]:
    name = f"t{uuid.uuid4().hex[:8]}"
    made = Project(folder / name, recipe, f"{registry}/test/{name}", engine)
    made.write()
    yield made
    empty(engine, made.image, name)


@pytest.fixture(scope="session")
def api(engine: docker.DockerClient, registry: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project of the api recipe."""
    yield from project("api", engine, registry, tmp_path_factory.mktemp("recipes"))


@pytest.fixture(scope="session")
def weasyprint(
    engine: docker.DockerClient, registry: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    """A project of the weasyprint recipe."""
    yield from project("weasyprint", engine, registry, tmp_path_factory.mktemp("recipes"))


@pytest.fixture(scope="session")
def api_image(api: Project) -> Image:
    """Its image."""
    return api.build("v1")


@pytest.fixture(scope="session")
def weasyprint_image(weasyprint: Project) -> Image:
    """Its production image."""
    return weasyprint.build("v1")


@pytest.fixture(params=["api", "weasyprint"])
def each(request: pytest.FixtureRequest) -> tuple[Project, Image]:
    """Either recipe's project and image."""
    return request.getfixturevalue(request.param), request.getfixturevalue(f"{request.param}_image")
