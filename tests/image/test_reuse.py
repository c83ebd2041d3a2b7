"""What `build` finds again, on the engine and in the registry, and what it calls other content."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import docker

from tasks.image.registry import Registry

from ..conftest import Dockyard
from .app import commit


def test_the_same_inputs_are_not_built_twice(
    engine: docker.DockerClient, app: Callable[..., Path], dockyard: Dockyard, repository: str
) -> None:
    root = app("TAG={sha}")
    commit(root)
    first = dockyard("build --env=local --json", root).document
    again = dockyard("build --env=local --json", root)
    assert (again.document["reused"], again.document["changed"]) == (True, False)
    assert again.document["images"] == first["images"]
    assert "COPY" not in again.err
    commit(root)
    moved = dockyard("build --env=local --json", root).document
    assert (moved["reused"], moved["changed"]) == (True, True)
    assert moved["tag"] != first["tag"]
    assert moved["images"] == first["images"]
    anew = dockyard("build --env=local --json --no-cache", root).document
    assert (anew["reused"], anew["tag"]) == (False, f"{moved['tag']}-v2")
    assert {tag for image in engine.images.list(name=repository) for tag in image.tags} == {
        f"{repository}:{tag}" for tag in (first["tag"], moved["tag"], anew["tag"])
    }


def test_a_note_is_not_lost_to_an_image_without_it(app: Callable[..., Path], dockyard: Dockyard) -> None:
    root = app("TAG=v1")
    dockyard("build --env=local", root)
    noted = dockyard("build --env=local --json --note=why", root).document
    assert (noted["reused"], noted["tag"]) == (False, "v1-v2")
    assert dockyard("build --env=local --json --note=why", root).document["reused"]


def test_a_clean_commit_gets_an_image_of_its_own(
    engine: docker.DockerClient, app: Callable[..., Path], dockyard: Dockyard
) -> None:
    root = app()
    commit(root)
    (root / "hello.txt").write_text("changed")
    dirty = dockyard("build --env=local --json", root).document
    assert dirty["tag"].endswith("-dirty")
    sha = commit(root)
    clean = dockyard("build --env=local --json", root).document
    assert not clean["reused"]
    labels = engine.images.get(clean["images"][0]["id"]).labels
    assert labels["org.opencontainers.image.revision"] == sha


def test_a_tag_that_other_content_has(app: Callable[..., Path], dockyard: Dockyard, repository: str) -> None:
    root = app("TAG=v1")
    tags = []
    for content in ("one", "two", "three", "two"):
        (root / "hello.txt").write_text(content)
        tags.append(dockyard("build --env=local --json", root).document["tag"])
    assert tags == ["v1", "v1-v2", "v1-v3", "v1-v2"]


def test_what_the_registry_has_is_pulled(
    engine: docker.DockerClient, app: Callable[..., Path], dockyard: Dockyard, repository: str
) -> None:
    root = app("TAG=v1")
    first = dockyard("build --env=local --json", root).document
    assert dockyard("push --env=local", root).code == 0
    engine.images.remove(f"{repository}:v1", force=True)
    digest = Registry(repository).digest("v1")
    planned = dockyard("build --env=local --json --dry", root)
    assert f"Would pull {repository}@{digest}." in planned.err
    assert engine.images.list(name=repository) == []
    found = dockyard("build --env=local --json", root)
    assert (found.document["reused"], found.document["changed"], found.document["tag"]) == (True, True, "v1")
    assert found.document["images"] == first["images"]
    assert "COPY" not in found.err
    pushed = dockyard("push --env=local --json", root).document
    assert (pushed["changed"], pushed["digest"]) == (False, digest)


def test_a_tag_that_only_the_registry_has(
    engine: docker.DockerClient, app: Callable[..., Path], dockyard: Dockyard, repository: str
) -> None:
    root = app("TAG=v1")
    for verb in ("build", "push"):
        assert dockyard(f"{verb} --env=local", root).code == 0
    engine.images.remove(f"{repository}:v1", force=True)
    (root / "hello.txt").write_text("other")
    assert dockyard("build --env=local --json", root).document["tag"] == "v1-v2"
    refused = dockyard("build --env=local --tag=v1", root)
    assert refused.code == 1
    assert f"{repository}:v1 has other content in the registry" in refused.err
    assert f"{repository}:v1" not in {tag for image in engine.images.list(name=repository) for tag in image.tags}


def test_the_pinned_image_is_found_in_the_registry(
    engine: docker.DockerClient, app: Callable[..., Path], dockyard: Dockyard, repository: str
) -> None:
    root = app("TAG=first", "PLATFORM=linux/amd64,linux/arm64")
    for verb in ("build", "push", "pin"):
        assert dockyard(f"{verb} --env=local", root).code == 0
    digest = Registry(repository).digest("first")
    for name in ("amd64", "arm64"):
        engine.images.remove(f"{repository}:first-linux-{name}", force=True)
    app("TAG=second", "PLATFORM=linux/amd64,linux/arm64")
    found = dockyard("build --env=local --json", root).document
    assert (found["reused"], found["tag"]) == (True, "second")
    assert dockyard("push --env=local --json", root).document["digest"] == digest
    (root / "hello.txt").write_text("other")
    assert not dockyard("build --env=local --json", root).document["reused"]
