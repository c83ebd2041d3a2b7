"""From applied to verified, or back: the same path for a deploy, a rollback and a move of the traffic."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

from . import bake, verify
from .errors import DeployFailed, DockyardError, Interrupted, Locked, Overtaken
from .signals import uninterrupted
from .target import CheckResult, Current, Rollout, Traffic
from .verb import Operation


def bring_up(
    op: Operation, rollout: Rollout, traffic_tag: str = "", *, no_traffic: bool = False, proven: bool = False
) -> list[CheckResult]:
    """From applied to verified: the same path for a deploy and a rollback.

    A `proven` revision was verified before, with the checks of its own day: today's CHECK_* are not asked of it.
    """
    started = time.monotonic()
    with undoing(op, rollout):
        op.target.wait(rollout)
        checks = [] if proven else probe(op, rollout.revision)
        for percent in () if no_traffic else steps(op, rollout):
            refuse_share(rollout, percent, op.target.shift(shares(rollout, percent, traffic_tag)))
            watched = bake.seconds(op, percent) if displaces(rollout) and rollout.created else 0.0
            watched = watched if op.target.shifts or not op.environment.canary else 0.0  # else the platform has watched
            if watched:
                op.say(f"{rollout.revision} has {percent} % and is watched for {watched:g} s.")
                bake.watch(op, rollout, watched)
            if percent < 100:
                probe(op, rollout.revision)
        if no_traffic:
            if traffic_tag:
                op.target.shift(shares(rollout, 0, traffic_tag))
            return checks
        since = None if rollout.created else time.monotonic() - started + 1
        looked = verify.look(op, op.target.current(), rollout.release.digest, "the release", since=since, proven=proven)
        checks = [*looked, *checks]
        verify.say(op, looked)
        refuse_failed(rollout, looked)
        if rollout.created:  # a container that ended meanwhile may run again by now
            op.target.alive(rollout)
        with uninterrupted():
            op.target.verified(rollout.revision, checks)
    return checks


def retire(op: Operation, rollout: Rollout, only: Collection[str] = ()) -> None:
    """Stop what served before. The new one serves and is verified by now, so nothing here undoes it."""
    try:
        op.target.retire(rollout, only)
    except Locked:
        raise
    except KeyboardInterrupt:
        raise Interrupted(
            f"Interrupted, but {rollout.revision} serves and is verified; what served before may still run, "
            "and the next deploy stops it."
        ) from None
    except DockyardError as error:
        op.say(f"{rollout.revision} serves, but what served before could not be stopped: {error.message}")


def looked_back(op: Operation, rollout: Rollout, *, no_traffic: bool = False) -> Current:
    """What runs after all is done. Raises DeployFailed where that cannot be read, or is something else meanwhile."""
    try:
        current = op.target.current(instances=False)
    except DockyardError as error:
        raise DeployFailed(
            f"{rollout.revision} serves and is verified, but what runs now could not be read. {error.message}"
        ) from error
    if not any(each.revision == rollout.revision for each in current.traffic) and not no_traffic:
        raise DeployFailed(
            f"{rollout.revision} was verified, but has no traffic any more: inv status --env={op.name} shows what "
            "there is, and the same command again mends it."
        )
    return current


def steps(op: Operation, rollout: Rollout) -> list[int]:
    """The percentages on the way to 100: CANARY's, unless nothing serves yet or a rollback is in a hurry.

    A platform that moves the traffic itself takes those steps itself.
    """
    return [*(op.environment.canary if op.target.shifts and displaces(rollout) and rollout.created else ()), 100]


def displaces(rollout: Rollout) -> bool:
    """Whether another revision has traffic before."""
    return any(each.percent and each.revision != rollout.revision for each in rollout.before)


def shares(rollout: Rollout, percent: int, traffic_tag: str = "") -> list[Traffic]:
    """The traffic with `percent` for the new revision and the rest for those before, in their proportion.

    A revision keeps the traffic tags that it has, unless the new one takes it, or it loses the last of its traffic:
    then nothing holds it any more, and it can be stopped.
    """
    own = [each.tag for each in rollout.before if each.revision == rollout.revision and each.tag]
    traffic_tag = traffic_tag or next(iter(own), "")
    rest = [each for each in rollout.before if each.revision != rollout.revision and (each.percent or each.tag)]
    kept = [each for each in rest if each.percent]
    if not kept:
        percent = 100
    further = [Traffic(rollout.revision, 0, each) for each in own if each != traffic_tag]
    total = sum(each.percent for each in kept)
    left, shared = 100 - percent, list[Traffic]()
    for each in rest:
        part = (100 - percent) * each.percent // total if total else 0
        left -= part
        gone = each.tag == traffic_tag or (percent == 100 and each.percent > 0)
        shared.append(Traffic(each.revision, part, "" if gone else each.tag))
    if left and shared:
        first = next(i for i, each in enumerate(rest) if each.percent)
        shared[first] = Traffic(shared[first].revision, shared[first].percent + left, shared[first].tag)
    given = Traffic(rollout.revision, percent, traffic_tag)
    return [given, *further, *(each for each in shared if each.percent or each.tag)]


def probe(op: Operation, revision: str) -> list[CheckResult]:
    """Send every CHECK_* to one revision, before it has traffic. Raises DeployFailed for one that fails."""
    checks = [op.target.probe(check, revision) for check in op.environment.checks]
    verify.say(op, checks)
    for check in checks:
        if check.ok is False:
            raise DeployFailed(f"{check.name} failed on {revision}: {check.detail}.")
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
    wanted = percent if displaces(rollout) else 100
    read_back = next((each.percent for each in moved if each.revision == rollout.revision), 0)
    if abs(read_back - wanted) > (2 if 0 < wanted < 100 else 0):  # whole weights over replicas may miss by that
        raise DeployFailed(f"{rollout.revision} should have {wanted} % of the traffic, and has {read_back} %.")


@contextmanager
def undoing(op: Operation, rollout: Rollout) -> Iterator[None]:
    """Give the traffic back and take the revision away if the block does not get to its end."""
    try:
        yield
    except (Locked, Overtaken):  # somebody has the service: what it does now is theirs
        raise
    except BaseException as error:
        failure = error if isinstance(error, DockyardError) else None
        if failure and not op.environment.auto_rollback and serves(op, rollout):
            raise DeployFailed(f"{failure.message} {left_as_it_is(op, rollout)}", failure.document) from None
        op.say(f"Undoing {rollout.revision}.")
        said = str(failure.message).rstrip() if failure else "Interrupted."
        try:
            with uninterrupted():
                op.target.undo(rollout)
        except Locked as taken:
            raise Locked(f"{said}\n{taken.message}", taken.document) from None
        except DockyardError as second:
            document = failure.document if failure else None
            raise DeployFailed(f"{said}\n{second.message}", document) from None
        said += ("\n" if "\n" in said else " ") + serving(rollout)
        if failure:
            raise DeployFailed(said, failure.document) from None
        if isinstance(error, KeyboardInterrupt):
            raise Interrupted(said) from None
        raise


def left_as_it_is(op: Operation, rollout: Rollout) -> str:
    """The sentence for AUTO_ROLLBACK=false: what was left, and how to go back."""
    before = max(rollout.before, key=lambda each: each.percent, default=None)
    back = f"inv rollback --env={op.name} --to={before.revision} goes back" if before else "nothing served before"
    return f"AUTO_ROLLBACK=false: it was left as it is; {back}."


def serves(op: Operation, rollout: Rollout) -> bool:
    """Whether the new revision has traffic by now, or may have: the platform may not answer."""
    try:
        traffic = op.target.current(instances=False).traffic
    except DockyardError:
        return True
    return any(each.revision == rollout.revision and each.percent for each in traffic)


def serving(rollout: Rollout) -> str:
    """The sentence that says what serves after an undo."""
    before = [each.revision for each in rollout.before if each.percent]
    return f"It was undone; {', '.join(before)} serves." if before else "It was undone; nothing serves."
