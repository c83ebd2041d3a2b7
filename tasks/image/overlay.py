"""Layers on top of each other: which files a later layer writes again or removes, and what the earlier copy wastes.

Whiteouts are those of the OCI image specification: `.wh.NAME` removes NAME of the layers below, `.wh..wh..opq` all that
its directory has there.
"""

from __future__ import annotations

import posixpath
import tarfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"


@dataclass
class Contents:
    """What one layer says. `files` is the bytes by path; a hard link has none, and the path that it is a link to."""

    files: dict[str, int] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    directories: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    opaque: set[str] = field(default_factory=set)

    @property
    def size(self) -> int:
        """The bytes of its files."""
        return sum(self.files.values())


@dataclass(frozen=True)
class Twice:
    """A file with bytes that nobody sees. `layers`, from 1, are those that wrote such a copy and that hid it."""

    path: str
    bytes: int
    layers: tuple[int, ...]


def contents(members: Iterable[tarfile.TarInfo]) -> Contents:
    """A layer's tar archive, member by member."""
    found = Contents()
    for member in members:
        path = normal(member.name)
        folder, name = posixpath.split(path)
        if name == OPAQUE:
            found.opaque.add(folder)
        elif name.startswith(WHITEOUT):
            found.removed.add(posixpath.join(folder, name.removeprefix(WHITEOUT)))
        elif member.isdir():
            found.directories.add(path)
        else:
            found.files[path] = member.size if member.isreg() else 0
            if member.islnk():
                found.links[path] = normal(member.linkname)
    return found


def normal(path: str) -> str:
    """A path from the root, without a slash at either end; what is no UTF-8 is replaced."""
    clean = path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return posixpath.normpath(f"/{clean.lstrip('/')}")[1:]


def twice(layers: Sequence[Contents]) -> list[Twice]:
    """Files with bytes that nobody sees, the most bytes first. One that a hard link still shows wastes nothing."""
    stack = Stack()
    for number, layer in enumerate(layers, 1):
        stack.add(number, layer)
    return sorted(stack.wasted(layers), key=lambda each: (-each.bytes, each.path))


class Stack:
    """The layers so far: where each visible file lies, and who hid the others."""

    def __init__(self) -> None:
        self.visible: dict[str, int] = {}
        self.parents: set[str] = set()  # folders that files were ever in
        self.hidden: dict[str, dict[int, int]] = defaultdict(dict)  # path -> layer -> the layer that hides it

    def add(self, number: int, layer: Contents) -> None:
        """Put a layer on top. What it removes is removed first: its own files stay."""
        for path in layer.removed:
            self._hide(path, number)
            self._hide_below(path, number)
        for path in layer.opaque:
            self._hide_below(path, number)
        for path in layer.directories:
            self._hide(path, number)
        for path in layer.files:
            self._hide(path, number)
            self._hide_below(path, number)
        for path in layer.files:
            self.visible[path] = number
            while (path := posixpath.dirname(path)) not in self.parents:
                self.parents.add(path)

    def _hide(self, path: str, number: int) -> None:
        if (layer := self.visible.pop(path, 0)) > 0:
            self.hidden[path][layer] = number

    def _hide_below(self, folder: str, number: int) -> None:
        if folder in self.parents:
            within = f"{folder}/" if folder else ""
            for path in [each for each in self.visible if each.startswith(within)]:
                self._hide(path, number)

    def wasted(self, layers: Sequence[Contents]) -> Iterator[Twice]:
        """What is hidden, by path: the bytes of all its copies that no hard link of the same layer still shows."""
        shown = {(number, layers[number - 1].links.get(path, path)) for path, number in self.visible.items()}
        for path, by in self.hidden.items():
            copies = [number for number in by if (number, path) not in shown]
            lost = sum(layers[number - 1].files[path] for number in copies)
            if lost:
                yield Twice(f"/{path}", lost, tuple(sorted({*copies, *(by[number] for number in copies)})))
