"""What nothing needs any more: revisions and images that may go. Pure: looks at nothing, removes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby

from ...image.images import Stored
from ...image.recipe import ENV
from ...image.tag import each as tags_of
from ...image.tag import for_people
from .. import Revision
from . import ledger
from .service import Look


def revisions(look: Look, keep: int, pinned: Collection[str]) -> list[Revision]:
    """Those that neither run nor have traffic or a tag, are pinned nowhere, and are not recent and verified."""
    needed = awake(look)
    needed |= recent(look, keep, needed)
    return [each for each in look.history if each.name not in needed and each.release.digest not in pinned]


def awake(look: Look) -> set[str]:
    """The revisions that run, that have traffic or a traffic tag, and the one that serves."""
    running = {box.revision for box in look.inventory.instances() if box.up}
    return running | {each.revision for each in look.traffic} | ({look.serving.name} if look.serving else set())


def recent(look: Look, keep: int, needed: Collection[str]) -> set[str]:
    """The last `keep` verified ones beside those, and what `rollback` would take.

    Where none is known to serve, the newest counts as that.
    """
    keep += look.serving is None
    verified = [each for each in look.history if each.verified and each.name not in needed]
    startable = [each for each in verified if each.startable]
    serving = look.serving and (look.serving.release.digest, look.serving.spec)
    others = [each for each in startable if (each.release.digest, each.spec) != serving]
    return {each.name for each in (*verified[:keep], *startable[:keep], *others[: min(keep, 1)])}


def why(revision: Revision, keep: int) -> str:
    """Why a revision goes."""
    gone = "" if revision.startable else "; only its record is left"
    return f"{f'not among the last {keep} verified' if revision.verified else 'never verified'}{gone}"


def newest(look: Look) -> str:
    """The revision with the highest number: its record stays, so that the next one has a higher number."""
    return next(iter(ledger.newest_first(look.inventory.service, look.inventory.revisions)), "")


def images(
    found: Sequence[Stored],
    used: Collection[str],
    pinned: Collection[str],
    platforms: Sequence[str],
    moving: Collection[str],
) -> Iterator[Stored]:
    """Those that no container uses (`used`, by id) and nobody has `pinned`, by digest or by tag.

    What was built last for each environment and platform stays: a push or a deploy may come next.
    """
    tags = {name for tag in pinned for name in (tag, *tags_of(tag, platforms).values())}
    fresh = {each.id for each in latest(found)} | {each.id for each in latest(named(found, moving))}
    for each in found:
        if each.id not in {*used, *fresh} and not tags.intersection(each.tags) and not {*each.digests} & {*pinned}:
            yield each


def latest(found: Iterable[Stored]) -> Iterator[Stored]:
    """The newest image of each environment and platform."""
    kinds = sorted(found, key=kind)
    for _, of_it in groupby(kinds, key=kind):
        yield max(of_it, key=lambda each: each.at)


def kind(image: Stored) -> tuple[str, str]:
    """What an image was built for: the environment ("" where it does not say) and the platform."""
    return image.labels.get(ENV, ""), image.platform


def named(found: Iterable[Stored], moving: Collection[str]) -> Iterator[Stored]:
    """Images with a tag of their own: neither one that moves, nor one that finds an image by its inputs."""
    return (each for each in found if set(for_people(each.tags)) - set(moving))
