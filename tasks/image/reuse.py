"""Images that exist already: the same inputs are not built twice.

Of several images of the same inputs the one that was built last wins, wherever it is: `--no-cache` makes a later one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ..errors import DockyardError
from . import Built, Recipe, check
from .images import NEVER, Images, of_config, speaking
from .manifest import Manifest
from .publish import showing
from .recipe import ENV, INPUTS, NOTE, REVISION, TITLE
from .registry import Registry

SAME = (INPUTS, ENV, TITLE)  # labels of an image that can stand for another


@dataclass(frozen=True)
class Found:
    """Images of the same inputs, one for each platform, and when the last of them was built.

    `digest` is the registry's manifest or index of them, `digests` that of each platform; on the engine there is none.
    """

    built: tuple[Built, ...]
    at: datetime = NEVER
    digest: str = ""
    digests: Mapping[str, str] = field(default_factory=dict)


def on_engine(images: Images, recipe: Recipe) -> Found | None:
    """The engine's images of the same inputs, of each platform the one built last; None if one is missing."""
    labels = {name: recipe.labels[name] for name in SAME if name in recipe.labels}
    if INPUTS not in labels:
        return None
    found = [image for image in images.labelled(labels) if serves(image.labels, recipe)]
    chosen = {
        platform: max(fit, key=lambda image: (image.created, image.at))
        for platform in recipe.platforms
        if (fit := [image for image in found if check.same(image.platform, platform)])
    }
    if len(chosen) < len(recipe.platforms):
        return None
    built = tuple(Built(platform, image.id, image.size) for platform, image in chosen.items())
    return Found(built, max(image.created for image in chosen.values()))


def in_registry(registry: Registry, recipe: Recipe, references: Iterable[str]) -> Found | None:
    """The images of the same inputs under the first of these tags or digests that names some; None if none does.

    The registry does not tell their size on an engine, so it is 0.
    """
    if INPUTS not in recipe.labels:
        return None
    manifests = (registry.manifest(reference) for reference in references if reference)
    return next((found for each in manifests if each and (found := fitting(registry, each, recipe))), None)


def fitting(registry: Registry, manifest: Manifest, recipe: Recipe) -> Found | None:
    """Each platform's image of a manifest; None if one is missing or was made from other inputs."""
    found: dict[str, tuple[Manifest, datetime]] = {}
    for image in registry.images(manifest):
        config = registry.config(image.digest)
        labels = (config.get("config") or {}).get("Labels") or {}
        if all(labels.get(name) == recipe.labels.get(name) for name in SAME) and serves(labels, recipe):
            made, at = check.of_config(config), of_config(config)
            found |= {wanted: (image, at) for wanted in recipe.platforms if check.same(made, wanted)}
    if len(found) < len(recipe.platforms):
        return None
    chosen = {platform: found[platform] for platform in recipe.platforms}
    return Found(
        built=tuple(Built(platform, image.config, 0) for platform, (image, _) in chosen.items()),
        at=max(at for _, at in chosen.values()),
        digest=manifest.digest,
        digests={platform: image.digest for platform, (image, _) in chosen.items()},
    )


def later(here: Found | None, there: Found | None) -> Found | None:
    """Which of the engine's and the registry's images are used: those built last, the engine's if they are as old."""
    if here and there:
        return there if there.at > here.at else here
    return here or there


def pull(images: Images, registry: Registry, digests: Mapping[str, str]) -> tuple[Built, ...]:
    """Bring images to the engine by digest, without a tag. Raises DockyardError."""
    login = registry.credentials().for_engine(registry.repository.host)
    built: list[Built] = []
    for platform, digest in digests.items():
        name = f"{images.name}@{digest}"
        with speaking(f"pull {name}"), showing(f"Pulling {name}") as show:
            for event in images.client.api.pull(images.name, digest, stream=True, decode=True, auth_config=login):
                if "error" in event:
                    raise DockyardError(f"{name} could not be pulled: {event['error']}.")
                show(event)
        found = images.find(name)
        if found is None:
            raise DockyardError(f"{name} was pulled, but the engine does not have it.")
        built.append(Built(platform, found.id, found.size))
    return tuple(built)


def serves(labels: Mapping[str, str], recipe: Recipe) -> bool:
    """Whether an image's labels say what this recipe's must: a clean commit, and the note that was given.

    Commit and date may be older: the inputs are the same.
    """
    dirty = labels.get(REVISION, "").endswith("-dirty") and not recipe.labels.get(REVISION, "").endswith("-dirty")
    return not dirty and recipe.labels.get(NOTE, labels.get(NOTE)) == labels.get(NOTE)
