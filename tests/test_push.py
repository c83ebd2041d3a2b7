"""`push`: what the registry has not, and moving tags."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

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
def build(tmp_path: Path, repository: str, service: str, dockyard: Dockyard) -> Callable[..., Path]:
    """A project whose image is built: `build("hello", "TAG=v1")`."""

    def make(content: str, *lines: str) -> Path:
        root = write(tmp_path / "project", service, repository, *lines)
        (root / "hello.txt").write_text(content)
        built = dockyard("build --env=local", root)
        assert built.code == 0, built.err
        return root

    return make


def test_the_digest_is_the_registrys(
    engine: docker.DockerClient, build: Callable[..., Path], dockyard: Dockyard, repository: str
) -> None:
    root = build("hello", "TAG=v1")
    pushed = dockyard("push --env=local --json", root)
    assert pushed.code == 0, pushed.err
    manifest = Registry(repository).manifest("v1")
    assert manifest is not None
    assert manifest.config == engine.images.get(f"{repository}:v1").id
    document = pushed.document
    assert document.pop("seconds") > 0
    assert document.pop("service").startswith("t")
    assert document == {
        "env": "local",
        "target": "docker",
        "image": repository,
        "tag": "v1",
        "digest": manifest.digest,
        "size": sum(manifest.blobs.values()),
        "moved": [],
        "changed": True,
    }
    again = dockyard("push --env=local", root)
    assert again.out == f"{repository}:v1@{manifest.digest}\n"
    assert again.err == ""
    assert not dockyard("push --env=local --json", root).document["changed"]


def test_the_newest_image_is_pushed(build: Callable[..., Path], dockyard: Dockyard) -> None:
    build("one", "TAG=b")
    root = build("two", "TAG=a")
    assert dockyard("push --env=local --json", root).document["tag"] == "a"
    build("one", "TAG=b")
    build("one", "TAG=c")
    assert dockyard("push --env=local --json", root).document["tag"] == "c"
    assert dockyard("push --env=local --json --tag=b", root).document["tag"] == "b"


def test_a_second_tag_is_not_a_second_push(build: Callable[..., Path], dockyard: Dockyard, repository: str) -> None:
    root = build("hello", "TAG=v1")
    first = dockyard("push --env=local --json", root)
    assert "Pushing" in first.err
    build("hello", "TAG=v2")
    planned = dockyard("push --env=local --dry", root)
    assert f"Would tag in the registry, which has it, {repository}:v2" in planned.err
    second = dockyard("push --env=local --json", root)
    assert "Pushing" not in second.err
    assert second.document["changed"]
    assert second.document["digest"] == first.document["digest"]
    assert Registry(repository).digest("v2") == first.document["digest"]


def test_a_tag_is_not_overwritten(
    engine: docker.DockerClient, build: Callable[..., Path], dockyard: Dockyard, repository: str
) -> None:
    root = build("one", "TAG=v1")
    dockyard("push --env=local", root)
    before = Registry(repository).digest("v1")
    build("two", "TAG=other")
    engine.images.get(f"{repository}:other").tag(repository, "v1")
    refused = dockyard("push --env=local --tag=v1", root)
    assert refused.code == 1
    assert f"{repository}:v1 is {before} in the registry, which is other content" in refused.err
    assert Registry(repository).digest("v1") == before


def test_moving_tags_move(build: Callable[..., Path], dockyard: Dockyard, repository: str) -> None:
    root = build("one", "TAG=v1", "ALSO_TAG=edge")
    first = dockyard("push --env=local --json --also=latest,stable", root)
    registry = Registry(repository)
    assert first.document["moved"] == ["edge", "latest", "stable"]
    assert {registry.digest(tag) for tag in ("v1", "edge", "latest", "stable")} == {first.document["digest"]}
    build("two", "TAG=v2", "ALSO_TAG=edge")
    planned = dockyard("push --env=local --dry --json", root)
    assert f"Would push {repository}:v2" in planned.err
    assert f"Would move {repository}:edge to it." in planned.err
    assert (planned.document["changed"], planned.document["digest"]) == (False, None)
    assert registry.digest("v2") == ""
    second = dockyard("push --env=local --json", root)
    assert second.document["moved"] == ["edge"]
    assert registry.digest("edge") == second.document["digest"] != first.document["digest"]
    assert registry.digest("latest") == first.document["digest"]
    late = dockyard("push --env=local --json --also=latest", root)
    assert (late.document["moved"], late.document["changed"]) == (["latest"], True)


@pytest.mark.parametrize("flags", ["--tag=latest", "--tag=edge", "--tag=x --also=x"])
def test_a_moving_tag_is_not_pushed_as_an_image(build: Callable[..., Path], dockyard: Dockyard, flags: str) -> None:
    refused = dockyard(f"push --env=local {flags}", build("one", "TAG=v1", "ALSO_TAG=edge"))
    assert refused.code == 1
    assert "is a moving tag" in refused.err


def test_nothing_to_push(project: Project, dockyard: Dockyard, repository: str, service: str) -> None:
    root = project(local=f"TARGET=docker\nSERVICE={service}\nIMAGE={repository}\n")
    refused = dockyard("push --env=local", root)
    assert refused.code == 1
    assert f"This engine has no image {repository} of local: type inv build --env=local" in refused.err
    refused = dockyard("push --env=local --tag=v1", root)
    assert (
        f"There is no image {repository}:v1, neither on an engine here nor in the registry: type inv build"
        in refused.err
    )


def test_a_wrong_architecture_is_not_pushed(build: Callable[..., Path], dockyard: Dockyard, repository: str) -> None:
    root = build("one", "TAG=v1", "PLATFORM=linux/arm64")
    settings = root / "env" / "local.env"
    settings.write_text(settings.read_text().replace("linux/arm64", "linux/amd64"))
    refused = dockyard("push --env=local", root)
    assert refused.code == 1
    assert f"{repository}:v1 is for linux/arm64, but PLATFORM is linux/amd64" in refused.err
    assert Registry(repository).tags() == []


def test_two_platforms_are_an_index(
    engine: docker.DockerClient, build: Callable[..., Path], dockyard: Dockyard, repository: str
) -> None:
    root = build("one", "TAG=v1", "PLATFORM=linux/amd64,linux/arm64")
    planned = dockyard("push --env=local --dry", root)
    assert f"Would make {repository}:v1 an index of them." in planned.err
    pushed = dockyard("push --env=local --json --also=latest", root).document
    registry = Registry(repository)
    index = registry.manifest("v1")
    assert index is not None
    assert index.is_index
    assert pushed["digest"] == index.digest == registry.digest("latest")
    assert [each["platform"]["architecture"] for each in index.document["manifests"]] == ["amd64", "arm64"]
    assert [each.config for each in registry.images(index)] == [
        engine.images.get(f"{repository}:v1-linux-{name}").id for name in ("amd64", "arm64")
    ]
    assert not dockyard("push --env=local --json", root).document["changed"]
    engine.images.remove(f"{repository}:v1-linux-arm64")
    refused = dockyard("push --env=local --tag=v1", root)
    assert refused.code == 1
    assert f"{repository}:v1 lacks an image for linux/arm64" in refused.err
