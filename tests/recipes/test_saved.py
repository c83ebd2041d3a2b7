"""How the recipes' tests search an image: what was taken away again is found, and what the base has is left out."""

from __future__ import annotations

import io
from pathlib import Path

import docker

from tasks.bases import DEBIAN
from tasks.image import Recipe
from tasks.image.buildkit import BuildKit

from .saved import Searched, own

WRITTEN = f"FROM {DEBIAN}\nRUN echo swordfish >/token\nRUN rm /token; echo else >/other\n"


def test_a_layer_holds_what_the_next_one_removes(engine: docker.DockerClient, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(WRITTEN)
    built = BuildKit(engine).build(Recipe(tmp_path / "Dockerfile", tmp_path), "linux/amd64")
    try:
        first, second = own(engine.images.get(built.image_id), engine.images.get(DEBIAN), ["swordfish", "Debian"])
    finally:
        engine.images.remove(built.image_id, force=True)
    assert "token" in first.names
    assert first.held == {b"swordfish"}
    assert {"token", "other"} & second.names == {"other"}
    assert not second.held


def test_a_word_is_found_across_what_is_read_at_once() -> None:
    searched = Searched(io.BytesIO(b"a swordfish of two"), [b"swordfish", b"two", b"three"])
    while searched.read(4):
        pass
    assert searched.held == {b"swordfish", b"two"}
