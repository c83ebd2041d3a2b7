"""What each layer of an image costs: streamed from the registry, several side by side, none of them held whole."""

from __future__ import annotations

import gzip
import io
import tarfile
import threading
import zlib
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from ..errors import DockyardError
from . import check, overlay, steps
from .manifest import Manifest
from .overlay import Contents, Twice
from .registry import PART, Registry

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

SIDE_BY_SIDE = 4  # layers at once
LARGE = 20_000_000  # compressed bytes from which on the reading is worth a line
GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"  # Python 3.11 has no decoder
FAULTS = (tarfile.TarError, zlib.error, gzip.BadGzipFile, EOFError)


@dataclass(frozen=True)
class Layer:
    """One layer. `size` is in bytes, compressed; `uncompressed` are its files' bytes, None where they were not read."""

    number: int
    digest: str
    size: int
    uncompressed: int | None
    step: str


@dataclass(frozen=True)
class Report:
    """An image's layers, the lowest first, and what is in them twice."""

    digest: str
    platform: str
    size: int
    layers: tuple[Layer, ...]
    twice: tuple[Twice, ...]

    @property
    def wasted(self) -> int:
        """Bytes that the image holds and nobody sees."""
        return sum(each.bytes for each in self.twice)


def read(registry: Registry, manifest: Manifest, platform: str, say: Callable[[str], None]) -> Report:
    """Read an image, of an index the one for `platform`, else its first. Raises DockyardError."""
    images = [each for each in registry.images(manifest) if each.config]
    made = {each.digest: check.of_config(registry.config(each.digest)) for each in images}
    image = next((each for each in images if check.same(made[each.digest], platform)), next(iter(images), None))
    if image is None:
        raise DockyardError(f"{registry.repository.familiar}@{manifest.digest} holds no image, so it has no layers.")
    layers = [(str(each["digest"]), int(each["size"])) for each in image.document["layers"]]
    found = fetch(registry, dict(layers), say)
    names = steps.of_layers(registry.config(image.digest), len(layers))
    return Report(
        digest=image.digest,
        platform=made[image.digest],
        size=registry.size(image.digest),
        layers=tuple(
            Layer(number, digest, size, each.size if (each := found[digest]) else None, step)
            for number, ((digest, size), step) in enumerate(zip(layers, names, strict=True), 1)
        ),
        twice=tuple(overlay.twice([found[digest] or Contents() for digest, _ in layers])),
    )


def fetch(registry: Registry, sizes: dict[str, int], say: Callable[[str], None]) -> dict[str, Contents | None]:
    """The contents of layers by digest, None for one whose files cannot be read. Raises DockyardError."""
    if sum(sizes.values()) >= LARGE:
        say(f"Reading {len(sizes)} layers with {check.human(sum(sizes.values()))}.")
    stopped = threading.Event()
    with ThreadPoolExecutor(SIDE_BY_SIDE) as side_by_side:
        try:
            largest_first = sorted(sizes, key=lambda digest: sizes[digest], reverse=True)
            asked = {side_by_side.submit(contents, registry, digest, stopped): digest for digest in largest_first}
            for done in as_completed(asked):
                if done.result() and sizes[asked[done]] >= LARGE:
                    say(f"Read {asked[done][:19]} with {check.human(sizes[asked[done]])}.")
        except BaseException:
            stopped.set()
            side_by_side.shutdown(wait=False, cancel_futures=True)
            raise
    return {digest: done.result() for done, digest in asked.items()}


def contents(registry: Registry, digest: str, stopped: threading.Event) -> Contents | None:
    """What is in one layer; None for a compression or an archive that cannot be read, of the right bytes though."""
    blob = Blob(registry.blob(digest), stopped)
    file = io.BufferedReader(blob, PART)
    begin = file.peek(len(ZSTD))
    if begin.startswith(ZSTD):
        blob.parts.close()
        return None
    try:
        plain = gzip.GzipFile(fileobj=file) if begin.startswith(GZIP) else file
        with tarfile.open(fileobj=plain, mode="r|", bufsize=PART) as tar:
            found = overlay.contents(forgetful(tar))
    except FAULTS:
        found = None
    while file.read(PART):
        pass  # to its end, where its digest is compared
    return found


def forgetful(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """The members of an archive, none of them kept: there can be a hundred thousand."""
    while member := tar.next():
        cast("Any", tar).members.clear()
        yield member


class Blob(io.RawIOBase):
    """The parts of a blob as a file that is read once. Ends early, with an error, once `stopped` is set."""

    def __init__(self, parts: Generator[bytes, None, None], stopped: threading.Event) -> None:
        self.parts = parts
        self.stopped = stopped
        self.left = memoryview(b"")

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the buffer with what comes next."""
        if self.stopped.is_set():
            raise DockyardError("Reading the layers was stopped.")
        while not self.left:
            part = next(self.parts, None)
            if part is None:
                return 0
            self.left = memoryview(part)
        into = memoryview(buffer).cast("B")
        size = min(len(into), len(self.left))
        into[:size], self.left = self.left[:size], self.left[size:]
        return size
