"""Pushes what the registry has not, and moves moving tags."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .errors import DockyardError
from .verb import Document, Operation, verb

if TYPE_CHECKING:
    from .image import Pushed
    from .image.images import Stored
    from .image.manifest import Manifest
    from .image.publish import Upload
    from .image.registry import Registry


@verb(
    changes=True,
    help={
        "tag": "which image, rather than the newest of this environment",
        "also": "moving tags to move to it, beside ALSO_TAG: latest,stable",
    },
)
def push(op: Operation, tag: str = "", also: str = "") -> Document:
    """Push the image, and read its digest back from the registry."""
    pushed = publish(op, tag, also=also)
    op.show(f"{pushed.image}:{pushed.tag}{f'@{pushed.digest}' if pushed.digest else ''}")
    return {
        **op.about,
        "image": pushed.image,
        "tag": pushed.tag,
        "digest": pushed.digest or None,
        "size": pushed.size,
        "moved": list(pushed.moved),
        "changed": (pushed.pushed or bool(pushed.moved)) and not op.dry,
    }


def publish(op: Operation, tag: str = "", also: str = "", digest: str = "") -> Pushed:
    """Push an image (that of `tag`, else the newest one) if the registry has it not, then move the moving tags.

    The tag of its inputs comes to name it too, so that no machine builds the same again. `digest` is what the registry
    has already of an image that is not on the engine: it is only given the tag. What Cloud Build made is in the
    registry, so an engine is asked only for what is not there. A dry run looks and says.
    Raises DockyardError if other content has the tag, and if what the registry has afterwards is not what was pushed;
    SettingError for a moving tag as the image's own.
    """
    from . import image
    from .image import publish as publishing
    from .image import tag as tags

    environment, registry = op.environment, op.registry
    more = (name.strip() for name in also.split(",") if name.strip())
    moves = [tags.valid(name) for name in (*environment.also_tag, *more)]
    tag = tags.still(tags.valid(tag), tags.moving(environment, moves)) if tag else newest(op, moves)
    stored = {} if digest or landed(op, tag) else on_engine(op, tag)
    by_inputs = publishing.by_inputs(each.labels for each in stored.values())
    known = publishing.look(registry, {tag, *stored, by_inputs, digest} - {""})
    same = known.get(by_inputs)
    uploads = [publishing.plan(registry, name, each, known[name], same) for name, each in stored.items()]
    there, given = known[tag], known.get(digest)
    if not (stored or there or given):
        raise DockyardError(
            f"There is no image {environment.image}:{tag}, neither on an engine here nor in the registry: "
            f"type inv build --env={op.name} --tag={tag}."
        )
    if op.dry:
        return say_dry(op, registry, tag, uploads, there, moves)
    manifests = {each.stored.platform: publishing.carry_out(op.engine, registry, each) for each in uploads}
    if given and not there:
        registry.put(given, tag)
    manifest = whole(registry, tag, manifests, there or given)
    if same != manifest:
        find_again(op, manifest)
    moved = publishing.move(registry, manifest, moves)
    for name in moved:
        op.say(f"{environment.image}:{name} moved to {manifest.digest}.")
    size = registry.size(manifest.digest)
    return image.Pushed(environment.image, tag, manifest.digest, size, moved, pushed=there is None)


def landed(op: Operation, tag: str) -> bool:
    """Whether no engine is to be asked: Cloud Build left the image in the registry, or there is no engine to ask."""
    from . import image

    if op.environment.builder != image.CLOUD:
        return False
    if op.registry.digest(tag):
        return True
    try:
        _ = op.engine
    except DockyardError:
        return True
    return False


def newest(op: Operation, also: Iterable[str] = ()) -> str:
    """The tag of this environment's newest image: on the engine, or in the registry where Cloud Build leaves it.

    Raises DockyardError if there is none.
    """
    from . import image

    return newest_in_registry(op, also) if op.environment.builder == image.CLOUD else newest_on_engine(op, also)


def newest_in_registry(op: Operation, also: Iterable[str] = ()) -> str:
    """The tag of what was pushed last for this environment. Raises DockyardError if nothing was.

    What a build configuration of the user's own made has no label of the environment.
    """
    from .image import catalog, recipe, source
    from .image import tag as tags

    environment, registry = op.environment, op.registry
    moving = tags.moving(environment, also)
    for entry in catalog.read(registry, op.say, 1):
        platform = entry.platforms[0] if len(entry.platforms) == 1 else ""
        names = tags.whole(entry.tags, environment.platform, platform) if platform else list(entry.tags)
        names = [name for name in names if name not in moving]
        if not names:
            continue
        labels = (registry.config(entry.digest).get("config") or {}).get("Labels") or {}
        if labels.get(recipe.ENV, op.name if environment.build_config else "") == op.name:
            return tags.newest(names, tags.expected(environment, source.read(op.root)))
    raise DockyardError(
        f"The registry has no image {environment.image} of {op.name}: type inv build --env={op.name}, "
        "or name one with --tag."
    )


def newest_on_engine(op: Operation, also: Iterable[str] = ()) -> str:
    """The tag of this environment's newest image on the engine. Raises DockyardError if there is none."""
    from .image import recipe, source
    from .image import tag as tags
    from .image.images import Images

    environment = op.environment
    moving = tags.moving(environment, also)
    for image in Images(op.engine, environment.image).labelled({recipe.ENV: op.name}):
        names = tags.whole(image.tags, environment.platform, image.platform)
        names = [name for name in names if name not in moving]
        if len(names) > 1:
            return tags.newest(names, tags.expected(environment, source.read(op.root)))
        if names:
            return names[0]
    raise DockyardError(
        f"This engine has no image {environment.image} of {op.name}: type inv build --env={op.name}, "
        "or name one with --tag."
    )


