"""A rollout taken back: what served before serves again, and what ECS has rolled back itself is only confirmed."""

from __future__ import annotations

import time
from typing import Any

from ...errors import DeployFailed
from ...say import say
from . import faults
from .faults import BotoCoreError, ClientError
from .rolling import FINAL, Rolling
from .service import Entry, named, primary

POLL = 0.9  # the longest pause between two looks, in seconds
UNCERTAIN = 1.0  # seconds that a request without an answer may take to arrive


def undo(rolling: Rolling, timeout: float) -> None:
    """Have the service run what it ran before. Raises DeployFailed where it does not, within `timeout` seconds."""
    if rolling.idle:
        return
    try:
        with faults.told(DeployFailed):
            take_back(rolling, time.monotonic() + timeout)
    except DeployFailed as error:
        env = rolling.service.environment.name
        raise DeployFailed(
            f"{rolling.service.name} could NOT be brought back to {rolling.home}: {str(error.message).rstrip('.')}. "
            f"See inv status --env={env}; inv rollback --env={env} --to={rolling.home} tries again.",
            error.document,
        ) from error


def take_back(rolling: Rolling, deadline: float) -> None:
    """Stop the deployment where it is under way, else bring the service back to what it ran; return when it serves."""
    unanswered = rolling.deploys and rolling.deployment == rolling.look.primary
    if unanswered:
        time.sleep(UNCERTAIN)
    entry = rolling.looked()
    refuse_other(rolling, entry)
    if unanswered:
        rolling.deployment = primary(entry)
    anew = rolling.goal.name == rolling.home and rolling.deploys and primary(entry).get("rolloutState") == "IN_PROGRESS"
    if (named(entry) != rolling.home or anew) and stop(rolling):
        follow(rolling, deadline)
        entry = rolling.looked()
        refuse_other(rolling, entry)
    if named(entry) != rolling.home:
        rolling.service.update(taskDefinition=rolling.home, **rolling.quick)
        say(f"{rolling.service.name} goes back to {rolling.home}.")
    await_service(rolling, deadline)
    live = rolling.look.raw.get("deploymentConfiguration")
    back = rolling.back or ({"deploymentConfiguration": live} if rolling.quick else {})
    if back:
        rolling.service.update(**back)


def refuse_other(rolling: Rolling, entry: Entry) -> None:
    """Raise DeployFailed where somebody else deployed meanwhile: that is theirs."""
    now = named(entry)
    if now not in (rolling.goal.name, rolling.home):
        raise DeployFailed(f"{now} was deployed by somebody else meanwhile, and was left alone")


def stop(rolling: Rolling) -> bool:
    """Have ECS roll the deployment back, unless it is over; whether it does."""
    if rolling.halts or not (rolling.arn or rolling.find()):
        return False
    status = str(rolling.service.deployment(rolling.arn).get("status") or "")
    if rolling.service.blind:  # nobody would see its end
        return False
    if status in FINAL or status.startswith("ROLLBACK_"):
        return status not in FINAL
    try:
        rolling.service.stop(rolling.arn)
    except (ClientError, BotoCoreError) as error:  # the controller, the strategy or the permission does not let it
        say(f"{rolling.goal.name} could not be stopped, and is replaced instead. {faults.sentence(error)}")
        return False
    say(f"ECS takes {rolling.goal.name} back.")
    return True


def follow(rolling: Rolling, deadline: float) -> None:
    """Return once the service deployment is final."""
    while rolling.service.deployment(rolling.arn).get("status") not in FINAL:
        pause(deadline, "ECS has not rolled it back in time")


def await_service(rolling: Rolling, deadline: float) -> None:
    """Return once the service runs what it ran before, all of it."""
    while not serves(rolling, rolling.looked()):
        own: Any = primary(rolling.known)
        if own.get("rolloutState") == "FAILED" and named(rolling.known) == rolling.home:
            raise DeployFailed(str(own.get("rolloutStateReason") or "its deployment failed"))
        pause(deadline, f"{own.get('runningCount', 0)} of {own.get('desiredCount', 0)} of its tasks run")


def serves(rolling: Rolling, entry: Entry) -> bool:
    """Whether the service is back."""
    refuse_other(rolling, entry)
    own = primary(entry)
    up = int(own.get("runningCount") or 0) >= int(own.get("desiredCount") or 0)
    return named(entry) == rolling.home and up and own.get("rolloutState") in (None, "", "COMPLETED")


def pause(deadline: float, why: str) -> None:
    """Wait for the next look. Raises DeployFailed when it is over."""
    if time.monotonic() >= deadline:
        raise DeployFailed(f"{why}, and DEPLOY_TIMEOUT is over")
    time.sleep(POLL)
