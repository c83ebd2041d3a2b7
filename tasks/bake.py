"""A revision is watched for BAKE after each step of its traffic: it must run on, stay healthy, and answer well."""

from __future__ import annotations

import time

from . import verify
from .errors import DeployFailed
from .target import CheckResult, Rollout, Served
from .verb import Operation

STEP = 60.0  # seconds after a step of CANARY where BAKE says nothing
POLL = 1.0  # seconds between two looks
MISSES = 3  # health checks that fail in a row
ENOUGH = 20  # requests that tell an error rate before the time is over
ERROR_RATE = 0.05  # where MAX_ERROR_RATE says nothing


def seconds(op: Operation, percent: int) -> float:
    """How long a revision with so much of the traffic is watched: at 100 % only where BAKE is set."""
    if op.environment.bake is not None:
        return op.environment.bake
    return STEP if percent < 100 else 0.0


def watch(op: Operation, rollout: Rollout, duration: float) -> None:
    """Watch for `duration` seconds. Raises DeployFailed at the first sign of a bad one: few requests meet it."""
    from .target import probe

    health = probe.health(op.environment)
    before, missed = answered(op, rollout.revision), 0
    deadline = time.monotonic() + duration
    while True:
        time.sleep(max(0.0, min(POLL, deadline - time.monotonic())))
        over = time.monotonic() >= deadline
        op.target.alive(rollout)
        asked = op.target.probe(health, rollout.revision) if health else CheckResult("health", None)
        missed = missed + 1 if asked.ok is False else 0
        errors = errors_of(op, since(before, answered(op, rollout.revision)), 1 if over else ENOUGH)
        if errors.ok is False or missed >= MISSES or (missed and over):
            bad = errors if errors.ok is False else asked
            raise DeployFailed(f"{rollout.revision} turned bad while it was watched: {bad.name}: {bad.detail}.")
        if over:
            verify.say(op, [errors])
            return


def errors_of(op: Operation, counted: Served | None, enough: int) -> CheckResult:
    """The error rate against MAX_ERROR_RATE; one of fewer than `enough` requests tells nothing yet."""
    most = op.environment.max_error_rate
    return verify.errors_check(counted, ERROR_RATE if most is None else most, enough)


def answered(op: Operation, revision: str) -> Served | None:
    """What a revision has answered so far; None where the platform does not count."""
    return verify.served(op.target.current(), revision)


def since(before: Served | None, now: Served | None) -> Served | None:
    """What was answered in between. A platform that began to count anew meanwhile tells all that it knows."""
    if before is None or now is None or now.requests < before.requests or now.errors < before.errors:
        return now
    return Served(now.revision, now.requests - before.requests, now.errors - before.errors)
