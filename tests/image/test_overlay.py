"""What layers hide of each other, by exact value."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping

import pytest

from tasks.image.overlay import Twice, contents, normal, twice

from .handmade import layer

Files = Mapping[str, bytes | None]


def wasted(*layers: Files | bytes) -> list[Twice]:
    archives = [each if isinstance(each, bytes) else layer(each) for each in layers]
    return twice([contents(tarfile.open(fileobj=io.BytesIO(each))) for each in archives])


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        (({"a": b"12345"}, {"b": b"1"}), []),
        (({"a": b"12345"}, {"a": b"1"}), [Twice("/a", 5, (1, 2))]),
        (({"a": b"12345"}, {".wh.a": b""}), [Twice("/a", 5, (1, 2))]),
        (({"a": b"12345"}, {"a": b"123"}, {"b": b"1"}, {"a": b"1"}), [Twice("/a", 8, (1, 2, 4))]),
        (({"a": b"12345"}, {".wh.a": b""}, {"a": b"1"}), [Twice("/a", 5, (1, 2))]),
        (({"a": b""}, {"a": b"12345"}), []),
        (({"./d/": None, "./d/a": b"123"}, {"d": None, "/d/a": b"1"}), [Twice("/d/a", 3, (1, 2))]),
        (({"d": None, "d/a": b"1"}, {"d": None, "d/b": b"1"}), []),
        (
            ({"d/a": b"123", "d/e/b": b"12", "dd": b"1"}, {".wh.d": b""}),
            [Twice("/d/a", 3, (1, 2)), Twice("/d/e/b", 2, (1, 2))],
        ),
        (
            ({"d/a": b"123", "d/e/b": b"12", "f": b"1"}, {"d/a": b"1", "d/.wh..wh..opq": b""}),
            [Twice("/d/a", 3, (1, 2)), Twice("/d/e/b", 2, (1, 2))],
        ),
        (({"a": b"1"}, {".wh..wh..opq": b"", "b": b"1"}), [Twice("/a", 1, (1, 2))]),
        (({"d/a": b"123"}, {"d": b"1"}), [Twice("/d/a", 3, (1, 2))]),
        (({"d": b"123"}, {"d": None, "d/a": b"1"}), [Twice("/d", 3, (1, 2))]),
        (({"d/a": b"123"}, {".wh.d": b"", "d": None, "d/a": b"12"}, {"d/a": b"1"}), [Twice("/d/a", 5, (1, 2, 3))]),
        (({".wh.a": b"", "a": b"1"},), []),
        (({"a": b"1", "b": b"123", "c": b"123"}, {"a": b"", "b": b"", "c": b""}), ["/b", "/c", "/a"]),
    ],
)
def test_what_a_later_layer_hides(layers: tuple[Files, ...], expected: list[Twice | str]) -> None:
    found = wasted(*layers)
    assert found == expected or [each.path for each in found] == expected


def test_a_file_that_a_hard_link_still_shows_wastes_nothing() -> None:
    linked = layer({"a": b"12345"}, {"b": "./a"})
    assert wasted(linked, {".wh.a": b""}) == []
    assert wasted(linked, {".wh.b": b""}) == []
    assert wasted(linked, {".wh.a": b"", "b": b"1"}) == [Twice("/a", 5, (1, 2))]
    assert wasted(linked, {".wh.b": b""}, {".wh.a": b""}) == [Twice("/a", 5, (1, 3))]


def test_a_path_is_that_from_the_root_and_can_be_printed() -> None:
    assert normal("./usr//bin/") == "usr/bin"
    assert normal("/../etc/x") == "etc/x"
    assert normal("caf\udce9") == "caf\ufffd"
    assert normal(".") == ""
