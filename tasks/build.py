"""Builds the image, checks its architecture and size, and gives it a tag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from . import pin as pinning
from .errors import DockyardError
from .verb import Document, Operation, verb

if TYPE_CHECKING:
    from .environment.settings import Environment
    from .image import Built, Image, Recipe
    from .image.claims import Claims
    from .image.images import Images
    from .image.reuse import Found
    from .image.source import Source


@verb(
    changes=True,
    help={
        "tag": "the image's tag, rather than TAG's template",
        "hotfix": "an issue's name for a hotfix tag: issue123",
        "note": "why, kept as a label of the image",
        "builder": "buildkit or engine, rather than BUILDER",
        "no_cache": "build every step anew, even from the same inputs",
    },
)
def build(
    op: Operation, tag: str = "", hotfix: str = "", note: str = "", builder: str = "", no_cache: bool = False
) -> Document:
    """Build the image, check its architecture and size, and tag it."""
    image = make(op, tag=tag, hotfix=hotfix, note=note, builder=builder, no_cache=no_cache)
    if not op.dry:
        op.show(image.reference)
    return {
        **op.about,
        "image": op.environment.image,
        "tag": image.tag,
        "size": image.size,
        "reused": image.reused,
        "changed": image.changed and not op.dry,
        "images": [{"platform": each.platform, "id": each.image_id, "size": each.size} for each in image.images],
    }


def make(
    op: Operation,
    *,
    tag: str = "",
    hotfix: str = "",
    note: str = "",
    builder: str = "",
    no_cache: bool = False,
    here: bool = True,
) -> Image:
    """Build what is not built yet, check it, and tag it. A dry run says what it would do.

    Without `here` an image that the registry has is not brought to the engine for it, unless MAX_IMAGE_SIZE has to
    be checked there: what is deployed by digest is needed only where it runs.
    Raises DockyardError for a failed build, a wrong architecture, too large an image or a tag that other content
    has; SettingError for what cannot be built at all.
    """
    from . import image
    from .image import outage, recipe, source
    from .image import tag as tags
    from .image.claims import Claims
    from .image.images import Images

    environment = op.environment
    tree = source.read(op.root)
    refuse_dirty(environment, tree)
    wanted = tags.wanted(environment, tree, tag=tag, hotfix=hotfix)
    images = Images(op.engine, environment.image)
    asked = recipe.of(environment, tree, tag=wanted, note=note, no_cache=no_cache)
    recipe.check(environment, asked)
    maker = image.builder(environment, builder, op.engine)
    claims = Claims(images, op.registry, op.say)
    asked, found = look_up(op, asked, images, claims, wanted)
    pulls = found.digests if found and (here or environment.max_image_size is not None) else {}
    if op.dry:
        say_dry(op, [] if found else [maker.command(asked, each) for each in asked.platforms], pulls, wanted)
        known = found.built if found and not found.digest else ()
        return image.Image(f"{environment.image}:{wanted}", wanted, known, largest(known), found is not None)
    if pulls:
        found = pulled(op, images, pulls)
    if not found:
        with outage.told():
            built = tuple(maker.build(asked, each) for each in asked.platforms)
        claims.forget()  # a build can take its time
    else:
        built = found.built
    digest = found.digest if found else ""
    if not digest:
        check(environment, built, images)
    chosen = choose(environment, claims, wanted, built, given=bool(tag))
    changed = not claims.ours(chosen, built)
    for each, name in zip(built, tags.each(chosen, asked.platforms).values(), strict=True):
        if not digest:
            images.tag(each.image_id, name)
    op.say(f"{environment.image}:{chosen} is {'an image of the same inputs' if found else 'built'}.")
    return image.Image(
        f"{environment.image}:{chosen}", chosen, built, largest(built), found is not None, changed, digest
    )


def refuse_dirty(environment: Environment, tree: Source) -> None:
    """Raise DockyardError for a protected environment and a tree that its commit does not describe."""
    if environment.protected and tree.dirty:
        shown = ", ".join(change.strip() for change in tree.changes[:5])
        more = f" and {len(tree.changes) - 5} more" if len(tree.changes) > 5 else ""
        raise DockyardError(
            f"{environment.name} is protected and the tree has changes without a commit ({shown}{more}): "
            "commit or stash them, then build again."
        )


def look_up(op: Operation, asked: Recipe, images: Images, claims: Claims, wanted: str) -> tuple[Recipe, Found | None]:
    """The recipe, labelled with the hash of its inputs, and the images of the same inputs that were built last.

    Engine and registry are asked side by side, and about the wanted tag too, which is compared afterwards.
    """
    from .image import reuse
    from .image import tag as tags
    from .image.recipe import INPUTS

    with ThreadPoolExecutor(3) as beside:
        beside.submit(claims.manifest, wanted)
        beside.submit(lambda: claims.local)
        asked = with_inputs(asked, images)
        if asked.no_cache:
            return asked, None
        by_inputs = tags.of_inputs(asked.labels.get(INPUTS, ""))
        there = beside.submit(claims.asking, lambda registry: reuse.in_registry(registry, asked, [by_inputs]))
        found = reuse.later(reuse.on_engine(images, asked), there.result())
    others = references(op, asked, wanted)
    return asked, found or claims.asking(lambda registry: reuse.in_registry(registry, asked, others))


def with_inputs(asked: Recipe, images: Images) -> Recipe:
    """The recipe, labelled with the hash of its inputs where that can be told."""
    from .image import inputs
    from .image.recipe import INPUTS

    made = inputs.of(asked, inputs.known(images))
    return replace(asked, labels={**asked.labels, INPUTS: made}) if made else asked


def references(op: Operation, asked: Recipe, wanted: str) -> list[str]:
    """Where else the registry may have the same inputs: under the wanted tag, or as pinned."""
    from .image.recipe import INPUTS

    pinned = pinning.existing(op)
    if pinned and pinned.image == op.environment.image and pinned.inputs == asked.labels.get(INPUTS):
        return [wanted, pinned.digest]
    return [wanted]


def pulled(op: Operation, images: Images, digests: Mapping[str, str]) -> Found | None:
    """The registry's images of the same inputs, brought to the engine; None if they cannot be, which is said."""
    from .image import reuse

    try:
        return reuse.Found(reuse.pull(images, op.registry, digests))
    except DockyardError as error:
        op.say(f"{error.message} It is built here.")
        return None


