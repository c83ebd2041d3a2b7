"""A repository of a registry: the real one, and one that misbehaves."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator

import docker
import pytest

from tasks.errors import DockyardError
from tasks.image import registry as registries
from tasks.image.manifest import DOCKER_MANIFEST, Manifest, digest_of, index_of
from tasks.image.registry import Registry

from .guarded import MANIFEST, Guarded, serving


@pytest.fixture
def pushed(engine: docker.DockerClient, repository: str) -> tuple[Registry, str]:
    """A repository with a small image `v1` in it, and the image's id."""
    loaded = engine.api.import_image_from_data(b"\0" * 1024, repository=repository, tag="v1")
    image_id = json.loads(loaded)["status"]
    for event in engine.api.push(repository, "v1", stream=True, decode=True):
        assert "error" not in event
    return Registry(repository), image_id


def test_what_the_registry_has(pushed: tuple[Registry, str]) -> None:
    registry, image_id = pushed
    manifest = registry.manifest("v1")
    assert manifest is not None
    assert manifest.media_type == DOCKER_MANIFEST
    assert manifest.digest == digest_of(manifest.content) == registry.digest("v1")
    assert registry.manifest(manifest.digest) == manifest
    assert manifest.config == image_id
    assert registry.config(manifest.digest)["os"] == "linux"
    assert registry.size(manifest.digest) == sum(manifest.blobs.values()) > 0
    assert registry.tags() == ["v1"]


def test_what_the_registry_has_not(repository: str) -> None:
    registry = Registry(repository)
    assert registry.digest("v1") == ""
    assert registry.manifest("v1") is None
    assert registry.tags() == []
    with pytest.raises(DockyardError, match="is not in the registry"):
        registry.size(f"sha256:{'0' * 64}")


def test_a_second_tag_is_the_same_bytes(pushed: tuple[Registry, str]) -> None:
    registry, _ = pushed
    manifest = registry.manifest("v1")
    assert manifest is not None
    registry.put(manifest, "latest")
    assert registry.digest("latest") == manifest.digest
    assert sorted(registry.tags()) == ["latest", "v1"]


def test_an_index_holds_its_images(pushed: tuple[Registry, str]) -> None:
    registry, image_id = pushed
    manifest = registry.manifest("v1")
    assert manifest is not None
    index = index_of({"linux/amd64": manifest})
    registry.put(index, "both")
    found = registry.manifest("both")
    assert found == index
    assert registry.images(index) == [manifest]
    assert registry.config(index.digest)["os"] == "linux"
    assert registry.size(index.digest) == registry.size(manifest.digest)
    assert registry.holds(index, [image_id])
    assert registry.holds(manifest, [image_id])
    assert registry.holds(manifest, [manifest.digest])
    assert not registry.holds(manifest, ["sha256:other"])
    assert not registry.holds(index, [image_id, "sha256:other"])


def test_a_manifest_that_the_registry_does_not_take(repository: str) -> None:
    content = b'{"schemaVersion":2,"mediaType":"x"}'
    with pytest.raises(DockyardError, match=r"cannot answer PUT manifests/v1: .*status 400"):
        Registry(repository).put(Manifest(digest_of(content), DOCKER_MANIFEST, content), "v1")


def test_nobody_answers() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(DockyardError) as caught:
            Registry(f"{host}/api").digest("v1")
    assert str(caught.value.message) == (
        f"The registry {host} does not answer: Connection refused; `inv local.up` starts one."
    )


@pytest.fixture
def guarded(monkeypatch: pytest.MonkeyPatch) -> Iterator[Guarded]:
    monkeypatch.setattr(registries, "PAUSES", (0.0, 0.0))
    with serving(Guarded(anonymous=True)) as server:
        yield server


def test_all_four_manifest_types_are_accepted(guarded: Guarded) -> None:
    Registry(guarded.image).digest("v1")
    assert guarded.accepted[-1].split(", ") == [
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    ]


def test_all_pages_of_tags_are_read(guarded: Guarded) -> None:
    guarded.content = b'{"tags":["v1","v2"]}'
    guarded.scheme = "open"
    guarded.links = ['</v2/team/api/tags/list?last=v2>; rel="next"', ""]
    assert Registry(guarded.image).tags() == ["v1", "v2", "v1", "v2"]
    assert [path for _, path, *_ in guarded.asked] == ["/v2/team/api/tags/list", "/v2/team/api/tags/list?last=v2"]


def test_a_digest_is_fetched_where_head_does_not_tell(guarded: Guarded) -> None:
    guarded.headers = {"Docker-Content-Digest": ""}
    assert Registry(guarded.image).digest("v1") == digest_of(MANIFEST)
    assert [method for method, *_ in guarded.asked] == ["HEAD", "GET", "HEAD", "GET"]


def test_a_digest_that_is_not_that_of_the_bytes(guarded: Guarded) -> None:
    guarded.headers = {"Docker-Content-Digest": f"sha256:{'0' * 64}"}
    with pytest.raises(DockyardError, match=f"but its bytes are {digest_of(MANIFEST)}"):
        Registry(guarded.image).manifest("v1")
    guarded.headers = {"Docker-Content-Digest": ""}
    with pytest.raises(DockyardError, match=f"says sha256:{'1' * 64}"):
        Registry(guarded.image).manifest(f"sha256:{'1' * 64}")


def test_a_busy_registry_is_asked_again(guarded: Guarded) -> None:
    guarded.statuses = [429, 503]
    assert Registry(guarded.image).digest("v1") == digest_of(MANIFEST)
    guarded.statuses = [503, 503, 503]
    with pytest.raises(DockyardError, match=r"cannot answer GET manifests/v1: status 503 it is \(status 503\)\."):
        Registry(guarded.image).manifest("v1")


def test_a_forbidden_repository(guarded: Guarded) -> None:
    guarded.statuses = [403]
    with pytest.raises(DockyardError, match=r"refuses team/api \(status 403\): type `docker login"):
        Registry(guarded.image).digest("v1")


def test_a_repository_that_must_be_made_first(guarded: Guarded) -> None:
    guarded.statuses = [404]
    with pytest.raises(
        DockyardError,
        match=r"has no repository team/api \(status 404 it is \(status 404\)\): make it there, or mend IMAGE\.",
    ):
        Registry(guarded.image).put(Manifest(digest_of(MANIFEST), DOCKER_MANIFEST, MANIFEST), "v1")


def test_a_tag_that_somebody_else_moves(guarded: Guarded) -> None:
    guarded.statuses = [200, 200, 201]
    content = b"other"
    with pytest.raises(DockyardError, match="somebody else moves it"):
        Registry(guarded.image).put(Manifest(digest_of(content), DOCKER_MANIFEST, content), "v1")


def test_what_is_no_registry(guarded: Guarded) -> None:
    guarded.content = b"<html>"
    guarded.headers = {"Content-Type": "text/html"}
    registry = Registry(guarded.image)
    with pytest.raises(DockyardError, match="is text/html, no image of today's kind"):
        registry.manifest("v1")
    with pytest.raises(DockyardError, match="something that is no JSON"):
        registry.tags()


def test_a_registry_elsewhere_is_asked_with_tls() -> None:
    registry = Registry("ghcr.io/team/api")
    assert registry.repository.url == "https://ghcr.io/v2/team/api"
