"""An image as the engine saves it, read while it comes: its layers, however large they are."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

from docker.models.images import Image

from .projects import layers

CHUNK = 1 << 16  # tarfile copies the rest of it for each name


@dataclass(frozen=True)
class Layer:
    """One layer: its digest as the image's configuration has it, the names in it, and which of the words it holds."""

    digest: str
    names: frozenset[str]
    held: frozenset[bytes]


def own(image: Image, base: Image, words: Sequence[str]) -> list[Layer]:
    """The layers that an image has over its base's, searched for words."""
    found = {layer.digest: layer for layer in saved(image, [word.encode() for word in words])}
    return [found[digest] for digest in layers(image)[len(layers(base)) :]]


def saved(image: Image, words: Sequence[bytes]) -> Iterator[Layer]:
    """All its layers, one after another."""
    whole = io.BufferedReader(Chunks(image.save()), CHUNK)
    with tarfile.open(fileobj=whole, mode="r|", bufsize=CHUNK) as members:
        for member in members:
            content = members.extractfile(member) if member.isfile() else None
            layer = read(content, words) if content else None
            if layer:
                yield layer


def read(content: IO[bytes], words: Sequence[bytes]) -> Layer | None:
    """One file of a saved image; None for one that is no layer."""
    searched = Searched(content, words)
    buffered = io.BufferedReader(searched, CHUNK)
    try:
        with tarfile.open(fileobj=buffered, mode="r|", bufsize=CHUNK) as members:
            names = frozenset(member.name for member in members)
    except tarfile.ReadError:
        return None
    while buffered.read(CHUNK):
        pass
    return Layer(f"sha256:{searched.digest.hexdigest()}", names, frozenset(searched.held))


class Chunks(io.RawIOBase):
    """What an iterator yields, as a file."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.chunks, self.rest = iter(chunks), memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        if not self.rest:
            self.rest = memoryview(next(self.chunks, b""))
        count = min(len(into), len(self.rest))
        into[:count], self.rest = self.rest[:count], self.rest[count:]
        return count


class Searched(io.RawIOBase):
    """A file that is searched for words, and hashed, as it is read."""

    def __init__(self, content: IO[bytes], words: Sequence[bytes]) -> None:
        self.content, self.words = content, words
        self.digest, self.held = hashlib.sha256(), set[bytes]()
        self.end = b""

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        piece = self.content.read(len(into))
        self.digest.update(piece)
        text = self.end + piece
        self.held |= {word for word in self.words if word in text}
        self.end = text[-max(map(len, self.words)) :]
        into[: len(piece)] = piece
        return len(piece)
