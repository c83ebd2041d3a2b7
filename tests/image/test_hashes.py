"""The cache of file hashes: what is trusted, and what happens to a broken one."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from tasks.image import hashes
from tasks.image.context import Entry, entries

YESTERDAY = time.time() - 86400


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A context of two files that the cache is used for, however small it is."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(hashes, "WORTH", 1)
    monkeypatch.setattr(hashes, "RACY", -1)  # as if every file had been changed long ago
    made = tmp_path / "context"
    made.mkdir()
    (made / "a").write_text("one")
    (made / "b\udcff").write_text("two")
    return made


def files(root: Path) -> list[Entry]:
    return entries(root / "Dockerfile", root)


def cached(root: Path) -> Path:
    path = hashes.path_of(root)
    assert path is not None
    return path


def poison(root: Path) -> None:
    """Write hashes into the cache that no file has, to see whether they are used."""
    path = cached(root)
    found = json.loads(path.read_text())
    found["files"] = {name: [*entry[:-1], "kept"] for name, entry in found["files"].items()}
    path.write_text(json.dumps(found))


def test_a_file_that_did_not_change_is_not_read_again(root: Path) -> None:
    first = hashes.of(root, files(root))
    assert first["a"] == hashes.digest(str(root / "a"))
    poison(root)
    assert hashes.of(root, files(root)) == {"a": "kept", "b\udcff": "kept"}


def test_a_change_is_seen_though_size_and_time_are_as_before(root: Path) -> None:
    os.utime(root / "a", (YESTERDAY, YESTERDAY))
    hashes.of(root, files(root))
    poison(root)
    (root / "a").write_text("ONE")
    os.utime(root / "a", (YESTERDAY, YESTERDAY))
    found = hashes.of(root, files(root))
    assert found == {"a": hashes.digest(str(root / "a")), "b\udcff": "kept"}
    (root / "other").write_text("ONE")
    os.utime(root / "other", (YESTERDAY, YESTERDAY))
    (root / "other").replace(root / "a")
    poison(root)
    assert hashes.of(root, files(root))["a"] == hashes.digest(str(root / "a"))


def test_a_file_just_changed_is_not_trusted(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(root.parent / "cache"))
    monkeypatch.setattr(hashes, "WORTH", 1)
    hashes.of(root, files(root))
    assert not cached(root).exists()


@pytest.mark.parametrize("text", ["", "[]", '{"form":"other","files":{}}', '{"form":"FORM","files":[1]}', "\x00{"])
def test_a_corrupt_cache_is_not_used(root: Path, text: str) -> None:
    before = hashes.of(root, files(root))
    cached(root).write_text(text.replace("FORM", hashes.FORM))
    assert hashes.of(root, files(root)) == before


@pytest.mark.parametrize("entry", [1, None, [], ["x"], [1, 2, 3, 4, 5]])
def test_a_corrupt_entry_is_not_used(root: Path, entry: object) -> None:
    before = hashes.of(root, files(root))
    found = json.loads(cached(root).read_text())
    found["files"]["a"] = [*found["files"]["a"][:-1], 7] if entry == [1, 2, 3, 4, 5] else entry
    cached(root).write_text(json.dumps(found))
    assert hashes.of(root, files(root)) == before


def test_a_cache_that_cannot_be_written_or_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = hashes.of(root, files(root))
    (root.parent / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(root.parent / "file"))
    assert hashes.of(root, files(root)) == before
    monkeypatch.setenv("XDG_CACHE_HOME", str(root.parent / "folder"))
    cached(root).mkdir(parents=True)
    assert hashes.of(root, files(root)) == before
    assert list(cached(root).parent.iterdir()) == [cached(root)], "nothing half written is left"


def test_the_cache_is_never_in_the_context(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(root / ".cache"))
    assert hashes.path_of(root) is None
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", str(root.parent))
    assert cached(root).is_relative_to(root.parent / ".cache" / "dockyard")


def test_a_small_context_is_not_remembered(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashes, "WORTH", 100)
    hashes.of(root, files(root))
    assert not cached(root).exists()


def test_what_nobody_uses_is_removed(root: Path) -> None:
    old = cached(root).with_name("old.json")
    old.parent.mkdir(parents=True)
    old.touch()
    os.utime(old, (1, 1))
    hashes.of(root, files(root))
    assert list(old.parent.iterdir()) == [cached(root)]
