"""The hash of a build's inputs: what changes it and what does not."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import docker
import pytest

from tasks.image import Recipe, inputs
from tasks.image.images import Images
from tasks.image.registry import Registry


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    """A context with a few files."""
    (tmp_path / "Dockerfile").write_text("FROM base:1\nCOPY . /\n")
    (tmp_path / "app.py").write_text("1")
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / "local.env").write_text("A=1")
    return Recipe(tmp_path / "Dockerfile", tmp_path, labels={"dockyard.env": "local"})


def of(recipe: Recipe, bases: str = "sha256:1") -> str:
    return inputs.of(recipe, lambda image, platform: bases)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize(
    "change",
    [
        lambda root: write(root / "app.py", "2"),
        lambda root: write(root / "new.py", ""),
        lambda root: write(root / "Dockerfile", "FROM base:1\nCOPY app.py /\n"),
        lambda root: write(root / ".dockerignore", "app.py\n"),
        lambda root: (root / "app.py").chmod(0o755),
        lambda root: (root / "app.py").rename(root / "main.py"),
        lambda root: (root / "link").symlink_to("app.py"),
        lambda root: (root / "empty").mkdir(),
        lambda root: write(root / "poetry.lock", "x"),
    ],
)
def test_a_change_of_the_context_counts(recipe: Recipe, change: Callable[[Path], object]) -> None:
    before = of(recipe)
    change(recipe.context)
    assert of(recipe) != before


@pytest.mark.parametrize(
    "change",
    [
        lambda root: write(root / "env" / "local.lock", "IMAGE=x"),
        lambda root: write(root / "sub" / "ignored.log", "x"),
        lambda root: os.utime(root / "app.py", (1, 1)),
    ],
)
def test_pins_what_is_ignored_and_times_do_not_count(recipe: Recipe, change: Callable[[Path], object]) -> None:
    write(recipe.context / ".dockerignore", "# logs\n**/*.log\n")
    (recipe.context / "sub").mkdir()
    before = of(recipe)
    change(recipe.context)
    assert of(recipe) == before


@pytest.mark.parametrize(
    "changed",
    [
        {"args": {"A": "1"}},
        {"stage": "final"},
        {"platforms": ("linux/arm64",)},
        {"secrets": {"ca": "file:/x"}},
        {"labels": {"dockyard.env": "prod"}},
    ],
)
def test_what_the_recipe_says_counts(recipe: Recipe, changed: dict[str, object]) -> None:
    assert of(replace(recipe, **changed)) != of(recipe)  # type: ignore[arg-type]


def test_labels_network_and_cache_do_not_count(recipe: Recipe) -> None:
    labels = {"dockyard.env": "local", "org.opencontainers.image.created": "2026-11-21T22:00:00Z"}
    assert of(replace(recipe, labels=labels, network="host", no_cache=True, timeout=1.0)) == of(recipe)


def test_the_base_images_count(recipe: Recipe) -> None:
    assert of(recipe, "sha256:1") != of(recipe, "sha256:2")
    assert of(recipe, "") == ""


def test_a_dockerfile_outside_the_context_counts(recipe: Recipe, tmp_path: Path) -> None:
    outside = replace(recipe, context=tmp_path / "env")
    before = of(outside)
    write(recipe.dockerfile, "FROM base:1\nCOPY local.env /\n")
    assert of(outside) != before


def test_a_base_is_known_by_the_engine_or_not_at_all(engine: docker.DockerClient) -> None:
    base = inputs.known(Images(engine, "dockyard"))
    known = engine.images.get("python:3.11-slim-bookworm").id
    assert base("python:3.11-slim-bookworm", "linux/amd64") == known
    assert base("docker.io/library/python:3.11-slim-bookworm", "linux/amd64") == known
    assert base("127.0.0.1:1/none:1", "linux/amd64") == ""
    assert base("No/Name", "linux/amd64") == ""
    assert base(f"127.0.0.1:1/none@sha256:{'0' * 64}", "linux/amd64") == f"sha256:{'0' * 64}"


def test_two_machines_agree_on_a_base_of_a_registry(engine: docker.DockerClient, repository: str) -> None:
    engine.api.import_image_from_data(b"\0" * 1024, repository=repository, tag="v1")
    base = inputs.known(Images(engine, "dockyard"))
    assert base(f"{repository}:v1", "linux/amd64") == engine.images.get(f"{repository}:v1").id
    engine.images.push(repository, "v1")
    digest = Registry(repository).digest("v1")
    assert base(f"{repository}:v1", "linux/amd64") == digest
    engine.images.remove(f"{repository}:v1")
    assert base(f"{repository}:v1", "linux/amd64") == digest
