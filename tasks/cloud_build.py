"""Builds with Cloud Build: the registry is looked up first, the source uploaded, and what was made is checked there."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from . import pin as pinning
from .errors import DockyardError
from .order import Order, largest, references, with_inputs
from .verb import Operation

if TYPE_CHECKING:
    from google.cloud.devtools import cloudbuild_v1

    from .image import Built, Image, Recipe
    from .image.cloudbuild import Place
    from .image.cloudbuild.packing import Package
    from .image.manifest import Manifest
    from .image.reuse import Found


def make(op: Operation, order: Order) -> Image:
    """Build what the registry has not yet, check it there, and tag it. A dry run says what it would do.

    Raises DockyardError for a failed build, a wrong architecture, too large an image or a tag that other content has.
    """
    from . import image
    from .image import cloudbuild, recipe
    from .image import tag as tags
    from .image.cloudbuild import clients
    from .image.reproducible import because

    environment = op.environment
    if order.recipe.dockerfile.is_file() or not environment.build_config:
        recipe.check(environment, order.recipe, secrets=False)
    clients.required()
    place = cloudbuild.place(environment)
    asked, found = look_up(op, order)
    chosen = choose(op, order, found)
    names = tags.each(chosen, asked.platforms)
    if found is None:
        build, package = prepare(op, replace(order, recipe=asked, tag=chosen))
        if op.dry:
            say_dry(op, place, build, package, chosen)
            return image.Image(f"{environment.image}:{chosen}", chosen)
        manifest = submit(op, place, build, package, names)
    else:
        there = op.registry.manifest(found.digest)
        assert there is not None  # it was just found, and is kept
        manifest = there
    built = checked(op, manifest, asked.platforms)
    changed = op.registry.digest(chosen) != manifest.digest
    if op.dry:
        op.say(f"Would tag {environment.image}:{chosen}, an image of the same inputs.")
    else:
        name(op, manifest, chosen, changed=changed)
    return image.Image(
        reference=f"{environment.image}:{chosen}",
        tag=chosen,
        images=built,
        size=largest(built),
        reused=found is not None,
        changed=changed or found is None,
        digest=manifest.digest,
        irreproducible=None if found or environment.build_config else because("Cloud Build"),
    )


def look_up(op: Operation, order: Order) -> tuple[Recipe, Found | None]:
    """The recipe, labelled with the hash of its inputs, and the registry's image of the same inputs.

    What a configuration of the user's own makes has no label to be found by. Raises DockyardError.
    """
    from .image import reuse
    from .image import tag as tags
    from .image.cloudbuild import bases
    from .image.recipe import INPUTS

    if op.environment.build_config:
        return order.recipe, None
    asked = with_inputs(order.recipe, bases.known(op.environment))
    inputs = asked.labels.get(INPUTS, "")
    if not inputs:
        op.say("What the image builds on cannot be told from here, so it is built without looking for the same one.")
    if asked.no_cache or not inputs:
        return asked, None
    others = [tags.of_inputs(inputs), *references(op, asked, order.tag)]
    return asked, reuse.in_registry(op.registry, asked, others)


def choose(op: Operation, order: Order, found: Found | None) -> str:
    """The tag: as wanted, or with `-v2` and so on where other content has it. One that was given is not renamed."""
    from .image import tag as tags

    registry = op.registry

    def taken(wanted: str) -> bool:
        digest = registry.digest(wanted)
        if found:
            return digest not in ("", found.digest)
        parts = tags.each(wanted, order.recipe.platforms).values()
        return bool(digest) or any(registry.digest(part) for part in parts if part != wanted)

    if not order.given:
        return tags.free(order.tag, taken)
    if taken(order.tag):
        raise DockyardError(
            f"{op.environment.image}:{order.tag} has other content in the registry, and a tag is not overwritten: "
            "give another --tag, or none."
        )
    return order.tag


def prepare(op: Operation, order: Order) -> tuple[cloudbuild_v1.Build, Package]:
    """The build, without its source, and the source. Raises SettingError."""
    from .image import tag as tags
    from .image.cloudbuild import config, packing, request

    environment, asked = op.environment, order.recipe
    if environment.build_config:
        return config.of(environment, order.source, order.tag), packing.of_context(asked)
    names = {
        platform: f"{environment.image}:{each}" for platform, each in tags.each(order.tag, asked.platforms).items()
    }
    pinned = pinning.existing(op)
    cached = f"{pinned.image}@{pinned.digest}" if pinned and pinned.image == environment.image else ""
    return request.of(environment, asked, names, cached=cached), packing.of(asked)


def submit(
    op: Operation, place: Place, build: cloudbuild_v1.Build, package: Package, names: dict[str, str]
) -> Manifest:
    """Upload the source unless it is there, build, and read back what was pushed. Raises DockyardError."""
    from .image.check import human
    from .image.cloudbuild import failure, results, upload, watching
    from .image.manifest import index_of

    source = upload.find(place, package)
    if source is None:
        op.say(f"Uploading {len(package.files)} files, {human(package.size)}, to gs://{place.bucket}.")
        source = upload.send(place, package)
    build.source = source.message
    done, progress = watching.run(place, build, op.say)
    if done.status.name != "SUCCESS":
        raise failure.of(place, done, progress, op.environment.dockerfile)
    if op.environment.build_config:
        return own(op, done, next(iter(names.values())))
    found = results.manifests(op.registry, results.digests(done, op.environment.image), names.values())
    return found[0] if len(found) == 1 else index_of(dict(zip(names, found, strict=True)))


def own(op: Operation, done: cloudbuild_v1.Build, tag: str) -> Manifest:
    """What a configuration of the user's own pushed. Raises DockyardError."""
    from .image.cloudbuild import results

    digest = results.pushed_under(done, op.environment.image, tag, op.environment.build_config)
    found = op.registry.manifest(digest)
    if found is None:
        raise DockyardError(
            f"Cloud Build says that it pushed {op.environment.image}@{digest}, but the registry does not have it: "
            "somebody deleted it; build again."
        )
    return found


