"""What is checked before anything is pushed: architecture and size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import DockyardError

UNITS = ("B", "kB", "MB", "GB", "TB")
VARIANTS = {"arm64": "v8", "arm": "v7", "amd64": "v1"}  # what no variant means


def architecture(name: str, made: str, wanted: str) -> None:
    """Raise DockyardError if an image is `made` for another platform than `wanted` (`linux/amd64`)."""
    if same(made, wanted):
        return
    raise DockyardError(
        f"{name} is for {made}, but PLATFORM is {wanted}, where it would end with `exec format error`: "
        f"build on a base image for {wanted}, or set PLATFORM={made}."
    )


def same(made: str, wanted: str) -> bool:
    """Whether two platforms are one; `linux/arm64` is `linux/arm64/v8`."""
    return _whole(made) == _whole(wanted)


def of_config(config: Mapping[str, Any]) -> str:
    """The platform that an image's config says: `linux/amd64`."""
    return "/".join(part for part in (config.get(key) for key in ("os", "architecture", "variant")) if part)


def _whole(platform: str) -> tuple[str, str, str]:
    os, _, rest = platform.partition("/")
    architecture, _, variant = rest.partition("/")
    return os, architecture, variant or VARIANTS.get(architecture, "")


def size(name: str, made: int, limit: int | None) -> None:
    """Raise DockyardError if an image has more than `limit` bytes, uncompressed."""
    if limit is None or made <= limit:
        return
    raise DockyardError(
        f"{name} has {human(made)}, more than MAX_IMAGE_SIZE={human(limit)}: `docker history {name}` shows what is "
        "large; leave it out (.dockerignore, a build stage, no package caches), or raise MAX_IMAGE_SIZE."
    )


def human(size: float) -> str:
    """Bytes in decimal units, as Docker shows them: 1500000 is `1.5 MB`."""
    for unit in UNITS:
        if size < 1000 or unit == UNITS[-1]:
            break
        size /= 1000
    return f"{size:.4g} {unit}"
