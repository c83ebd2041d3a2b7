"""Why a rollout failed, in Cloud Run's own words, with the last lines that the revision wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.cloud import run_v2

from ...errors import DeployFailed
from . import running

if TYPE_CHECKING:
    from .service import Fleet

LINES = 20


def failure(fleet: Fleet, revision: str, what: str, told: run_v2.Condition) -> DeployFailed:
    """The failure of a revision."""
    return DeployFailed(f"{revision} {what}: {said(told)}.{tail(fleet, revision)}")


def timed_out(fleet: Fleet, revision: str, late: str, told: run_v2.Condition) -> DeployFailed:
    """The failure of what took longer than DEPLOY_TIMEOUT."""
    seconds = fleet.environment.deploy_timeout
    return DeployFailed(
        f"{late} within DEPLOY_TIMEOUT ({seconds:g} s): {said(told)}.{tail(fleet, revision) if revision else ''}"
    )


def refused(fleet: Fleet, told: run_v2.Condition) -> DeployFailed:
    """The failure to move traffic."""
    return DeployFailed(f"The traffic of {fleet.environment.service} was not moved: {said(told)}.")


def said(told: run_v2.Condition) -> str:
    """A condition in Cloud Run's own words, without a full stop."""
    message = str(told.message).strip().rstrip(".")
    if message:
        return message
    return running.reason(told) if told.state else "Cloud Run gives no reason"


def tail(fleet: Fleet, revision: str) -> str:
    """The last lines of a revision, each on a line of its own; "" where none can be read."""
    from . import logs

    found = logs.recent(fleet.clients, fleet.environment, revision, LINES)
    return "".join(f"\n  {each.text.rstrip()}" for each in found)
