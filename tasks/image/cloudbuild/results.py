"""What a build that succeeded has pushed: the digests that it says, and whether the registry has them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ...errors import DockyardError
from ..manifest import Manifest
from ..reference import parse, split

if TYPE_CHECKING:
    from google.cloud.devtools import cloudbuild_v1

    from ..registry import Registry


def digests(build: cloudbuild_v1.Build, image: str) -> dict[str, str]:
    """The digest of each tag of a repository that a build pushed."""
    own = parse(image)
    pushed = ((*split(each.name), each.digest) for each in build.results.images)
    return {tag: digest for repository, tag, digest in pushed if parse(repository) == own}


def manifests(registry: Registry, found: dict[str, str], tags: Iterable[str]) -> list[Manifest]:
    """What the registry has under these tags, each compared with what the build said. Raises DockyardError."""
    made: list[Manifest] = []
    for tag in tags:
        there, said = registry.manifest(tag), found.get(tag, "")
        if there is None or there.digest != said:
            raise DockyardError(
                f"Cloud Build says that {registry.repository.familiar}:{tag} is {said or 'nothing'}, but it is "
                f"{there.digest if there else 'nothing'} in the registry: somebody else pushes there; build again "
                "under another --tag."
            )
        made.append(there)
    return made


def pushed_under(build: cloudbuild_v1.Build, image: str, tag: str, config: str) -> str:
    """The digest that a user's own configuration pushed, under the wanted tag or another. Raises DockyardError."""
    found = digests(build, image)
    if tag in found:
        return found[tag]
    if len(set(found.values())) == 1:
        return next(iter(found.values()))
    named = ", ".join(f"{each.name}" for each in build.results.images) or "none"
    raise DockyardError(
        f"{config} pushed no image that could be told to be {image}:{tag} ({named}): name it under images there, as "
        "${_IMAGE}:${_TAG}."
    )
