"""What a push that fails says, and what is planned for a tag."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from tasks.errors import DockyardError
from tasks.image import publish
from tasks.image.images import Images, Stored
from tasks.image.manifest import DOCKER_MANIFEST, Manifest, digest_of
from tasks.image.registry import Registry

from .guarded import Guarded, serving


@pytest.fixture
def stored(engine: docker.DockerClient, repository: str) -> Stored:
    """A small image `v1` on the engine."""
    engine.api.import_image_from_data(b"\0" * 1024, repository=repository, tag="v1")
    found = Images(engine, repository).find(":v1")
    assert found is not None
    return found


@pytest.fixture
def elsewhere(engine: docker.DockerClient, stored: Stored) -> Iterator[list[str]]:
    """Names that the image gets beside; they are taken away afterwards."""
    names: list[str] = []
    yield names
    for name in names:
        engine.images.remove(name)


def test_a_push_in_steps(engine: docker.DockerClient, repository: str, stored: Stored) -> None:
    registry = Registry(repository)
    first = publish.plan(registry, "v1", stored, registry.manifest("v1"))
    assert (first.says, first.manifest, first.there) == ("push", None, False)
    manifest = publish.carry_out(engine, registry, first)
    assert manifest.config == stored.id
    again = publish.plan(registry, "v1", stored, registry.manifest("v1"))
    assert (again.says, again.manifest, again.there) == ("leave as it is", manifest, True)
    known = Images(engine, repository).find(":v1")
    assert known is not None
    assert known.digests == (manifest.digest,)
    second = publish.plan(registry, "v2", known, registry.manifest("v2"))
    assert (second.says, second.manifest) == ("tag in the registry, which has it,", manifest)
    assert publish.carry_out(engine, registry, second) == manifest
    assert registry.digest("v2") == manifest.digest
    assert publish.move(registry, manifest, ["v1", "edge", "edge"]) == ("edge",)


def test_a_digest_that_the_registry_lost_is_pushed_again(
    engine: docker.DockerClient, repository: str, stored: Stored
) -> None:
    registry = Registry(repository)
    manifest = publish.carry_out(engine, registry, publish.plan(registry, "v1", stored, registry.manifest("v1")))
    registry.session.send("DELETE", f"{registry.repository.url}/manifests/{manifest.digest}")
    known = Images(engine, repository).find(":v1")
    assert known is not None
    assert known.digests == (manifest.digest,)
    anew = Registry(repository)
    upload = publish.plan(anew, "v1", known, anew.manifest("v1"))
    assert upload.says == "push"
    assert publish.carry_out(engine, anew, upload).digest == manifest.digest


def test_a_registry_that_wants_a_login(
    engine: docker.DockerClient, stored: Stored, elsewhere: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with serving(Guarded(scheme="basic")) as guarded:
        engine.api.tag(stored.id, guarded.image, "v1")
        elsewhere.append(f"{guarded.image}:v1")
        with pytest.raises(DockyardError, match=rf"refuses team/api \(.*\): type `docker login {guarded.host}`"):
            publish.push(engine, Registry(guarded.image), "v1")


def test_a_registry_that_is_down(engine: docker.DockerClient, stored: Stored, elsewhere: list[str]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        image = f"127.0.0.1:{free.getsockname()[1]}/api"
        engine.api.tag(stored.id, image, "v1")
        elsewhere.append(f"{image}:v1")
        with pytest.raises(DockyardError, match=r"v1 could not be pushed: .*connection refused; `inv local.up` starts"):
            publish.push(engine, Registry(image), "v1")


def test_an_image_that_the_engine_has_not(engine: docker.DockerClient, repository: str) -> None:
    with pytest.raises(DockyardError, match=f"{repository}:v9"):
        publish.push(engine, Registry(repository), "v9")


def test_what_was_pushed_is_read_back(engine: docker.DockerClient, repository: str, stored: Stored) -> None:
    other = Stored("sha256:other", "linux/amd64", 1)
    registry = Registry(repository)
    with pytest.raises(DockyardError, match="after sha256:other was pushed to it: somebody else pushes there"):
        publish.carry_out(engine, registry, publish.Upload("v1", other))


@pytest.mark.parametrize(
    ("why", "said"),
    [
        ("denied: Permission 'x' denied", "type `docker login ghcr.io`"),
        ("unauthorized: authentication required", "type `docker login ghcr.io`"),
        ("name unknown: The repository does not exist", "has no repository team/api"),
        ("net/http: TLS handshake timeout", "could not be pushed: net/http: TLS handshake timeout; check the network"),
    ],
)
def test_what_a_registry_says_against_a_push(why: str, said: str) -> None:
    assert said in publish.refused(Registry("ghcr.io/team/api"), "v1", why)


def test_a_taken_tag_is_said_with_its_digest(repository: str) -> None:
    content = json.dumps({"config": {"digest": "sha256:c"}}).encode()
    there = Manifest(digest_of(content), DOCKER_MANIFEST, content)
    assert publish.taken(Registry(repository), "v1", there) == (
        f"{repository}:v1 is {there.digest} in the registry, which is other content, and a tag is not overwritten: "
        "build anew without --tag, or with another one."
    )
