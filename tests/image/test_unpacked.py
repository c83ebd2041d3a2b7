"""How large an image of the registry is, unpacked."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Iterator

import docker
import pytest

from tasks.image import unpacked
from tasks.image.manifest import Manifest, digest_of
from tasks.image.registry import Registry

from .tidy import empty


@pytest.fixture
def repository(repository: str, engine: docker.DockerClient) -> Iterator[str]:
    yield repository
    empty(engine, repository)


@pytest.fixture
def stored(repository: str) -> Callable[..., Manifest]:
    """A manifest of layers that are really in the registry: `stored(gzip=b"...", tar=b"...")`."""
    registry = Registry(repository)

    def make(**layers: bytes) -> Manifest:
        described = []
        for kind, content in layers.items():
            begun = registry.ask("POST", "blobs/uploads/")
            where = str(begun.headers["Location"])
            where += f"{'&' if '?' in where else '?'}digest={digest_of(content)}"
            assert registry.ask("PUT", where, content=content).status == 201
            media = f"application/vnd.oci.image.layer.v1.tar{'' if kind == 'tar' else f'+{kind}'}"
            described.append({"digest": digest_of(content), "size": len(content), "mediaType": media})
        manifest = Manifest("sha256:0", "", b"")
        manifest.__dict__["document"] = {"layers": described}
        return manifest

    return make


def test_a_layer_tells_by_its_last_bytes(repository: str, stored: Callable[..., Manifest]) -> None:
    content = b"0" * 1_000_000
    packed = gzip.compress(content)
    assert len(packed) < 2000
    assert unpacked.size(Registry(repository), stored(gzip=packed)) == 1_000_000


def test_what_does_not_tell_counts_as_it_is(repository: str, stored: Callable[..., Manifest]) -> None:
    noise = os.urandom(5000)
    assert unpacked.size(Registry(repository), stored(tar=noise, zstd=noise[:3000])) == 8000


def test_a_real_image_is_about_as_large_as_its_engine_says(engine: docker.DockerClient, repository: str) -> None:
    image = engine.images.get("debian:bookworm-slim")
    image.tag(repository, "v1")
    engine.images.push(repository, "v1")
    registry = Registry(repository)
    manifest = registry.manifest("v1")
    assert manifest is not None
    counted = int(image.attrs["Size"])
    assert counted <= unpacked.size(registry, manifest) < counted * 1.2
    assert registry.size(manifest.digest) < counted * 0.6
    engine.images.remove(f"{repository}:v1")
