"""`pin`: the registry's digest of a tag, in env/NAME.lock."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from tasks.image import pin
from tasks.image.pin import Pin
from tasks.image.registry import Registry

from .conftest import Dockyard, Project
from .image.app import write
from .image.tidy import empty


@pytest.fixture
def repository(repository: str, engine: docker.DockerClient) -> Iterator[str]:
    """A repository of this test's own, emptied afterwards on the engine and in the registry."""
    yield repository
    empty(engine, repository)


@pytest.fixture
def push(tmp_path: Path, repository: str, service: str, dockyard: Dockyard) -> Callable[..., Path]:
    """A project whose image is built and pushed: `push("hello", "TAG=v1")`."""

    def make(content: str, *lines: str) -> Path:
        root = write(tmp_path / "project", service, repository, *lines)
        (root / "hello.txt").write_text(content)
        for verb in ("build", "push"):
            done = dockyard(f"{verb} --env=local", root)
            assert done.code == 0, done.err
        return root

    return make


def test_the_newest_image_is_pinned(
    engine: docker.DockerClient, push: Callable[..., Path], dockyard: Dockyard, repository: str
) -> None:
    root = push("hello", "TAG=v1")
    pinned = dockyard("pin --env=local --json", root)
    assert pinned.code == 0, pinned.err
    registry = Registry(repository)
    digest = registry.digest("v1")
    image = engine.images.get(f"{repository}:v1")
    found = pin.read(root, "local")
    assert found == Pin(
        image=repository,
        digest=digest,
        tag="v1",
        git_sha="",
        built_at=f"{image.attrs['Created'][:19]}Z",
        size=registry.size(digest),
        inputs=image.labels["dockyard.inputs"],
    )
    document = pinned.document
    assert {key: document[key] for key in ("image", "digest", "tag", "size", "changed", "previous")} == {
        "image": repository,
        "digest": digest,
        "tag": "v1",
        "size": found.size,
        "changed": True,
        "previous": None,
    }


def test_a_pin_that_says_the_same_is_not_touched(push: Callable[..., Path], dockyard: Dockyard) -> None:
    root = push("hello", "TAG=v1")
    dockyard("pin --env=local", root)
    path = root / "env" / "local.lock"
    before = path.stat()
    again = dockyard("pin --env=local --json", root).document
    assert (again["changed"], again["previous"]) == (False, again["digest"])
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_tag_or_a_digest_can_be_named(push: Callable[..., Path], dockyard: Dockyard, repository: str) -> None:
    push("one", "TAG=v1")
    root = push("two", "TAG=v2")
    digest = Registry(repository).digest("v1")
    dockyard("pin --env=local", root)
    assert pin.read(root, "local").tag == "v2"
    assert dockyard("pin --env=local --tag=v1", root).code == 0
    assert (pin.read(root, "local").tag, pin.read(root, "local").digest) == ("v1", digest)
    dockyard("pin --env=local", root)
    assert dockyard(f"pin --env=local --digest={digest}", root).code == 0
    assert (pin.read(root, "local").tag, pin.read(root, "local").digest) == ("v1", digest)
    refused = dockyard(f"pin --env=local --digest={digest} --tag=v2", root)
    assert refused.code == 1
    assert f"not {digest}: give one of them" in refused.err


@pytest.mark.parametrize(
    ("flags", "why"),
    [
        ("--tag=latest", "is a moving tag"),
        ("--tag=edge", "is a moving tag"),
        ("--tag=v9", ":v9 is not in the registry: type inv push --env=local first."),
        (f"--digest=sha256:{'0' * 64}", f"@sha256:{'0' * 64} is not in the registry"),
        ("--digest=v1", "--digest=v1 is not sha256: and 64 hexadecimal digits"),
    ],
)
def test_what_cannot_be_pinned(push: Callable[..., Path], dockyard: Dockyard, flags: str, why: str) -> None:
    root = push("one", "TAG=v1", "ALSO_TAG=edge")
    refused = dockyard(f"pin --env=local {flags}", root)
    assert refused.code == 1
    assert why in refused.err
    assert not (root / "env" / "local.lock").exists()


def test_an_image_that_was_not_pushed(push: Callable[..., Path], dockyard: Dockyard, repository: str) -> None:
    root = push("one", "TAG=v1")
    (root / "hello.txt").write_text("two")
    dockyard("build --env=local --tag=v2", root)
    refused = dockyard("pin --env=local", root)
    assert refused.code == 1
    assert f"{repository}:v2 is not in the registry: type inv push --env=local first." in refused.err


def test_a_dry_pin_says_and_writes_nothing(push: Callable[..., Path], dockyard: Dockyard, repository: str) -> None:
    root = push("one", "TAG=v1")
    planned = dockyard("pin --env=local --dry --json", root)
    digest = Registry(repository).digest("v1")
    assert f"Would pin v1 at {digest} in env/local.lock." in planned.err
    assert not planned.document["changed"]
    assert not (root / "env" / "local.lock").exists()


def test_a_corrupt_pin_is_written_anew(push: Callable[..., Path], dockyard: Dockyard) -> None:
    root = push("one", "TAG=v1")
    (root / "env" / "local.lock").write_text("<<<<<<< HEAD\n")
    assert dockyard("pin --env=local --json", root).document["changed"]
    assert pin.read(root, "local").tag == "v1"


def test_an_index_is_pinned(push: Callable[..., Path], dockyard: Dockyard, repository: str) -> None:
    root = push("one", "TAG=v1", "PLATFORM=linux/amd64,linux/arm64")
    assert dockyard("pin --env=local", root).code == 0
    index = Registry(repository).manifest("v1")
    assert index is not None
    assert index.is_index
    assert pin.read(root, "local").digest == index.digest


def test_a_wrong_architecture_is_not_pinned(push: Callable[..., Path], dockyard: Dockyard) -> None:
    root = push("one", "TAG=v1", "PLATFORM=linux/arm64")
    settings = root / "env" / "local.env"
    settings.write_text(settings.read_text().replace("linux/arm64", "linux/amd64"))
    refused = dockyard("pin --env=local --tag=v1", root)
    assert refused.code == 1
    assert "is for linux/arm64, but PLATFORM is linux/amd64" in refused.err


def test_the_registry_is_down(project: Project, dockyard: Dockyard, service: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
        root = project(local=f"TARGET=docker\nSERVICE={service}\nIMAGE={host}/api\n")
        refused = dockyard("pin --env=local --tag=v1", root)
    assert refused.code == 1
    assert f"The registry {host} does not answer: Connection refused" in refused.err
