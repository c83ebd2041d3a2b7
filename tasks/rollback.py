"""Back to a release that worked: kept revisions come up again without a pull."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice

from . import pin as pinning
from . import verify
from .deploy import as_release, roll_out
from .errors import DockyardError, NoLock, SettingError
from .rollout import bring_up, looked_back, retire
from .target import Current, Release, Revision
from .verb import Document, Operation, verb

REASON = "rollback to "  # of the lock


@verb(
    changes=True,
    locks=True,
    help={
        "to": "a revision's name (inv history lists them)",
        "digest": "the newest revision of this digest, or a new one of it",
        "tag": "the newest revision of this tag, or a new one of it",
    },
)
def rollback(op: Operation, to: str = "", digest: str = "", tag: str = "") -> Document:
    """Return to the last verified release other than the current one, and pin it."""
    if sum(map(bool, (to, digest, tag))) > 1:
        raise SettingError("--to, --digest and --tag exclude each other; give one of them.")
    way = find(op, to, digest, tag)
    if way.goal is None:
        return deploy_anew(op, in_registry(op, digest, tag))
    if way.done or op.dry:
        op.say(f"{'No changes:' if way.done else 'Would roll back'} {way.leaving} -> {way.goal.name}.")
        shown = verify.describe(op, way.current)
        return {**shown, "revision": way.goal.name, "previous": way.leaving or None, "changed": False}
    return go(op, way, way.goal, named=bool(to or digest or tag))


@dataclass(frozen=True)
class Way:
    """From where to where: `goal` is None where no revision is kept of it, `done` says that it serves alone already."""

    current: Current
    leaving: str
    goal: Revision | None
    done: bool

    @property
    def serving(self) -> str:
        """The revision with most traffic."""
        return self.current.revision.name if self.current.revision else ""


def find(op: Operation, to: str, digest: str, tag: str) -> Way:
    """What is withdrawn, and what comes back. Raises SettingError, DockyardError where there is no such release."""
    history, current = op.target.history(), op.target.current()
    serving = current.revision.name if current.revision else ""
    canary, proven = halfway(history, current)
    unfinished = begun(op)
    to_go_on = "" if digest or tag else unfinished or proven
    goal = choose(history, canary or serving, op.name, to=to or to_go_on, digest=digest, tag=tag)
    alone = sharing(current) == {serving}
    done = goal is not None and goal.name == serving != unfinished and alone
    return Way(current, canary or serving, goal, done)


def deploy_anew(op: Operation, release: Release) -> Document:
    """A release of which no revision is kept, without its migrations."""
    with nullcontext() if op.dry else op.lock(f"deploy {release.tag or release.digest}"):
        document = roll_out(op, release, migrations=False)
        if not op.dry:
            repin(op, release)
    return document


def go(op: Operation, way: Way, goal: Revision, *, named: bool) -> Document:
    """Bring a kept revision back. One that was not `named` is given up where somebody released meanwhile."""
    op.say(f"Rolling {op.environment.service} back: {way.leaving} -> {goal.name} ({goal.release.tag or 'no tag'}).")
    with op.lock(f"{REASON}{goal.name}"):
        if not named:
            refuse_other(op, way.serving, way.leaving, goal.name)
        rollout = op.target.restore(goal)
        checks = bring_up(op, rollout, proven=goal.verified)
        repin(op, goal.release)
        retire(op, rollout)
        now = verify.describe(op, looked_back(op, rollout))
    at = f" at {now['url']}" if now["url"] else ""
    op.say(f"{goal.name} serves{at}")
    return {**now, "previous": way.leaving or None, "changed": True, "checks": verify.as_documents(checks)}


def begun(op: Operation) -> str:
    """The revision that a rollback was on its way to when it was killed, so that the same command goes on; "" for none.

    Without that the last verified release other than the current one could be the one that it came from.
    """
    try:
        holder = op.target.holder()
    except NoLock:  # the lock itself tells
        holder = None
    if holder is None or not holder.dead or not holder.reason.startswith(REASON):
        return ""
    op.say(f"A {holder.reason} by {holder.by} was killed; going on with it.")
    return holder.reason.removeprefix(REASON)


def halfway(history: Sequence[Revision], current: Current) -> tuple[str, str]:
    """A canary whose release was killed, and the verified revision that it shares the traffic with; "" for none."""
    names = sharing(current)
    if len(names) < 2:
        return "", ""
    shares = list(islice((each for each in history if each.name in names), len(names)))
    canary = next((each.name for each in shares if not each.verified), "")
    proven = max((each for each in shares if each.verified), key=lambda each: each.percent, default=None)
    return (canary, proven.name) if canary and proven else ("", "")


def sharing(current: Current) -> set[str]:
    """The revisions with traffic, and one that the platform is about to give some: it has 0 % and no traffic tag."""
    return {each.revision for each in current.traffic if each.percent or not each.tag}


def refuse_other(op: Operation, serving: str, leaving: str, goal: str) -> None:
    """Raise DockyardError where another revision serves by now than the one that was to be withdrawn."""
    revision = op.target.current().revision
    now = revision.name if revision else ""
    if now not in (serving, leaving, goal):
        raise DockyardError(
            f"{now or 'Nothing'} serves by now, no longer {serving or 'nothing'}: somebody released meanwhile. "
            f"Nothing was changed; type inv rollback --env={op.name} again, or name the revision with --to={goal}."
        )


def choose(
    history: Sequence[Revision], serving: str, env: str, *, to: str = "", digest: str = "", tag: str = ""
) -> Revision | None:
    """The revision to go back to; None where a digest or tag has no kept revision. Raises SettingError."""
    if to:
        for each in history:
            if each.name == to:
                return startable(each, env)
        near = difflib.get_close_matches(to, [each.name for each in history], n=1)
        raise SettingError(
            f"There is no revision {to!r}; "
            + (f"did you mean --to={near[0]}?" if near else f"inv history --env={env} lists them.")
        )
    if digest or tag:
        kept = (each for each in history if each.startable)
        return next((e for e in kept if (e.release.digest == digest if digest else e.release.tag == tag)), None)
    now = next(((each.release.digest, each.spec) for each in history if each.name == serving), None)
    for each in history:
        if each.verified and (each.release.digest, each.spec) != now:
            return startable(each, env)
    raise DockyardError(
        f"No verified release other than the current one ({serving or 'none'}) is known; "
        f"inv history --env={env} lists all, inv rollback --to=REVISION takes any."
    )


def startable(revision: Revision, env: str) -> Revision:
    """The revision itself. Raises DockyardError where only its record is left."""
    if revision.startable:
        return revision
    raise DockyardError(
        f"{revision.name} was pruned, only its record is left; deploy its image anew: "
        f"inv rollback --env={env} --digest={revision.release.digest}"
    )


def in_registry(op: Operation, digest: str, tag: str) -> Release:
    """A digest or tag that no kept revision has, as the registry knows it."""
    from .image import tag as tags

    if tag:
        tags.still(tags.valid(tag), tags.moving(op.environment))
    found = pinning.describe(op, op.registry, pinning.resolve(op, op.registry, tag, digest), tag)
    return as_release(found, op.by, "rollback")


def repin(op: Operation, release: Release) -> None:
    """Write what serves into the pin, so that the next deploy does not bring the withdrawn release back.

    What the platform recorded is enough: a rollback needs no registry.
    """
    from .image import pin as pins

    if not release.digest:
        op.say(f"env/{op.name}.lock stays as it is: {release.image} was deployed without a digest.")
        return
    before = pinning.existing(op)
    if before is None or before.digest != release.digest:
        pins.write(op.root, op.name, pins.Pin(release.image, release.digest, release.tag, release.git_sha))
        op.say(f"env/{op.name}.lock pins {release.digest} again.")
