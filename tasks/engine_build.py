"""Builds on a Docker engine: looks there and in the registry first, checks what was made, and tags it there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from .errors import DockyardError
from .order import Order, largest, references, with_inputs
from .verb import Operation

if TYPE_CHECKING:
    from .environment.settings import Environment
    from .image import Builder, Built, Image, Recipe
    from .image.claims import Claims
    from .image.images import Images
    from .image.reuse import Found


def make(op: Operation, order: Order, maker: Builder) -> Image:
    """Build what is not built yet, check it, and tag it on the engine. A dry run says what it would do.

    Raises DockyardError for a failed build, a wrong architecture, too large an image or a tag that other content has.
    """
    from . import image
    from .image import outage
    from .image import tag as tags
    from .image.claims import Claims
    from .image.images import Images

    environment, wanted = op.environment, order.tag
    images = Images(op.engine, environment.image)
    claims = Claims(images, op.registry, op.say)
    asked, found = look_up(op, order.recipe, images, claims, wanted)
    pulls = found.digests if found and (order.here or environment.max_image_size is not None) else {}
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
    chosen = choose(environment, claims, wanted, built, given=order.given)
    changed = not claims.ours(chosen, built)
    for each, name in zip(built, tags.each(chosen, asked.platforms).values(), strict=True):
        if not digest:
            images.tag(each.image_id, name)
    op.say(f"{environment.image}:{chosen} is {'an image of the same inputs' if found else 'built'}.")
    return image.Image(
        reference=f"{environment.image}:{chosen}",
        tag=chosen,
        images=built,
        size=largest(built),
        reused=found is not None,
        changed=changed,
        digest=digest,
        irreproducible=None if found else maker.irreproducible(asked),
    )


def look_up(op: Operation, asked: Recipe, images: Images, claims: Claims, wanted: str) -> tuple[Recipe, Found | None]:
    """The recipe, labelled with the hash of its inputs, and the images of the same inputs that were built last.

    Engine and registry are asked side by side, and about the wanted tag too, which is compared afterwards.
    """
    from .image import inputs, reuse
    from .image import tag as tags
    from .image.recipe import INPUTS

    with ThreadPoolExecutor(3) as beside:
        beside.submit(claims.manifest, wanted)
        beside.submit(lambda: claims.local)
        asked = with_inputs(asked, inputs.known(images))
        if asked.no_cache:
            return asked, None
        by_inputs = tags.of_inputs(asked.labels.get(INPUTS, ""))
        there = beside.submit(claims.asking, lambda registry: reuse.in_registry(registry, asked, [by_inputs]))
        found = reuse.later(reuse.on_engine(images, asked), there.result())
    others = references(op, asked, wanted)
    return asked, found or claims.asking(lambda registry: reuse.in_registry(registry, asked, others))


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