def on_engine(op: Operation, tag: str) -> dict[str, Stored]:
    """The engine's image of each platform, by the tag that it goes under; none if it has none of them.

    Raises DockyardError for a wrong architecture, for too large an image, and if a platform is missing.
    """
    from .image import check
    from .image import tag as tags
    from .image.images import Images

    images = Images(op.engine, op.environment.image)
    found: dict[str, Stored] = {}
    names = tags.each(tag, op.environment.platform)
    for platform, name in names.items():
        image = images.find(f":{name}")
        if image is None:
            continue
        reference = f"{op.environment.image}:{name}"
        check.architecture(reference, image.platform, platform)
        check.size(reference, image.size, op.environment.max_image_size)
        found[name] = image
    if found and len(found) < len(names):
        absent = ", ".join(platform for platform, name in names.items() if name not in found)
        raise DockyardError(
            f"{op.environment.image}:{tag} lacks an image for {absent}: type inv build --env={op.name}."
        )
    return found


def whole(registry: Registry, tag: str, manifests: dict[str, Manifest], there: Manifest | None) -> Manifest:
    """What the tag names: the one manifest, or an index of several. Raises DockyardError if other content has it."""
    from .image import publish as publishing
    from .image.manifest import index_of

    if not manifests and there:
        return there
    if len(manifests) == 1:
        return next(iter(manifests.values()))
    index = index_of(manifests)
    if there is None:
        registry.put(index, tag)
    elif {each.digest for each in registry.images(there)} != {each.digest for each in manifests.values()}:
        raise DockyardError(publishing.taken(registry, tag, there))
    return there or index


def find_again(op: Operation, manifest: Manifest) -> None:
    """Let the tag of its inputs name a manifest; where it cannot be set, that is said, as the image is pushed."""
    from .image import publish as publishing

    try:
        publishing.name_inputs(op.registry, manifest)
    except DockyardError as error:
        op.say(
            f"The tag that finds this image by its inputs could not be set, so other machines may build it again, or "
            f"find an older one: {error.message}"
        )


def say_dry(
    op: Operation, registry: Registry, tag: str, uploads: list[Upload], there: Manifest | None, moves: Iterable[str]
) -> Pushed:
    """Say what would be pushed and moved, and what the digest is if the registry knows it."""
    from . import image

    name = registry.repository.familiar
    for each in uploads:
        op.say(f"Would {each.says} {name}:{each.tag} ({each.stored.id}).")
    if len(uploads) > 1 and there is None:
        op.say(f"Would make {name}:{tag} an index of them.")
    if not uploads:
        op.say(f"Would leave {name}:{tag} as the registry has it.")
    known = there or (uploads[0].manifest if len(uploads) == 1 else None)
    for moving in dict.fromkeys(moves):
        if not known or registry.digest(moving) != known.digest:
            op.say(f"Would move {name}:{moving} to it.")
    return image.Pushed(op.environment.image, tag, known.digest if known else "", pushed=False)
