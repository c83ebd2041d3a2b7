"""What a repository of a registry holds: one entry for each digest, the newest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from ..errors import DockyardError
from . import artifact, check, ecr
from .images import NEVER, of_config, utc
from .manifest import INDEXES, Manifest
from .recipe import REVISION
from .registries import ArtifactRegistry
from .registry import Registry
from .tag import for_people

SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED", "UNTRIAGED")  # ECR's, the worst first
SIDE_BY_SIDE = 16  # questions at once


@dataclass(frozen=True)
class Entry:
    """An image or an index in the registry. `size` is in bytes, compressed; `tags` are those for people.

    An index has the date and the commit of its first platform. `pushed_at` (UTC, ISO 8601 with seconds) and the
    `findings` of a scan, counted by severity, are known of some registries only.
    """

    digest: str
    tags: tuple[str, ...]
    size: int
    at: datetime = NEVER
    git_sha: str = ""
    platforms: tuple[str, ...] = ()
    pushed_at: str = ""
    findings: Mapping[str, int] = field(default_factory=dict)

    @property
    def built(self) -> str:
        """When it was built: UTC in ISO 8601 with seconds, "" where it does not say."""
        return utc(self.at)


def read(registry: Registry, say: Callable[[str], None], limit: int = 0) -> list[Entry]:
    """Everything that has a tag, the newest first; what cannot be read is said and left out.

    Of images in a cloud beyond the `limit` (0: none are) only that is told which the cloud lists. Raises DockyardError
    where the registry does not answer.
    """
    listed = by_cloud(registry)
    if listed is None:  # also a registry on loopback that stands for no cloud, or whose images another pushed
        return tagged(registry, say)
    return completed(registry, listed, say, limit)


def by_cloud(registry: Registry) -> list[Entry] | None:
    """What ECR or Artifact Registry lists, by the time of the push, the newest first; None where only tags are known.

    Raises DockyardError where the cloud has no such repository.
    """
    if place := ecr.place(registry.repository, registry.region):
        details = ecr.describe(place)
        if place.account and details is None:
            raise DockyardError(ecr.absent(place))
        newest: list[Any] = sorted(details or (), key=lambda each: moment_of(each.get("imagePushedAt")), reverse=True)
        return [*map(of_ecr, newest)] if newest or place.account else None
    if isinstance(registry, ArtifactRegistry):
        images = artifact.images(registry.place)
        if images is None and not registry.place.plain:
            raise DockyardError(artifact.absent(registry.place))
        newest = sorted(images or (), key=lambda each: moment_of(each.upload_time), reverse=True)
        return [*map(of_google, newest)] if newest or not registry.place.plain else None
    return None


def of_ecr(listed: Mapping[str, Any]) -> Entry:
    """An image as DescribeImages lists it, with what a scan has found, the worst first."""
    counts = (listed.get("imageScanFindingsSummary") or {}).get("findingSeverityCounts") or {}
    order = [*(each for each in SEVERITIES if each in counts), *sorted(counts.keys() - set(SEVERITIES))]
    return Entry(
        digest=str(listed["imageDigest"]),
        tags=tuple(sorted(for_people(listed.get("imageTags") or ()))),
        size=int(listed.get("imageSizeInBytes") or 0),
        pushed_at=utc(moment_of(listed.get("imagePushedAt"))),
        findings={each: int(counts[each]) for each in order},
    )


def of_google(listed: Any) -> Entry:
    """An image as Artifact Registry lists it; of an index it tells no size but that of the manifest."""
    return Entry(
        digest=str(listed.name).rpartition("@")[2],
        tags=tuple(sorted(for_people(listed.tags))),
        size=0 if listed.media_type in INDEXES else int(listed.image_size_bytes),
        pushed_at=utc(moment_of(listed.upload_time)),
    )


def moment_of(at: datetime | None) -> datetime:
    """A time as botocore and Google's SDK give it; long ago for none."""
    return at.astimezone(UTC) if at else NEVER


def completed(registry: Registry, entries: Sequence[Entry], say: Callable[[str], None], limit: int = 0) -> list[Entry]:
    """The entries, of the first ones also what only the images themselves tell: date, commit, platforms."""
    said: list[str] = []

    def complete(known: Entry) -> Entry:
        try:
            manifest = registry.manifest(known.digest)
            full = entry(registry, manifest, known.tags, said.append) if manifest else known
        except DockyardError as error:
            said.append(str(error.message))
            return known
        return replace(full, size=known.size or full.size, pushed_at=known.pushed_at, findings=known.findings)

    shown = limit or len(entries)
    with ThreadPoolExecutor(SIDE_BY_SIDE) as side_by_side:
        first = list(side_by_side.map(complete, entries[:shown]))
    for sentence in said[:1]:
        say(sentence if len(said) == 1 else f"{sentence} (and so of {len(said) - 1} more)")
    return [*first, *entries[shown:]]


def tagged(registry: Registry, say: Callable[[str], None]) -> list[Entry]:
    """Everything that has a tag in a registry that lists no more than tags, the newest first.

    Tags, and then images, are looked up side by side.
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
        at=of_config(first),
        git_sha=str(((first.get("config") or {}).get("Labels") or {}).get(REVISION, "")),
        platforms=tuple(filter(None, map(check.of_config, configs))),
    )
