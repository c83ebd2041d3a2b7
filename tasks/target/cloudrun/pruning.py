"""Revisions that nothing needs any more are deleted; what serves, has a tag or is verified and recent stays.

A revision without traffic costs nothing, but a service keeps a thousand of them. Images are not touched: the registry
keeps all that was pushed, and Cloud Run a copy of what it runs. Nor is a revision that somebody else made.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from google.api_core import exceptions
from google.cloud import run_v2

from .. import Removal, Revision
from . import history, running
from .calls import TIMEOUT, WRITE
from .ledger import PREFIX
from .running import short

if TYPE_CHECKING:
    from .service import Fleet

BESIDE = 8  # deletions side by side


def prunable(fleet: Fleet, keep: int, pinned: Collection[str]) -> list[Removal]:
    """What could go, the oldest last."""
    fleet.forget()
    known = history.history(fleet)
    needed = used(fleet.lately().service)
    stays = staying(known, needed, keep, pinned) | foreign(fleet.revisions())
    return [Removal("revision", each.name, why(each, keep)) for each in known if each.name not in stays]


def used(service: run_v2.Service | None) -> set[str]:
    """What has traffic or a tag, is to have some, or is the newest: a release under way may have just made it."""
    if service is None:
        return set()
    newest = (service.latest_created_revision, service.latest_ready_revision, service.template.revision)
    asked = (each.revision for each in service.traffic)
    shared = (each.revision for each in running.traffic(service))
    return {*map(short, newest), *asked, *shared} - {""}


def foreign(revisions: Sequence[run_v2.Revision]) -> set[str]:
    """The revisions that somebody else made."""
    return {short(each.name) for each in revisions if not any(key.startswith(PREFIX) for key in each.annotations)}


def staying(known: Sequence[Revision], needed: Collection[str], keep: int, pinned: Collection[str]) -> set[str]:
    """What stays of these, newest first: pure.

    Those that are `needed` or pinned, the last `keep` verified ones beside those, and what a rollback would take.
    """
    stays = {*needed, *(each.name for each in known if each.release.digest and each.release.digest in pinned)}
    verified = [each for each in known if each.verified and each.name not in needed]
    serving = max((each for each in known if each.percent), key=lambda each: each.percent, default=None)
    now = (serving.release.digest, serving.spec) if serving else None
    others = [each for each in verified if (each.release.digest, each.spec) != now]
    return stays | {each.name for each in (*verified[:keep], *others[: min(keep, 1)])}


def why(revision: Revision, keep: int) -> str:
    """Why a revision goes."""
    return f"not among the last {keep} verified" if revision.verified else "never verified"


def prune(fleet: Fleet, removals: Sequence[Removal]) -> list[Removal]:
    """Delete these but for what is used by now, side by side; what was deleted."""
    busy = used(fleet.look().service)
    going = [each for each in removals if each.kind == "revision" and each.name not in busy]
    with ThreadPoolExecutor(BESIDE) as side_by_side:
        gone = list(side_by_side.map(lambda each: delete(fleet, each.name), going))
    fleet.forget()
    return [each for each, done in zip(going, gone, strict=True) if done]


def delete(fleet: Fleet, name: str) -> bool:
    """Delete a revision; False where Cloud Run keeps it, for it has become needed."""
    try:
        fleet.clients.revisions.delete_revision(name=f"{fleet.name}/revisions/{name}", retry=WRITE, timeout=TIMEOUT)
    except exceptions.NotFound:
        return True
    except (exceptions.FailedPrecondition, exceptions.Conflict, exceptions.BadRequest):
        return False
    return True
