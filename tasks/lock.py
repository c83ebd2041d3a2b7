"""Who may change a service: every release holds it while it works, and `lock.take` holds it against all of them."""

from __future__ import annotations

from .target import Holder
from .verb import Document, Operation, verb


@verb()
def lock(op: Operation) -> Document:
    """Show who holds the service against other releases, since when and why."""
    held = op.target.holder()
    op.show(f"{sentence(op, held)}." if held else nobody(op))
    return describe(op, held)


@verb(changes=True, locks=True, help={"note": "why: database maintenance"})
def take(op: Operation, note: str = "") -> Document:
    """Hold the service until lock.release: nobody else releases it meanwhile."""
    held = op.target.holder()
    if held and own(held):
        op.say(f"{sentence(op, held)} already; inv lock.release --env={op.name} ends it.")
        return {**describe(op, held), "changed": False}
    if op.dry:
        op.say(f"{sentence(op, held)}: it would be refused." if held else f"Would hold {op.environment.service}.")
        return {**describe(op, held), "changed": False}
    taken = op.target.hold(" ".join(note.split()) or "no reason given", wait=op.wait_lock)
    op.say(f"{sentence(op, taken)}; inv lock.release --env={op.name} ends it.")
    return {**describe(op, taken), "changed": True}


@verb(changes=True, help={"steal": "end it whoever holds it: a release under way stops where it is"})
def release(op: Operation, steal: bool = False) -> Document:
    """End one's own lock.take, or the lock of a release that was killed; --steal ends anybody's."""
    held = op.target.holder()
    if held is None:
        op.say(nobody(op))
        return {**describe(op, held), "changed": False}
    if op.dry:
        op.say(f"{sentence(op, held)}: {outcome(held, steal=steal)}.")
        return {**describe(op, held), "changed": False}
    if steal or own(held):
        op.target.unlock(held)
    else:
        with op.target.lock("lock.release"):  # whoever gets it has seen its holder to have ended
            pass
    op.say(f"{op.environment.service} is free again; it was held by {held.by} since {held.since}.")
    return {**describe(op, None), "by": held.by, "since": held.since, "reason": held.reason, "changed": True}


def own(held: Holder) -> bool:
    """Whether it is this user's lock.take, which no process needs."""
    return held.mine and not held.lease


def outcome(held: Holder, *, steal: bool) -> str:
    """What `lock.release` would do about a lock."""
    if steal or own(held) or held.dead:
        return "it would be ended"
    return "it would be ended if no new sign of life comes" if held.lease < 0 else "only --steal would end it"


def nobody(op: Operation) -> str:
    """The sentence for a service that is free."""
    return f"Nobody holds {op.environment.service} ({op.name})."


def sentence(op: Operation, held: Holder) -> str:
    """Who holds the service, since when, why and for how long, without a full stop."""
    why = f" ({held.reason})" if held.reason else ""
    if held.dead:
        lasts = ", but that process has ended: the next release takes it over"
    elif held.lease < 0:
        lasts = f", but its lease ended {-held.lease:.0f} s ago: the next release watches it, then takes it over"
    else:
        lasts = f"; its lease lasts {held.lease:.0f} s and is renewed" if held.lease else " until lock.release"
    return f"{op.environment.service} is held by {held.by} since {held.since}{why}{lasts}"


def describe(op: Operation, held: Holder | None) -> Document:
    """A lock as `--json` gives it; `lease` is null for one without an end."""
    return {
        **op.about,
        "held": held is not None,
        "by": held.by if held else None,
        "since": held.since if held else None,
        "reason": held.reason if held else None,
        "lease": round(held.lease, 1) if held and held.lease else None,
        "mine": held.mine if held else None,
        "dead": held.dead if held else None,
    }
