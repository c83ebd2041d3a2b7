"""Which manifests an image of a task means: the pinned digest itself, or a child of that index.

Asked only where a task says another digest than it is pinned to: ECS may give the digest of the index, or that of the
platform's manifest.
"""

from __future__ import annotations

import threading

from ...image.manifest import Manifest
from ...image.reference import parse, split


class Manifests:
    """What the registry says of digests and tags, each asked once. Every method raises DockyardError."""

    def __init__(self, region: str) -> None:
        self.region = region
        self._known: dict[tuple[str, str], Manifest | None] = {}  # by repository and reference
        self._lock = threading.Lock()

    def digest(self, image: str, ran: str) -> str:
        """The digest that `ran` counts as, for a container of `image` (`repo@sha256:…` or `repo:tag`).

        It is that of `image` where `ran` is a child of it, else `ran` itself.
        """
        repository, named = split(image)
        if not ran or ran == named:
            return ran
        found = self.find(repository, named)
        return found.digest if found and ran in children(found) else ran

    def of(self, repository: str, digest: str) -> tuple[str, ...]:
        """A digest and, where it is an index, the digests of its images."""
        found = self.find(repository, digest)
        return (digest, *children(found)) if found else (digest,)

    def find(self, repository: str, reference: str) -> Manifest | None:
        """The manifest of a digest or tag; None where the registry has none."""
        with self._lock:
            key = repository, reference
            if key not in self._known:
                self._known[key] = ask(repository, reference, self.region)
            return self._known[key]


def ask(repository: str, reference: str, region: str) -> Manifest | None:
    """One manifest: by ECR's own API where it is one, which needs no login, else by the registry's."""
    from ...image import ecr  # a deploy hardly ever asks, and the registries' clients take a tenth of a second
    from ...image.registry import Registry

    place = ecr.place(parse(repository))
    return ecr.manifest(place, reference) if place else Registry(repository, region).manifest(reference)


def children(found: Manifest) -> tuple[str, ...]:
    """The digests of an index's images, without its attestations (`unknown/unknown`)."""
    return found.platforms if found.is_index else ()