def checked(op: Operation, manifest: Manifest, platforms: Sequence[str]) -> tuple[Built, ...]:
    """Each platform's image, compared with PLATFORM and MAX_IMAGE_SIZE. Raises DockyardError.

    `size` is what the layers unpack to where that is limited, else compressed bytes: no engine counts here.
    """
    from .image import Built, check, unpacked

    registry, limit = op.registry, op.environment.max_image_size
    images = registry.images(manifest)
    with ThreadPoolExecutor(len(images) or 1) as side_by_side:
        configs = list(side_by_side.map(lambda each: registry.config(each.digest), images))
    made = dict(zip(map(check.of_config, configs), images, strict=True))
    found: list[Built] = []
    for platform in platforms:
        fit = next((each for name, each in made.items() if check.same(name, platform)), None)
        if fit is None:
            check.architecture(f"{op.environment.image}@{manifest.digest}", " and ".join(made), platform)
            continue
        size = registry.size(fit.digest)
        if limit is not None:
            size = max(size, unpacked.size(registry, fit))
            check.size(f"{op.environment.image}@{fit.digest}", size, limit)
        found.append(Built(platform, fit.config, size))
    return tuple(found)


def name(op: Operation, manifest: Manifest, tag: str, *, changed: bool) -> None:
    """Let the tag name it, and the tag of its inputs, which is said where it cannot be set."""
    from .push import find_again

    if changed:
        op.registry.put(manifest, tag)
    find_again(op, manifest)
    op.say(f"{op.environment.image}:{tag} is {manifest.digest}.")


def describe(op: Operation, asked: Recipe) -> str:
    """Where builds run and where their source goes, after both answered. Raises DockyardError for what is missing."""
    from .image import cloudbuild, recipe, source
    from .image.cloudbuild import clients, upload, watching

    if asked.dockerfile.is_file() or not op.environment.build_config:
        recipe.check(op.environment, asked, secrets=False)
    clients.required()
    place = cloudbuild.place(op.environment)
    prepare(op, Order(asked, "check", source.read(op.root)))
    with ThreadPoolExecutor(2) as side_by_side:
        bucket = side_by_side.submit(upload.describe, place)
        side_by_side.submit(watching.look, place).result()
        return f"Cloud Build in {place.parent}, with the source through {bucket.result()}"


def say_dry(op: Operation, place: Place, build: cloudbuild_v1.Build, package: Package, tag: str) -> None:
    """Say what would be uploaded and submitted."""
    from .image.check import human
    from .image.cloudbuild import shown, upload

    if upload.find(place, package):
        op.say(f"Would build from gs://{place.bucket}/{package.name}, which is there already.")
    else:
        op.say(
            f"Would upload {len(package.files)} files, {human(package.size)}, to gs://{place.bucket}/{package.name}."
        )
    op.say(f"Would submit to Cloud Build in {place.parent}:")
    for line in shown.lines(build):
        op.say(f"  {line}")
    op.say(f"Would tag {op.environment.image}:{tag}.")