def check(environment: Environment, built: Sequence[Built], images: Images) -> None:
    """Compare each image with PLATFORM and MAX_IMAGE_SIZE. Raises DockyardError; nothing is tagged then."""
    from .image import check as checks

    for each in built:
        found = images.find(each.image_id)
        checks.architecture(each.image_id, found.platform if found else "", each.platform)
        checks.size(each.image_id, each.size, environment.max_image_size)


def choose(environment: Environment, claims: Claims, wanted: str, built: Sequence[Built], *, given: bool) -> str:
    """The tag: as wanted, or with `-v2` and so on where other content has it. One that was given is not renamed."""
    from .image import tag as tags

    if not given:
        return tags.free(wanted, lambda name: claims.taken(name, built))
    if claims.in_registry(wanted, built):
        raise DockyardError(
            f"{environment.image}:{wanted} has other content in the registry, and a tag is not overwritten: "
            "give another --tag, or none."
        )
    return wanted


def say_dry(op: Operation, commands: Sequence[str], pulled: Mapping[str, str], wanted: str) -> None:
    """Say what would be built or pulled, and tagged."""
    for command in commands:
        op.say(f"Would run: {command}")
    for digest in pulled.values():
        op.say(f"Would pull {op.environment.image}@{digest}.")
    op.say(f"Would tag {op.environment.image}:{wanted}{'' if commands else ', an image of the same inputs'}.")


def largest(built: Sequence[Built]) -> int:
    """Bytes of the largest image."""
    return max((each.size for each in built), default=0)
