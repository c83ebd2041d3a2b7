"""From settings to a recipe."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.environment.settings import Environment
from tasks.errors import SettingError
from tasks.image import Recipe, recipe
from tasks.image.source import Source

Settings = Callable[..., Environment]

SOURCE = Source(
    sha="a" * 40,
    short="aaaaaaa",
    branch="main",
    dirty=True,
    committed_at="2026-11-21T22:00:00Z",
    remote="https://example.com/app.git",
)


def test_settings_are_a_recipe(tmp_path: Path, settings: Settings) -> None:
    environment = settings(
        "DOCKERFILE=docker/Dockerfile.final",
        "CONTEXT=src",
        "STAGE=final",
        "PLATFORM=linux/amd64,linux/arm64",
        "BUILD_NETWORK=host",
        "BUILD_CA=ca.crt",
        "BUILD_TIMEOUT=15m",
        "NO_CACHE=true",
        "BUILD_ARG_MODE=fast",
        "BUILD_SECRET_PIP_TOKEN=env:TOKEN",
        "BUILD_SECRET_NETRC=file:secrets/netrc",
    )
    made = recipe.of(environment, SOURCE, tag="v1", note="because")
    assert made == Recipe(
        dockerfile=tmp_path / "docker" / "Dockerfile.final",
        context=tmp_path / "src",
        platforms=("linux/amd64", "linux/arm64"),
        stage="final",
        args={"MODE": "fast"},
        secrets={
            "ca": f"file:{tmp_path / 'ca.crt'}",
            "PIP_TOKEN": "env:TOKEN",
            "NETRC": f"file:{tmp_path / 'secrets' / 'netrc'}",
        },
        labels={
            "org.opencontainers.image.title": "api",
            "org.opencontainers.image.version": "v1",
            "org.opencontainers.image.revision": f"{'a' * 40}-dirty",
            "org.opencontainers.image.source": "https://example.com/app.git",
            "org.opencontainers.image.created": "2026-11-21T22:00:00Z",
            "dockyard.env": "local",
            "dockyard.note": "because",
        },
        network="host",
        no_cache=True,
        timeout=900.0,
    )


@pytest.mark.parametrize(
    ("lines", "asked"),
    [((), False), (("PROTECTED=true",), True), (("PROTECTED=true", "REPRODUCIBLE=false"), False)],
)
def test_a_protected_environment_is_built_reproducibly(settings: Settings, lines: tuple[str, ...], asked: bool) -> None:
    assert recipe.of(settings(*lines), Source()).reproducible is asked


def test_outside_git_the_labels_say_less(settings: Settings) -> None:
    assert recipe.of(settings(), Source(), tag="v1").labels == {
        "org.opencontainers.image.title": "api",
        "org.opencontainers.image.version": "v1",
        "dockyard.env": "local",
    }
    assert recipe.of(settings(), Source(), no_cache=True).no_cache


def test_a_missing_dockerfile_or_context(tmp_path: Path, settings: Settings) -> None:
    environment = settings()
    with pytest.raises(
        SettingError, match=r"There is no Dockerfile .*/Dockerfile: write it, or set DOCKERFILE in env/"
    ):
        recipe.check(environment, recipe.of(environment, Source()))
    environment = settings("CONTEXT=gone")
    with pytest.raises(SettingError, match=r"There is no directory .*/gone to build: set CONTEXT"):
        recipe.check(environment, recipe.of(environment, Source()))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("BUILD_CA=gone.crt", r"BUILD_CA of env/local.env names the file .*/gone.crt"),
        ("BUILD_SECRET_X=file:gone", r"BUILD_SECRET_X of env/local.env names the file .*/gone"),
        ("BUILD_SECRET_X=env:NOWHERE_TO_BE_FOUND", "BUILD_SECRET_X of env/local.env.*NOWHERE_TO_BE_FOUND"),
    ],
)
def test_an_absent_secret(tmp_path: Path, settings: Settings, line: str, why: str) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    environment = settings(line)
    with pytest.raises(SettingError, match=why):
        recipe.check(environment, recipe.of(environment, Source()))


def test_a_dockerfile_for_another_platform(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch AS a\nFROM --platform=linux/arm64 scratch\n")
    environment = settings()
    with pytest.raises(
        SettingError, match=r"Dockerfile:2 builds on --platform=linux/arm64, but PLATFORM is linux/amd64"
    ):
        recipe.check(environment, recipe.of(environment, Source()))
    environment = settings("STAGE=a")
    recipe.check(environment, recipe.of(environment, Source()))
    environment = settings("PLATFORM=linux/arm64")
    recipe.check(environment, recipe.of(environment, Source()))
