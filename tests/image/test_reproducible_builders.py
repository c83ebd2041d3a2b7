"""Which builders make the same digest twice, out of what they say of themselves; and how an archive is loaded."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tasks.errors import DockyardError
from tasks.image import Recipe, loading, reproducible

RECIPE = Recipe(Path("Dockerfile"), Path(), reproducible=True)
CONTAINERD = {
    "ServerVersion": "26.1.5+dfsg1",
    "Driver": "overlayfs",
    "DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]],
}
GRAPH = {
    "ServerVersion": "28.0.1",
    "Driver": "overlay2",
    "DriverStatus": [["Backing Filesystem", "extfs"], ["Supports d_type", "true"]],
}


class Engine:
    """What the SDK tells of an engine."""

    def __init__(self, about: dict[str, Any]) -> None:
        self.about = about

    def version(self) -> dict[str, Any]:
        return {"Version": self.about["ServerVersion"]}

    def info(self) -> dict[str, Any]:
        return self.about


@pytest.mark.parametrize(
    ("about", "buildx", "who"),
    [
        (CONTAINERD, True, ""),
        (CONTAINERD, False, "/bin/docker without the buildx plugin"),
        (GRAPH, True, "Docker 28.0.1 with its overlay2 image store"),
        ({**CONTAINERD, "ServerVersion": "25.0.3"}, True, "Docker 25.0.3"),
        ({"ServerVersion": "20.10.24+dfsg1"}, False, "Docker 20.10.24+dfsg1"),
    ],
)
def test_which_engines_can(about: dict[str, Any], buildx: bool, who: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BUILDX_BUILDER", raising=False)
    why = reproducible.why_not("/bin/docker", buildx, RECIPE, Engine(about))  # type: ignore[arg-type]
    assert why == (reproducible.because(who) if who else "")


def test_what_can_says_that_it_was_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BUILDX_BUILDER", raising=False)
    plain = Recipe(Path("Dockerfile"), Path())
    assert reproducible.why_not("/bin/docker", True, plain, Engine(CONTAINERD)) == reproducible.UNASKED  # type: ignore[arg-type]


INSPECTED = """\
Name:          ci
Driver:        docker-container

Nodes:
Name:                  ci0
Endpoint:              unix:///var/run/docker.sock
Status:                running
BuildKit version:      {}
Platforms:             linux/amd64
"""


@pytest.mark.parametrize(
    ("told", "who"),
    [
        (INSPECTED.format("v0.13.0"), ""),
        (INSPECTED.format("v0.21.1-ubuntu"), ""),
        (INSPECTED.format("v0.12.5").replace("BuildKit version", "Buildkit"), "BuildKit 0.12.5 of ci"),
        ("", "BuildKit of no known version of ci"),
    ],
)
def test_which_builders_of_buildx_can(told: str, who: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cli = tmp_path / "docker"
    cli.write_text(f"#!/bin/sh\n[ \"$1 $2 $BUILDX_BUILDER\" = 'buildx inspect ci' ] && printf '%s' '{told}'\n")
    cli.chmod(0o755)
    monkeypatch.setenv("BUILDX_BUILDER", "ci")
    why = reproducible.why_not(str(cli), True, RECIPE, Engine(GRAPH))  # type: ignore[arg-type]
    assert why == (reproducible.because(who) if who else "")


def test_an_engine_that_does_not_take_the_image(tmp_path: Path) -> None:
    cli = tmp_path / "docker"
    cli.write_text("#!/bin/sh\ncat >/dev/null\necho 'no space left on device' >&2\nexit 1\n")
    cli.chmod(0o755)
    with (
        pytest.raises(DockyardError, match=r"the engine could not load it: no space left on device; `inv doctor`"),
        loading.loading(str(cli)) as archive,
    ):
        archive.write(b"an archive")


def test_what_fails_meanwhile_is_told_itself_and_nothing_is_loaded(tmp_path: Path) -> None:
    cli, whole = tmp_path / "docker", tmp_path / "whole"
    cli.write_text(f"#!{sys.executable}\nimport sys\nsys.stdin.read()\nopen({str(whole)!r}, 'w').close()\n")
    cli.chmod(0o755)
    with pytest.raises(ZeroDivisionError), loading.loading(str(cli)):
        _ = 1 / 0
    assert not whole.exists()
