"""What a repository lists: one entry a digest, the newest first."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tasks.errors import DockyardError
from tasks.image import catalog
from tasks.image.catalog import Entry
from tasks.image.manifest import DOCKER_MANIFEST, Manifest, digest_of, index_of
from tasks.image.recipe import REVISION
from tasks.image.registry import Registry

from .handmade import layer, push


def config(day: int, **more: Any) -> dict[str, Any]:
    labels = {REVISION: f"{day}" * 40}
    return {"created": f"2026-11-{day:02}T10:00:00.123456789Z", "config": {"Labels": labels}, **more}


def test_one_entry_a_digest_with_all_its_tags_the_newest_first(registry: str, repository: str) -> None:
    there = Registry(repository)
    old = push(there, "v1", [layer({"a": b"1"})], config(1))
    new = push(there, "v2", [layer({"a": b"12"})], config(2))
    other = push(there, f"inputs-{'0' * 64}", [layer({"a": b"12"})], config(3, architecture="arm64"))
    for tag in ("latest", f"inputs-{'1' * 64}", "api-2"):
        there.put(new, tag)
    index = index_of({"linux/amd64": old, "linux/arm64": other})
    there.put(index, "both")
    said: list[str] = []

    found = catalog.read(Registry(repository), said.append)

    assert found[:2] == [
        Entry(other.digest, (), there.size(other.digest), at(3), "3" * 40, ("linux/arm64",)),
        Entry(new.digest, ("api-2", "latest", "v2"), there.size(new.digest), at(2), "2" * 40, ("linux/amd64",)),
    ]
    both = ("linux/amd64", "linux/arm64")
    assert {each.tags[0]: each for each in found[2:]} == {
        "v1": Entry(old.digest, ("v1",), there.size(old.digest), at(1), "1" * 40, ("linux/amd64",)),
        "both": Entry(index.digest, ("both",), there.size(index.digest), at(1), "1" * 40, both),
    }
    assert found[1].built == "2026-11-02T10:00:00Z"
    assert said == []


def at(day: int) -> datetime:
    return datetime(2026, 11, day, 10, 0, 0, 123456, tzinfo=UTC)


def test_what_is_no_image_is_listed_or_said(registry: str, repository: str) -> None:
    there = Registry(repository)
    push(there, "v1", [layer({"a": b"1"})], {"created": "", "config": None})
    unlike = b'{"schemaVersion":2,"mediaType":"%s","config":{"mediaType":"x/y","digest":"%s","size":2},"layers":[]}'
    config = there.manifest("v1")
    assert config
    content = unlike % (DOCKER_MANIFEST.encode(), config.config.encode())
    there.put(Manifest(digest_of(content), DOCKER_MANIFEST, content), "chart")
    found = catalog.read(there, print)
    assert {each.tags: (each.built, each.git_sha) for each in found} == {("v1",): ("", ""), ("chart",): ("", "")}


def test_an_empty_repository_and_a_registry_that_is_down(registry: str, repository: str) -> None:
    assert catalog.read(Registry(repository), print) == []
    with pytest.raises(DockyardError, match="does not answer"):
        catalog.read(Registry("127.0.0.1:9/a"), print)


def test_a_tag_that_cannot_be_read_is_said_and_left_out(
    registry: str, repository: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = Registry(repository)
    good = push(there, "v1", [layer({"a": b"1"})])
    there.put(good, "old")
    manifest = there.manifest

    def read(reference: str) -> Manifest | None:
        if reference == "old":
            raise DockyardError("old is of no type.")
        return manifest(reference)

    monkeypatch.setattr(there, "manifest", read)
    said: list[str] = []
    assert [each.tags for each in catalog.read(there, said.append)] == [("v1",)]
    assert said == ["Left out: old is of no type."]
