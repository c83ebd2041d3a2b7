"""The disk of the engine gets full: what is said, and how it goes on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import docker
import pytest

from tests.another import Another, beside
from tests.conftest import Inv
from tests.outage import ended, once, released, settled, version
from tests.service import Service

FULL = "The disk of the engine is full: free some with"


@pytest.fixture(scope="module")
def small(engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Another]:
    with beside(tmp_path_factory.mktemp("small"), size="1g") as made:
        yield made


@pytest.fixture
def cramped(small: Another, api: Service, inv: Inv, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file that may fill the disk of the engine that the next release, of version two, is for."""
    ballast = small.storage / "ballast"
    with released(small, api, inv, monkeypatch):
        yield ballast
        ballast.unlink(missing_ok=True)


def fill(file: Path, left: int = 0) -> None:
    """Grow a file until so many bytes are left on its file system."""
    with file.open("ab", buffering=0) as full, suppress(OSError):
        for piece in (1 << 20, 4096):
            while not left or shutil.disk_usage(file.parent).free >= left + piece:
                full.write(bytes(piece))


def test_a_disk_that_is_full_changes_nothing(cramped: Path, api: Service, inv: Inv) -> None:
    fill(cramped)
    assert FULL in ended(inv("release --env=local"), 1)
    assert version(api) == "1"
    ended(inv("status --env=local"), 0)
    cramped.unlink()
    settled(api, inv)


def test_a_disk_that_gets_full_while_an_image_is_pulled(cramped: Path, api: Service, inv: Inv) -> None:
    fill(cramped, left=30 << 20)
    (api.root / "large").write_bytes(os.urandom(60 << 20))
    with (api.root / "Dockerfile").open("a", encoding="utf-8") as recipe:
        recipe.write("COPY large /large\n")
    api.commit()
    assert FULL in ended(inv("release --env=local"), 1)
    assert version(api) == "1"
    cramped.unlink()
    settled(api, inv)


@pytest.mark.parametrize(
    ("moment", "code", "serves"),
    [("the start", 4, "1"), ("the first probe", 4, "1"), ("the shift", 0, "two"), ("the drain", 0, "two")],
)
def test_a_disk_that_gets_full_in_the_middle(
    cramped: Path,
    small: Another,
    api: Service,
    inv: Inv,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
    code: int,
    serves: str,
) -> None:
    """What only has to be stopped waits for the same command; the edge comes back with what it had."""
    once(monkeypatch, moment, lambda: fill(cramped))
    said = ended(inv("release --env=local"), code)
    assert FULL in said
    if code == 0:
        assert "serves, but what served before could not be stopped" in said
    assert version(api) == serves
    client = docker.DockerClient(small.address)
    client.containers.get(f"{api.service}-edge").restart(timeout=0)
    client.close()
    assert version(api) == serves
    cramped.unlink()
    settled(api, inv)


def test_a_container_that_finds_the_disk_full(cramped: Path, api: Service, inv: Inv) -> None:
    fill(cramped)
    assert api.get("/write?path=/file&bytes=9999999") == {"error": "No space left on device"}
    assert api.get("/health") == {"status": "healthy"}
    cramped.unlink()
    settled(api, inv)
