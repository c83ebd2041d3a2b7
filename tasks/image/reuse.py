"""Images that exist already: the same inputs are not built twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..errors import DockyardError
from . import Built, Recipe, check
from .images import Images, speaking
from .manifest import Manifest
from .publish import showing
from .recipe import ENV, INPUTS, NOTE, REVISION, TITLE
from .registry import Registry

SAME = (INPUTS, ENV, TITLE)  # labels of an image that can stand for another


def on_engine(images: Images, recipe: Recipe) -> tuple[Built, ...]:
    """The engine's images of the same inputs, one for each platform; none if one is missing."""
    labels = {name: recipe.labels[name] for name in SAME if name in recipe.labels}
    if INPUTS not in labels:
        return ()
    found = [image for image in images.labelled(labels) if serves(image.labels, recipe)]
    built = [
        Built(platform, image.id, image.size)
        for platform in recipe.platforms
        for image in [next((each for each in found if check.same(each.platform, platform)), None)]
        if image
    ]
    return tuple(built) if len(built) == len(recipe.platforms) else ()


def in_registry(registry: Registry, recipe: Recipe, references: Sequence[str]) -> dict[str, str]:
    """The digest of each platform's image of the same inputs, under one of these tags or digests; none if none has."""
    if INPUTS not in recipe.labels:
        return {}
    for reference in references:
        manifest = registry.manifest(reference)
        found = fitting(registry, manifest, recipe) if manifest else {}
        if found:
            return found
    return {}


def fitting(registry: Registry, manifest: Manifest, recipe: Recipe) -> dict[str, str]:
    """The digest of each platform's image in a manifest; none if one is missing or was made from other inputs."""
    found: dict[str, str] = {}
    for image in registry.images(manifest):
        config = registry.config(image.digest)
        labels = (config.get("config") or {}).get("Labels") or {}
        if all(labels.get(name) == recipe.labels.get(name) for name in SAME) and serves(labels, recipe):
            made = check.of_config(config)
            found |= {wanted: image.digest for wanted in recipe.platforms if check.same(made, wanted)}
    return {wanted: found[wanted] for wanted in recipe.platforms} if len(found) == len(recipe.platforms) else {}


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
