"""Deploy the pin: plan, apply, wait, shift traffic, read back, and undo whatever does not get healthy.

`deploy.plan` computes the same plan and stops there.
"""

from __future__ import annotations

import getpass
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from . import migrate, verify
from .errors import DeployFailed, DockyardError, PlanDiffers, SettingError
from .target import CheckResult, Plan, Release, Rollout, Traffic
from .verb import Document, Operation, uninterrupted, verb

if TYPE_CHECKING:
    from .image.pin import Pin


@verb(
    changes=True,
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
    return roll_out(op, pinned(op, note), force=force, no_traffic=no_traffic, traffic_tag=traffic_tag)


@verb()
def plan(op: Operation) -> Document:
    """Show what a deploy would change (exit 0: nothing, exit 2: something)."""
    planned = op.target.plan(pinned(op))
    document = plan_document(op, planned)
    show_plan(op, planned)
    if planned.changes:
        raise PlanDiffers("", document)
    return document


def pinned(op: Operation, note: str = "") -> Release:
    """The pin as a release by whoever runs this. Raises SettingError without a pin."""
    from .image import pin

    return as_release(pin.read(op.root, op.name), who(op), note)


def as_release(pin: Pin, by: str, note: str = "") -> Release:
    """A pin, with who and when."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Release(pin.image, pin.digest, pin.tag, pin.git_sha, by=by, at=now, note=note)


def who(op: Operation) -> str:
    """Git's user.email, else user@host."""
    asked = subprocess.run(["git", "config", "user.email"], cwd=op.root, capture_output=True, text=True, check=False)
    return asked.stdout.strip() or f"{getpass.getuser()}@{socket.gethostname()}"


def roll_out(
    op: Operation, release: Release, *, force: bool = False, no_traffic: bool = False, traffic_tag: str = ""
) -> Document:
    """Carry a release from plan to verified. A dry run, or a plan without changes, changes nothing."""
    if no_traffic and not op.target.current().revision:
        raise SettingError(
            f"{op.environment.service} has no revision to serve beside; leave --no-traffic out of a first deploy."
        )
    planned = op.target.plan(release, force=force)
    show_plan(op, planned)
    if op.dry or not planned.changes:
        return plan_document(op, planned)
    with op.target.lock(f"deploy {release.tag or release.digest}"):
        planned = op.target.plan(release, force=force)
        migrate.up_first(op, release)
        rollout = op.target.apply(planned, traffic_tag=traffic_tag)
        checks = bring_up(op, rollout, traffic_tag, no_traffic=no_traffic)
    current = op.target.current()
    op.say(f"{rollout.revision} {'is up without traffic' if no_traffic else 'serves'} at {current.url}")
    return {
        **verify.describe(op, current),
        "revision": rollout.revision,
        "previous": planned.previous or None,
        "digest": release.digest,
        "tag": release.tag,
        "changed": True,
        "checks": verify.as_documents(checks),
    }


def bring_up(op: Operation, rollout: Rollout, traffic_tag: str = "", *, no_traffic: bool = False) -> list[CheckResult]:
    """From applied to verified and the old retired: the same path for a deploy and a rollback."""
    started = time.monotonic()
    with undoing(op, rollout):
        op.target.wait(rollout)
        checks = probe(op, rollout.revision)
        for percent in () if no_traffic else steps(op, rollout):
            moved = op.target.shift(shares(rollout, percent, traffic_tag))
            refuse_share(rollout, percent, moved)
            if percent < 100:
                op.say(f"{rollout.revision} has {percent} %; the next step in {op.environment.bake:g} s")
                time.sleep(op.environment.bake)
                probe(op, rollout.revision)
        if no_traffic:
            if traffic_tag:
                op.target.shift(shares(rollout, 0, traffic_tag))
            return checks
        current = op.target.current()
        since = time.monotonic() - started + 1
        looked = verify.look(
            op, current, rollout.release.digest, "the release", since=None if rollout.created else since
        )
        checks = [*looked, *checks]
        verify.say(op, looked)
        refuse_failed(rollout, looked)
    with uninterrupted():
        op.target.verified(rollout.revision, checks)
    op.target.retire(rollout)
    return checks


def steps(op: Operation, rollout: Rollout) -> list[int]:
    """The percentages on the way to 100: CANARY's, unless nothing serves yet or a rollback is in a hurry."""
    return [*(op.environment.canary if rollout.before and rollout.created else ()), 100]


def shares(rollout: Rollout, percent: int, traffic_tag: str = "") -> list[Traffic]:
    """The traffic with `percent` for the new revision and the rest for those before, in their proportion.

    A revision keeps the traffic tag that it has, unless the new one takes it.
    """
    own = next((each.tag for each in rollout.before if each.revision == rollout.revision), "")
    traffic_tag = traffic_tag or own
    rest = [each for each in rollout.before if each.revision != rollout.revision and (each.percent or each.tag)]
    kept = [each for each in rest if each.percent]
    if not kept:
        percent = 100
    given = Traffic(rollout.revision, percent, traffic_tag)
    total = sum(each.percent for each in kept)
    left, shared = 100 - percent, list[Traffic]()
    for each in rest:
        part = (100 - percent) * each.percent // total if total else 0
        left -= part
        shared.append(Traffic(each.revision, part, each.tag if each.tag != traffic_tag else ""))
    if left and shared:
        first = next(i for i, each in enumerate(rest) if each.percent)
        shared[first] = Traffic(shared[first].revision, shared[first].percent + left, shared[first].tag)
    return [given, *(each for each in shared if each.percent or each.tag)]


def probe(op: Operation, revision: str) -> list[CheckResult]:
    """Send every CHECK_* to one revision, before it has traffic. Raises DeployFailed for one that fails."""
    checks = [op.target.probe(check, revision) for check in op.environment.checks]
    verify.say(op, checks)
    for check in checks:
        if check.ok is False:
            raise DeployFailed(f"{check.name} failed on {revision}: {check.detail}")
    return checks


def refuse_failed(rollout: Rollout, checks: Sequence[CheckResult]) -> None:
    """Raise DeployFailed for a revision that serves and should not."""
    failed = [f"{check.name} ({check.detail})" for check in checks if check.ok is False]
    if failed:
        raise DeployFailed(
            f"{rollout.revision} serves but failed {', '.join(failed)}.",
            {"checks": verify.as_documents(checks)},
        )


def refuse_share(rollout: Rollout, percent: int, moved: Sequence[Traffic]) -> None:
    """Raise DeployFailed where the traffic, read back, is not what was asked for."""
    others = any(each.percent and each.revision != rollout.revision for each in rollout.before)
    wanted = percent if others else 100
    read_back = next((each.percent for each in moved if each.revision == rollout.revision), 0)
    if read_back != wanted:
        raise DeployFailed(f"{rollout.revision} should have {wanted} % of the traffic, and has {read_back} %.")


@contextmanager
def undoing(op: Operation, rollout: Rollout) -> Iterator[None]:
    """Give the traffic back and take the revision away if the block does not get to its end."""
    try:
        yield
    except BaseException as error:
        if isinstance(error, DockyardError) and not op.environment.auto_rollback and serves(op, rollout):
            raise DeployFailed(
                f"{error.message} AUTO_ROLLBACK=false: it was left as it is; inv rollback --env={op.name} undoes it.",
                error.document,
            ) from None
        op.say(f"Undoing {rollout.revision}.")
        with uninterrupted():
            op.target.undo(rollout)
        if isinstance(error, DockyardError):
            said = str(error.message).rstrip()
            between = "\n" if "\n" in said else " "
            raise DeployFailed(f"{said}{between}{serving(rollout)}", error.document) from None
        raise


def serves(op: Operation, rollout: Rollout) -> bool:
    """Whether the new revision has traffic by now."""
    return any(each.revision == rollout.revision and each.percent for each in op.target.current().traffic)


def serving(rollout: Rollout) -> str:
    """The sentence that says what serves after an undo."""
    before = [each.revision for each in rollout.before if each.percent]
    return f"It was undone; {', '.join(before)} serves." if before else "It was undone; nothing serves."


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
