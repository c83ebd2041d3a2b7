"""Following a service deployment to its end, as ECS itself tells it.

Not `services_stable`: that waiter looks at neither the rollout's state nor the task definition, and takes a rollback
of the circuit breaker for success.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from ...say import say
from . import strategy, stuck
from .rolling import FINAL, Rolling
from .service import Entry, named, primary

EVERY = 3  # every third look is at the service, for its events and its failed tasks
UNLISTED = 10.0  # seconds after which a deployment that is not listed is told by the service alone
STOPS = 5.0  # seconds between two looks at the tasks that stopped
STATES = {"COMPLETED": "SUCCESSFUL", "FAILED": "STOPPED"}  # of a service that lists no deployments
BACK = {"COMPLETED": "ROLLBACK_SUCCESSFUL", "FAILED": "ROLLBACK_FAILED"}  # of the deployment in the place of the asked

FIRST = 0.1  # seconds until the second look
GROWTH = 1.6  # of what it has taken up to now
PENDING = 3.0  # the longest pause while no task of it runs: an image is pulled, a machine is found
RUNNING = 0.9  # while one does: the end is seen within a second
LATER = 60.0  # seconds after which a deployment is in no hurry: bakes and drains take minutes
SLOWEST = 5.0


class Waiting:
    """One deployment, looked at until it is over, or until all of them are."""

    def __init__(self, rolling: Rolling, timeout: float, over: threading.Event) -> None:
        self.rolling = rolling
        self.over = over
        self.deadline = time.monotonic() + timeout
        self.timeout = timeout
        self.looks = 0
        self.running = False
        self.status = ""
        self.failed = 0
        self.seen = False  # whether the service has told of it
        self.stops = 0.0  # when stopped tasks were last asked for, monotonic

    def follow(self) -> Mapping[str, Any]:
        """The service deployment when it is final. Raises DeployFailed where it is not within the timeout."""
        while not self.over.is_set():
            found = self.look()
            if found.get("status") in FINAL:
                return found
            self.pause(found)
        return {}

    def pause(self, found: Mapping[str, Any]) -> None:
        """Wait for the next look. Raises DeployFailed when it is over."""
        now = time.monotonic()
        if now >= self.deadline:
            raise stuck.timed_out(self.rolling, found, self.timeout)
        self.over.wait(min(pause(now - self.rolling.began, running=self.running), self.deadline - now))

    def look(self) -> Mapping[str, Any]:
        """The service deployment as it is now; of the service alone where nothing has changed by that."""
        self.looks += 1
        if self.rolling.service.blind:
            return self.unlisted()
        if not self.rolling.arn:
            brief = self.rolling.find()
            if not brief:
                return self.unlisted()
            if brief.get("status") not in FINAL[1:]:  # which have more to tell
                return brief
        if self.looks % EVERY == 0 and self.still():
            return {}
        found = self.rolling.service.deployment(self.rolling.arn)
        self.running = bool((found.get("targetServiceRevision") or {}).get("runningTaskCount"))
        self.say_status(found)
        return found

    def still(self) -> bool:
        """Look at the service, and say its news; whether that alone tells that the deployment goes on."""
        entry = self.rolling.looked()
        own = primary(entry)
        self.running = self.running or bool(own.get("runningCount"))
        self.say_stops()
        mine = own.get("id") == self.rolling.deployment.get("id")
        return mine and own.get("rolloutState") == "IN_PROGRESS" and len(entry.get("deployments") or ()) > 1

    def unlisted(self) -> Mapping[str, Any]:
        """What the service says of a deployment that is not listed; nothing while it may be soon."""
        soon = time.monotonic() - self.rolling.began < UNLISTED and not self.rolling.service.blind
        if soon and self.rolling.deploys:
            return {}
        entry = self.rolling.looked()
        own = primary(entry)
        self.say_stops()
        self.running = bool(own.get("runningCount"))
        self.seen = self.seen or own.get("id") == self.rolling.deployment.get("id")
        stale = not self.seen and time.monotonic() - self.rolling.began < UNLISTED
        return {
            "status": "IN_PROGRESS" if stale else told(self.rolling, entry),
            "statusReason": str(own.get("rolloutStateReason") or ""),
        }

    def say_status(self, found: Mapping[str, Any]) -> None:
        """Say when a deployment turns back: its end is then only a matter of time."""
        status, before = str(found.get("status") or ""), self.status
        self.status = status
        if status != before and status.startswith(("ROLLBACK_", "STOP_")) and status not in FINAL:
            reason = (found.get("rollback") or {}).get("reason") or found.get("statusReason") or "no reason was given"
            say(f"  ECS takes {self.rolling.goal.name} back: {reason}")

    def say_stops(self) -> None:
        """Say why tasks of it stopped, each once."""
        failed = self.rolling.failures()
        if failed > self.failed and time.monotonic() - self.stops >= STOPS:
            self.failed, self.stops = failed, time.monotonic()
            for task in stuck.stopped(self.rolling):
                stuck.say_stopped(self.rolling, task)


def follow(rolling: Rolling, timeout: float, over: threading.Event) -> None:
    """Return once a rollout's deployment has succeeded. Raises DeployFailed for any other end.

    `timeout` is in seconds.
    """
    waiting = Waiting(rolling, timeout + baking(rolling), over)
    found = waiting.follow()
    if not found:
        return
    stuck.refuse(rolling, found)
    settle(rolling, over)
    while "desiredCount" in rolling.update and not counted(rolling.looked()) and not over.is_set():
        waiting.pause(found)
    if rolling.after:
        rolling.service.update(**rolling.after)


def pause(elapsed: float, *, running: bool) -> float:
    """Seconds until the next look, `elapsed` seconds after the request.

    What has taken long takes longer: a pause is never much longer than the deployment has lasted.
    """
    longest = RUNNING if running else PENDING
    return max(min(longest, FIRST + GROWTH * elapsed), min(SLOWEST, elapsed / LATER))


def settle(rolling: Rolling, over: threading.Event) -> None:
    """Look until the service tells what its deployment has told: its own answers may lag behind."""
    until = time.monotonic() + UNLISTED
    while lags(rolling, rolling.looked()) and time.monotonic() < until and not over.wait(RUNNING):
        pass


def lags(rolling: Rolling, entry: Entry) -> bool:
    """Whether a service tells that a deployment goes on which has succeeded."""
    return named(entry) == rolling.goal.name and primary(entry).get("rolloutState") == "IN_PROGRESS"


def counted(entry: Entry) -> bool:
    """Whether as many tasks run as should."""
    return bool(entry.get("runningCount") == entry.get("desiredCount") and not entry.get("pendingCount"))


def told(rolling: Rolling, entry: Entry) -> str:
    """What the status of a service deployment would be, as far as the service tells."""
    own, others = primary(entry), len(entry.get("deployments") or ()) > 1
    state = str(own.get("rolloutState") or ("IN_PROGRESS" if others else "COMPLETED"))
    if own.get("id") == rolling.deployment.get("id"):
        return STATES.get(state, "IN_PROGRESS")
    return BACK.get(state, "ROLLBACK_IN_PROGRESS") if named(entry) == rolling.way_back else "STOPPED"


def baking(rolling: Rolling) -> float:
    """Seconds that a deployment takes on purpose, by the service's own configuration: each step, and after the last.

    Those of CANARY are in DEPLOY_TIMEOUT: the settings are refused otherwise.
    """
    asked = rolling.service.environment.canary
    return 0.0 if asked else strategy.baking(rolling.look.raw.get("deploymentConfiguration") or {})
