"""How large an image in the registry is once it is unpacked, without fetching it: the last bytes of each layer tell."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

from .manifest import Manifest
from .registry import Registry

SIDE_BY_SIDE = 8  # layers at once
FULL = 1 << 32  # gzip keeps the length modulo this (RFC 1952, ISIZE)
GZIP = ("gzip", "tar.gzip")


def size(registry: Registry, manifest: Manifest) -> int:
    """Bytes of one platform's layers as tar archives, which is a little more than their files.

    A layer that does not tell counts with its compressed bytes. Raises DockyardError.
    """
    layers = manifest.document.get("layers", ())
    with ThreadPoolExecutor(SIDE_BY_SIDE) as side_by_side:
        return sum(
            side_by_side.map(
                lambda each: of_layer(registry, str(each["digest"]), int(each["size"]), str(each.get("mediaType", ""))),
                layers,
            )
        )


def of_layer(registry: Registry, digest: str, compressed: int, media_type: str) -> int:
    """Bytes of one layer, unpacked."""
    if not media_type.endswith(GZIP):
        return compressed
    response = registry.ask("GET", f"blobs/{digest}", stream=True, headers={"Range": "bytes=-4"})
    try:
        if response.status != HTTPStatus.PARTIAL_CONTENT:
            return compressed
        found = int.from_bytes(response.read()[-4:], "little")
    finally:
        response.close()
    while found < compressed // 2:  # more than 4 GiB
        found += FULL
    return found
