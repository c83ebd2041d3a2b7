"""Pins the digest of a tag, as the registry has it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .errors import DockyardError, SettingError
from .verb import Document, Operation, verb

if TYPE_CHECKING:
    from .image.manifest import Manifest
    from .image.pin import Pin
    from .image.registry import Registry

SHA = re.compile(r"[0-9a-f]{7,64}(-dirty)?")


@verb(
    changes=True,
    help={
        "tag": "which tag, rather than that of the newest image of this environment",
        "digest": "which digest, sha256:…; the registry must have it",
    },
)
def pin(op: Operation, tag: str = "", digest: str = "") -> Document:
    """Write the digest that the registry has for a tag to env/NAME.lock."""
    before = existing(op)
    pinned = pin_release(op, tag=tag, digest=digest)
    op.show(f"{pinned.image}@{pinned.digest}")
    return {
        **op.about,
        "image": pinned.image,
        "previous": before.digest if before else None,
        "digest": pinned.digest,
        "tag": pinned.tag,
        "size": pinned.size,
        "changed": pinned != before and not op.dry,
    }


def pin_release(op: Operation, *, tag: str = "", digest: str = "") -> Pin:
    """Resolve a tag or digest in the registry and write the pin; one that says the same is not touched.

    A dry run says what it would write. Raises SettingError for a moving tag, DockyardError for what the registry
    has not or what is for another platform.
    """
    from .image import pin as pins
    from .image import tag as tags

    environment, registry = op.environment, op.registry
    if tag:
        tags.still(tags.valid(tag), tags.moving(environment))
    elif not digest:
        tag = newest(op)
    pinned = describe(op, registry, resolve(op, registry, tag, digest), tag)
    before = existing(op)
    if pinned == before:
        op.say(f"env/{op.name}.lock pins {pinned.digest} already.")
    elif op.dry:
        op.say(f"Would pin {pinned.tag or pinned.image} at {pinned.digest} in env/{op.name}.lock.")
    else:
        pins.write(op.root, op.name, pinned)
        op.say(f"env/{op.name}.lock pins {pinned.tag or pinned.image} at {pinned.digest}.")
    return pinned


def existing(op: Operation) -> Pin | None:
    """The pin as it is; None for none and for a corrupt one, which is about to be written anew."""
    from .image import pin as pins

    try:
        return pins.read(op.root, op.name)
    except SettingError:
        return None


def newest(op: Operation) -> str:
    """The tag of this environment's newest image, as `push` takes it."""
    from .push import newest as newest_of

    return newest_of(op)


def resolve(op: Operation, registry: Registry, tag: str, digest: str) -> Manifest:
    """The registry's manifest of a digest, or of a tag; of both, if they are the same. Raises DockyardError."""
    from .image.reference import DIGEST

    if digest and not DIGEST.fullmatch(digest):
        raise SettingError(f"--digest={digest} is not sha256: and 64 hexadecimal digits: copy it from `inv history`.")
    name = registry.repository.familiar
    manifest = registry.manifest(digest or tag)
    if manifest is None:
        missing = f"{name}@{digest}" if digest else f"{name}:{tag}"
        raise DockyardError(f"{missing} is not in the registry: type inv push --env={op.name} first.")
    if digest and tag and (found := registry.digest(tag)) != digest:
        raise SettingError(f"{name}:{tag} is {found or 'nothing'} in the registry, not {digest}: give one of them.")
    return manifest


def describe(op: Operation, registry: Registry, manifest: Manifest, tag: str) -> Pin:
    """The pin of a manifest, with what the image says of itself. Raises DockyardError for a wrong architecture."""
    from .image import check, recipe
    from .image.images import of_config, utc
    from .image.pin import Pin

    images = registry.images(manifest)
    configs = {check.of_config(config): config for config in (registry.config(each.digest) for each in images)}
    for wanted in op.environment.platform:
        if not any(check.same(made, wanted) for made in configs):
            check.architecture(f"{op.environment.image}@{manifest.digest}", " and ".join(configs), wanted)
    config = next(iter(configs.values()))
    labels: dict[str, Any] = (config.get("config") or {}).get("Labels") or {}
    sha = str(labels.get(recipe.REVISION, ""))
    return Pin(
        image=op.environment.image,
        digest=manifest.digest,
        tag=tag or named(registry, manifest, str(labels.get(recipe.VERSION, ""))),
        git_sha=sha if SHA.fullmatch(sha) else "",
        built_at=utc(of_config(config)),
        size=registry.size(manifest.digest),
        inputs=str(labels.get(recipe.INPUTS, "")) if "\n" not in str(labels.get(recipe.INPUTS, "")) else "",
    )


def named(registry: Registry, manifest: Manifest, version: str) -> str:
    """The tag that an image was built under, if the registry has it there; "" if not."""
    from .image.tag import VALID, for_people

    possible = VALID.fullmatch(version) and for_people([version])
    return version if possible and registry.digest(version) == manifest.digest else ""
