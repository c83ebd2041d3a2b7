"""What a repository of a registry holds: one entry for each digest, the newest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from ..errors import DockyardError
from . import check
from .images import NEVER, moment, utc
from .manifest import Manifest
from .recipe import REVISION
from .registry import Registry
from .tag import for_people

SIDE_BY_SIDE = 16  # questions at once


@dataclass(frozen=True)
class Entry:
    """An image or an index in the registry. `size` is in bytes, compressed; `tags` are those for people.

    An index has the date and the commit of its first platform.
    """

    digest: str
    tags: tuple[str, ...]
    size: int
    at: datetime = NEVER
    git_sha: str = ""
    platforms: tuple[str, ...] = ()

    @property
    def built(self) -> str:
        """When it was built: UTC in ISO 8601 with seconds, "" where it does not say."""
        return utc(self.at)


def read(registry: Registry, say: Callable[[str], None]) -> list[Entry]:
    """Everything that has a tag, the newest first; what cannot be read is said and left out.

    Tags, and then images, are looked up side by side. Raises DockyardError where the registry does not answer.
    """
    tags = registry.tags()
    named: dict[str, list[str]] = defaultdict(list)
    manifests: dict[str, Manifest] = {}
    with ThreadPoolExecutor(SIDE_BY_SIDE) as side_by_side:
        for tag, found in zip(tags, side_by_side.map(lambda tag: attempt(registry, tag), tags), strict=True):
            if isinstance(found, DockyardError):
                say(f"Left out: {found.message}")
            elif found:
                named[found.digest].append(tag)
                manifests[found.digest] = found
        entries = side_by_side.map(lambda each: entry(registry, each, named[each.digest], say), manifests.values())
        return sorted(entries, key=lambda each: each.at, reverse=True)


def attempt(registry: Registry, tag: str) -> Manifest | DockyardError | None:
    """A tag's manifest, None for a tag that is gone by now, or why it cannot be read.

    Raises DockyardError where the registry does not answer at all.
    """
    try:
        return registry.manifest(tag)
    except DockyardError as error:
        registry.tags()
        return error


def entry(registry: Registry, manifest: Manifest, tags: Iterable[str], say: Callable[[str], None]) -> Entry:
    """What there is to say of a manifest; little of one that holds no image, such as a chart or a signature."""
    size, names = registry.size(manifest.digest), tuple(sorted(for_people(tags)))
    try:
        configs = [registry.config(each.digest) for each in registry.images(manifest) if each.config]
    except DockyardError as error:
        say(f"Of {manifest.digest} little is known: {error.message}")
        configs = []
    first = configs[0] if configs else {}
    return Entry(
        digest=manifest.digest,
        tags=names,
        size=size,
        at=moment(str(first.get("created", ""))),
        git_sha=str(((first.get("config") or {}).get("Labels") or {}).get(REVISION, "")),
        platforms=tuple(filter(None, map(check.of_config, configs))),
    )
