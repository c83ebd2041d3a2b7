"""Deploy the pin: plan, apply, wait, shift traffic, read back, and undo whatever does not get healthy.

`deploy.plan` computes the same plan and stops there.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from . import migrate, verify
from .errors import NoLock, PlanDiffers, SettingError
from .rollout import bring_up, looked_back, retire
from .target import Plan, Release, Rollout
from .verb import Document, Operation, verb

if TYPE_CHECKING:
    from .image.pin import Pin


@verb(
    changes=True,
    locks=True,
    help={
        "force": "deploy the same pin anew, after a secret was rotated",
        "no_traffic": "bring it up beside what serves, without traffic",
        "traffic_tag": "a name under which the new revision is reached beside what serves",
        "note": "why, for the history",
    },
)
def deploy(
    op: Operation, force: bool = False, no_traffic: bool = False, traffic_tag: str = "", note: str = ""
) -> Document:
    """Deploy the pinned digest, shift traffic to it, and undo it if it does not get healthy."""
    return roll_out(
        op,
        pinned(op, note),
        force=force,
        no_traffic=no_traffic,
        traffic_tag=traffic_tag,
        renewed=lambda: pinned(op, note),
    )


@verb()
def plan(op: Operation) -> Document:
    """Show what a deploy would change (exit 0: nothing, exit 2: something)."""
    planned = op.target.plan(pinned(op), checked=True)
    document = plan_document(op, planned)
    show_plan(op, planned)
    if planned.changes:
        raise PlanDiffers("", document)
    return document


def pinned(op: Operation, note: str = "") -> Release:
    """The pin as a release by whoever runs this. Raises SettingError without a pin."""
    from .image import pin

    return as_release(pin.read(op.root, op.name), op.by, note)


def as_release(pin: Pin, by: str, note: str = "") -> Release:
    """A pin, with who and when."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Release(pin.image, pin.digest, pin.tag, pin.git_sha, by=by, at=now, note=note)


def roll_out(
    op: Operation,
    release: Release,
    *,
    force: bool = False,
    no_traffic: bool = False,
    traffic_tag: str = "",
    migrations: bool = True,
    renewed: Callable[[], Release] | None = None,
) -> Document:
    """Carry a release from plan to verified. A dry run, or a plan without changes, changes nothing.

    `renewed` reads the release again once the service is held: a pin may have been written meanwhile.
    """
    refuse_unready(op)
    if (no_traffic or traffic_tag) and not op.target.shifts:
        raise SettingError(
            f"TARGET={op.environment.target} moves the traffic itself, so nothing can be brought up without it: "
            "leave --no-traffic and --traffic-tag out; CANARY has it moved in steps."
        )
    checked = op.dry or (migrations and bool(op.environment.release_command))  # what is refused migrates nothing
    planned = op.target.plan(release, force=force, traffic_tag=traffic_tag, checked=checked)
    if no_traffic and not planned.previous:
        raise SettingError(
            f"{op.environment.service} has no revision to serve beside; leave --no-traffic out of a first deploy."
        )
    show_plan(op, planned)
    if not op.dry and not planned.changes:
        finish(op, planned)
    if op.dry or not planned.changes:
        return plan_document(op, planned)
    with op.lock(f"deploy {release.tag or release.digest}"):
        release = renewed() if renewed else release
        shown, planned = planned.changes, op.target.plan(release, force=force, traffic_tag=traffic_tag)
        if planned.changes != shown:  # whoever held the lock before has done something
            show_plan(op, planned)
        if not planned.changes:
            return plan_document(op, planned)
        if migrations:
            migrate.up_first(op, release)
        rollout = op.target.apply(planned)
        checks = bring_up(op, rollout, traffic_tag, no_traffic=no_traffic)
        if not no_traffic:
            retire(op, rollout)
        current = looked_back(op, rollout, no_traffic=no_traffic)
    at = f" at {current.url}" if current.url else ""
    op.say(f"{rollout.revision} {'is up without traffic' if no_traffic else 'serves'}{at}")
    return {
        **verify.describe(op, current),
        "revision": rollout.revision,
        "previous": planned.previous or None,
        "digest": release.digest,
        "tag": release.tag,
        "changed": True,
        "checks": verify.as_documents(checks),
    }


def finish(op: Operation, planned: Plan) -> None:
    """End the lock, and stop what runs, of a release that was killed at its very end."""
    try:
        holder = op.target.holder()
    except NoLock:  # whoever changes anything is told
        holder = None
    if not planned.left and not (holder and holder.dead):
        return
    with op.lock("finish a release that was killed"):
        if planned.left:
            op.say(f"Stopping {', '.join(planned.left)}, which a release that was killed left running.")
            rollout = Rollout(planned.previous, planned.release, planned.current.traffic, created=False)
            retire(op, rollout, only=planned.left)


def refuse_unready(op: Operation) -> None:
    """Resolve every secret that this machine must read, before anything is built or changed. Raises SettingError."""
    from .environment.secrets import is_reference, resolve

    headers = [value for check in op.environment.checks for value in check.headers.values()]
    for reference in (*op.environment.secrets.values(), *headers):
        if is_reference(reference):
            resolve(reference, op.root)


def show_plan(op: Operation, planned: Plan) -> None:
    """Say a plan, a line a change."""
    if not planned.changes:
        op.say(f"No changes: {planned.previous} serves {planned.release.digest}.")
        return
    op.say(
        f"{'Would deploy' if op.dry else 'Plan for'} {op.environment.service} ({planned.previous or 'first deploy'}):"
    )
    for change in planned.changes:
        op.say(f"  {change.what}: {change.before or '(unset)'} -> {change.after or '(unset)'}")


def plan_document(op: Operation, planned: Plan) -> Document:
    """A plan as `--json` gives it."""
    return {
        **verify.describe(op, planned.current),
        "previous": planned.previous or None,
        "digest": planned.release.digest,
        "tag": planned.release.tag,
        "changed": False,
        "changes": [{"what": each.what, "before": each.before, "after": each.after} for each in planned.changes],
    }
