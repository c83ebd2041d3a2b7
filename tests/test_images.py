"""`images`: what was pushed, and what its layers cost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from tasks.image.pin import Pin, write
from tasks.image.registry import Registry
from tasks.images import digests
from tasks.target import Current, Instance, Release, Revision, Traffic
from tests.conftest import Dockyard, Inv, Project
from tests.image.handmade import layer, push
from tests.image.tidy import empty
from tests.service import Service


@pytest.fixture
def repository(repository: str, engine: docker.DockerClient) -> Iterator[str]:
    """A repository of this test's own, emptied afterwards on the engine and in the registry."""
    yield repository
    empty(engine, repository)


@pytest.fixture
def root(project: Project, service: str, repository: str) -> Path:
    """A project with nothing deployed."""
    return project(local=f"TARGET=docker\nSERVICE={service}\nIMAGE={repository}\n")


def made(day: int) -> dict[str, object]:
    return {"created": f"2026-11-{day:02}T10:00:00Z"}


def test_what_serves_and_what_is_pinned_is_marked(api: Service, inv: Inv) -> None:
    first = inv("release --env=local --json").document
    (api.root / "env" / "prod.lock").write_text(api.lock.read_text())
    api.change(f"two of {api.service}")  # which no build has cached: an image is as old as its newest layer
    second = inv("release --env=local --json --also=latest").document

    listed = inv("images --env=local --json").document

    seconds = listed.pop("seconds")
    assert seconds > 0
    images = listed.pop("images")
    assert listed == {"env": "local", "target": "docker", "service": api.service, "image": api.repository}
    assert [(each["digest"], each["tags"], each["serving"], each["pinned"]) for each in images] == [
        (second["digest"], sorted([second["tag"], "latest"]), True, ["local"]),
        (first["digest"], [first["tag"]], False, ["prod"]),
    ]
    assert [each["size"] for each in images] == [second["size"], first["size"]]
    assert all(each["git_sha"].startswith(each["tags"][0]) for each in images)
    assert images[0]["platforms"] == ["linux/amd64"]
    shown = inv("images --env=local").out.splitlines()
    assert [line.split("(")[-1] for line in shown] == ["serves; pinned by local)", "pinned by prod)"]
    assert shown[0].startswith(second["digest"])
    assert "inputs-" not in "".join(shown)


def test_the_newest_so_many(root: Path, repository: str, dockyard: Dockyard) -> None:
    there = Registry(repository)
    for day in range(1, 13):
        push(there, f"v{day}", [layer({"a": b"1"})], made(day))
    found = dockyard("images --env=local --json", root).document["images"]
    assert [each["tags"] for each in found] == [[f"v{day}"] for day in range(12, 2, -1)]
    assert len(dockyard("images --env=local --json --limit=0", root).document["images"]) == 12
    said = dockyard("images --env=local --limit=1", root)
    assert len(said.out.splitlines()) == 1
    assert "11 older ones are not shown; --limit=0 shows all." in said.err


def test_an_engine_that_is_down_is_said_and_does_no_harm(
    root: Path, repository: str, dockyard: Dockyard, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(Registry(repository), "v1", [layer({"a": b"1"})], made(1))
    (root / "env" / "prod.lock").write_text("IMAGE=x\n")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nobody/is/here.sock")
    listed = dockyard("images --env=local --json", root)
    assert listed.code == 0
    assert "Which image serves is not known: No Docker engine answers" in listed.err
    assert "prod.lock:1 has no DIGEST" in listed.err
    assert [(each["tags"], each["serving"]) for each in listed.document["images"]] == [(["v1"], None)]


def test_layers_of_the_pinned_image_else_of_the_newest(root: Path, repository: str, dockyard: Dockyard) -> None:
    there = Registry(repository)
    old = push(there, "v1", [layer({"a": b"12345", "x": b"1"}), layer({"a": b"1"})], made(1))
    new = push(there, "v2", [layer({"a": b"1"})], made(2))
    assert dockyard("images --env=local --layers --json", root).document["digest"] == new.digest
    write(root, "local", Pin(repository, old.digest, "v1"))

    report = dockyard("images --env=local --layers --json", root).document

    del report["seconds"], report["service"]
    sizes = [each["size"] for each in old.document["layers"]]
    assert report == {
        "env": "local",
        "target": "docker",
        "image": repository,
        "digest": old.digest,
        "tag": "",
        "platform": "linux/amd64",
        "size": there.size(old.digest),
        "layers": [
            {"number": number, "digest": each["digest"], "size": size, "uncompressed": files, "step": ""}
            for number, each, size, files in zip((1, 2), old.document["layers"], sizes, (6, 1), strict=True)
        ],
        "twice": [{"path": "/a", "bytes": 5, "layers": [1, 2]}],
        "wasted": 5,
    }
    assert dockyard("images --env=local --layers --tag=v2 --json", root).document["digest"] == new.digest


def test_layers_for_people(root: Path, repository: str, dockyard: Dockyard) -> None:
    files = {f"f{number:02}": b"1" * (100 - number) for number in range(11)}
    zstd = b"\x28\xb5\x2f\xfd" + b"\0" * 100
    steps = [{"created_by": "COPY a / # buildkit"}, {"created_by": "RUN " + "x" * 90}, {"created_by": "COPY b /"}]
    again = layer({**files, "f\x1b[31m": b"1"})
    push(Registry(repository), "v1", [layer({**files, "f\x1b[31m": b"1" * 999}), zstd, again], {"history": steps})
    shown = dockyard("images --env=local --layers", root)
    lines = shown.out.splitlines()
    assert [line.split(maxsplit=1)[0] for line in lines[1:4]] == ["1", "2", "3"]
    assert lines[1].endswith("COPY a /")
    assert lines[2].endswith("x… (files not read)")
    assert lines[4].split()[0] == "all"
    assert lines[5] == "12 files are in it and not seen, with 2.044 kB; the largest:"
    assert lines[6].split(maxsplit=2) == ["999", "B", "/f?[31m (layers 1, 3)"]
    assert len(lines) == 16
    assert "Files of some layers were not read" in shown.err


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ("--limit=many", "--limit=many is not a number of images; try --limit=10, or --limit=0 for all."),
        ("--tag=v1", "--tag=v1 names the image whose layers are wanted: add --layers."),
        ("--layers", "has no image yet; push one: inv push --env=local"),
        ("--layers --tag=v9", ":v9 is not in the registry: type inv push --env=local first."),
    ],
)
def test_what_cannot_be_asked(root: Path, dockyard: Dockyard, registry: str, flags: str, sentence: str) -> None:
    refused = dockyard(f"images --env=local {flags}", root)
    assert refused.code == 1
    assert sentence in refused.err


def test_an_empty_repository(root: Path, repository: str, dockyard: Dockyard) -> None:
    listed = dockyard("images --env=local", root)
    assert (listed.code, listed.out) == (0, f"{repository} has no image yet; push one: inv push --env=local\n")


def test_what_serves_is_what_runs_with_traffic() -> None:
    first, second, third = (f"sha256:{digit * 64}" for digit in "123")
    revision = Revision("a", Release("r/api", first))
    instances = tuple(Instance(name, name, "web", "running", digest) for name, digest in (("b", second), ("c", third)))
    shares = (Traffic("b", 90), Traffic("c", 0, "staging"))
    assert digests(Current(revision, shares, instances)) == {second}
    assert digests(Current(revision, (Traffic("a", 100),), instances)) == {first}
    assert digests(Current(None)) == set()
