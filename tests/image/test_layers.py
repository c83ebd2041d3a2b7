"""Layers streamed from the registry: their sizes, steps, and what is in them twice."""

from __future__ import annotations

import gzip
import io
import os
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import docker
import pytest

from tasks.errors import DockyardError
from tasks.image import layers
from tasks.image.manifest import index_of
from tasks.image.overlay import Twice
from tasks.image.registry import Registry

from .guarded import Guarded, serving
from .handmade import layer, push

DOCKERFILE = """\
FROM debian:bookworm-slim
COPY data /data
ARG TOKEN=hush
RUN rm /data/big && printf 12345 > /data/again
ENV A=b
RUN printf 1 > /data/again
"""


def quiet(_: str) -> None:
    """Nobody listens."""


def test_what_the_builder_made(engine: docker.DockerClient, repository: str, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "big").write_bytes(os.urandom(300_000))
    (tmp_path / "data" / "small").write_bytes(b"1" * 70)
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    image, _ = engine.images.build(path=str(tmp_path), tag=f"{repository}:v1", rm=True)
    for event in engine.api.push(repository, "v1", stream=True, decode=True):
        assert "error" not in event
    registry = Registry(repository)
    manifest = registry.manifest("v1")
    assert manifest

    report = layers.read(registry, manifest, "linux/amd64", quiet)

    assert report.twice == (Twice("/data/big", 300_000, (2, 3)), Twice("/data/again", 5, (3, 4)))
    assert report.wasted == 300_005
    assert [each.uncompressed for each in report.layers[1:]] == [300_070, 5, 1]
    assert [each.step for each in report.layers[2:]] == [
        "RUN rm /data/big && printf 12345 > /data/again",
        "RUN printf 1 > /data/again",
    ]
    assert report.layers[1].step.startswith("COPY dir:")
    assert [(each.number, each.digest, each.size) for each in report.layers] == [
        (number, each["digest"], each["size"]) for number, each in enumerate(manifest.document["layers"], 1)
    ]
    assert report.layers[1].size > 300_000
    known = [each["Size"] for each in image.history() if each["Size"]]
    assert [each.uncompressed for each in report.layers[:0:-1]] == known[:3], "as the engine counts them"
    assert (report.size, report.platform) == (registry.size(manifest.digest), "linux/amd64")


@pytest.mark.parametrize(
    "pack",
    [
        bytes,
        gzip.compress,
        lambda plain: gzip.compress(plain[:700]) + gzip.compress(plain[700:]),
        lambda plain: gzip.compress(plain) + b"\0" * 512,
    ],
    ids=["plain", "gzip", "gzip in members", "gzip with padding"],
)
def test_however_a_layer_is_packed(registry: str, repository: str, pack: Callable[[bytes], bytes]) -> None:
    there = Registry(repository)
    manifest = push(there, "v1", [pack(layer({"a": b"12345"})), pack(layer({"a": b"123"}))])
    report = layers.read(there, manifest, "linux/amd64", quiet)
    assert [each.uncompressed for each in report.layers] == [5, 3]
    assert report.twice == (Twice("/a", 5, (1, 2)),)
    assert [each.step for each in report.layers] == ["", ""]


@pytest.mark.parametrize(
    "unread",
    [b"\x28\xb5\x2f\xfd" + b"\0" * 100, gzip.compress(layer({"a": b"1"}))[:-20], b"no archive" * 100],
    ids=["zstd", "cut off", "no archive"],
)
def test_a_layer_whose_files_cannot_be_read_is_listed(registry: str, repository: str, unread: bytes) -> None:
    there = Registry(repository)
    manifest = push(there, "v1", [layer({"a": b"12345"}), unread, layer({"a": b"1"})])
    report = layers.read(there, manifest, "linux/amd64", quiet)
    assert [(each.size, each.uncompressed) for each in report.layers][1] == (len(unread), None)
    assert report.twice == (Twice("/a", 5, (1, 3)),)


def test_of_an_index_the_platform_that_is_asked_for(registry: str, repository: str) -> None:
    there = Registry(repository)
    amd64 = push(there, "a", [layer({"a": b"1"})])
    arm64 = push(there, "b", [layer({"a": b"12"})], {"architecture": "arm64"})
    index = index_of({"linux/amd64": amd64, "linux/arm64": arm64})
    assert layers.read(there, index, "linux/arm64", quiet).digest == arm64.digest
    assert layers.read(there, index, "linux/s390x", quiet).platform == "linux/amd64"


def test_a_large_layer_is_never_held_whole(registry: str, repository: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "LARGE", 1_000_000)
    there = Registry(repository)
    content = os.urandom(1_000_000) * 40
    manifest = push(there, "v1", [gzip.compress(layer({"a": content}), 1)])
    said: list[str] = []
    tracemalloc.start()
    try:
        report = layers.read(there, manifest, "linux/amd64", said.append)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert report.layers[0].uncompressed == 40_000_000
    assert peak < 10_000_000
    assert [line.partition(" with")[0] for line in said] == ["Reading 1 layers", f"Read {report.layers[0].digest[:19]}"]


def test_bytes_that_are_not_the_digests_are_refused() -> None:
    content = layer({"a": b"1"}) + b"\0" * 1_000_000  # what an archive ends with belongs to the digest
    with serving(Guarded(anonymous=True, content=content)) as guarded:
        with pytest.raises(DockyardError, match=r"says sha256:0{64} of .*, but its bytes are sha256:"):
            layers.contents(Registry(guarded.image), f"sha256:{'0' * 64}", threading.Event())
        assert [path.partition("?")[0] for _, path, *_ in guarded.asked].count("/token") == 1


def test_a_blob_that_breaks_off_or_is_gone(registry: str, repository: str) -> None:
    with (
        serving(Guarded(scheme="open", content=b"1", headers={"Content-Length": "9"})) as guarded,
        pytest.raises(DockyardError, match="does not answer: the connection broke off"),
    ):
        list(Registry(guarded.image).blob(f"sha256:{'0' * 64}"))
    with pytest.raises(DockyardError, match="is gone from the registry; push the image again"):
        list(Registry(repository).blob(f"sha256:{'0' * 64}"))


def test_one_layer_that_fails_stops_the_others(registry: str, repository: str, monkeypatch: pytest.MonkeyPatch) -> None:
    there = Registry(repository)
    manifest = push(there, "v1", [layer({"a": b"1"}), layer({"b": b"1"})])
    first, second = (each["digest"] for each in manifest.document["layers"])
    stopped = threading.Event()

    def blob(digest: str) -> Any:
        if digest == second:
            raise DockyardError("It is gone.")
        while True:  # a layer without end
            stopped.wait(0.01)
            yield b"\0" * 512

    monkeypatch.setattr(there, "blob", blob)
    with pytest.raises(DockyardError, match="It is gone"):
        layers.fetch(there, {first: 2, second: 1}, quiet)


def test_a_file_of_parts_is_read_as_one() -> None:
    def parts() -> Any:
        yield from (b"12", b"", b"345")

    blob = layers.Blob(parts(), threading.Event())
    assert io.BufferedReader(blob, 2).read() == b"12345"
