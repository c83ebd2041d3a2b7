"""How many bytes go with an image: those of the layers that no other image has.

BuildKit's cache may go on using a layer, which `docker builder prune` ends.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

METADATA = re.compile(
    r"\S+ -c #\(nop\) +(?!ADD |COPY |WORKDIR )"
    r"|(ARG|CMD|ENTRYPOINT|ENV|EXPOSE|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|SHELL|STOPSIGNAL|USER|VOLUME) "
)


@dataclass(frozen=True)
class Stack:
    """An image's layers, the lowest first, and the bytes of each, where they are known."""

    id: str
    layers: tuple[str, ...]
    sizes: tuple[int, ...] = ()


def stack(inspected: Mapping[str, Any], history: Sequence[Mapping[str, Any]] = ()) -> Stack:
    """An image as the engine inspects it, and its history, the newest step first."""
    layers = tuple((inspected.get("RootFS") or {}).get("Layers") or ())
    return Stack(inspected["Id"], layers, sizes(history, len(layers)))


def sizes(history: Sequence[Mapping[str, Any]], layers: int) -> tuple[int, ...]:
    """The bytes of each layer. The engine does not say which steps made one: those with bytes, and all but metadata.

    Where that does not come out even, the bytes are counted as low as can be: there they are shared, and stay.
    """
    steps = [(int(each["Size"]), str(each["CreatedBy"])) for each in reversed(history)]
    made = [size for size, said in steps if size or not METADATA.match(said)]
    if len(made) != layers:
        made = [size for size, _ in steps if size][:layers]
    return (*made, *[0] * (layers - len(made)))


def freed(going: Iterable[Stack], staying: Iterable[Stack]) -> dict[str, int]:
    """The bytes that go with each image, by id; of a layer that several of them share with the first."""
    held = {chain for each in staying for chain in chains(each.layers)}
    found: dict[str, int] = {}
    for each in going:
        own = [(chain, size) for chain, size in zip(chains(each.layers), each.sizes, strict=True) if chain not in held]
        found[each.id] = sum(size for _, size in own)
        held.update(chain for chain, _ in own)
    return found


def chains(layers: Iterable[str]) -> list[str]:
    """What identifies each layer together with those below it."""
    found, below = list[str](), ""
    for layer in layers:
        below = hashlib.sha256(f"{below} {layer}".encode()).hexdigest()
        found.append(below)
    return found
