"""The change of one service from a task definition to another, under way."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ...say import say
from . import faults
from . import service as services
from .definition import Definition
from .faults import BotoCoreError, ClientError
from .running import short
from .service import Entry, Look, Service, named

FINAL = ("SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED")
FRESH = 0.5  # seconds for which a look need not be taken again
FAULT = 500  # status of an answer that does not tell whether it was done


@dataclass
class Rolling:
    """One service's part of a rollout.

    `update` is what UpdateService is asked, nothing where the service is so already, or on its way there; `home` the
    task definition (`family:42`) that an undo returns to; `back` what is to be as it was after that; `after` what is
    asked once the service serves.
    """

    service: Service
    look: Look
    goal: Definition
    home: str
    update: Mapping[str, Any] = field(default_factory=dict)
    back: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    quick: Mapping[str, Any] = field(default_factory=dict)  # the configuration that goes back at once
    asked: bool = False  # whether the request was sent, or may have been
    arn: str = ""  # of the service deployment
    halts: bool = False  # it was one of somebody's that is rolled back to the goal
    deployment: Mapping[str, Any] = field(default_factory=dict)  # PRIMARY, as the reply had it
    began: float = 0.0  # monotonic
    said: set[str] = field(default_factory=set)  # events and tasks that were told, by id
    known: Entry = field(default_factory=dict)  # the service as last seen
    at: float = 0.0  # when that was, monotonic
    failed: int = 0  # tasks of it, as ECS counts them, once it served

    def begin(self) -> None:
        """Ask for the change. What was refused was not asked."""
        self.heard(self.look.raw, silent=True)
        self.began = time.monotonic()
        self.deployment = self.look.primary
        if self.halts:
            self._halt()
        if self.update:
            self.asked = True
            try:
                reply = self.service.update(**self.update)
            except ClientError as error:  # but a fault of ECS' own may come after it has done it
                self.asked = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= FAULT
                raise
            self.deployment = services.primary(reply)
            self.heard(reply)

    def _halt(self) -> None:
        """Have ECS roll the deployment under way back; where it does not, overtake it."""
        try:
            self.service.stop(self.arn)
            self.asked = True
        except (ClientError, BotoCoreError) as error:
            say(f"{named(self.look.raw)} could not be stopped, and is replaced instead. {faults.sentence(error)}")
            self.halts, self.arn = False, ""
            self.overtake()

    def overtake(self) -> None:
        """What is asked is the goal itself, at once; its configuration comes back once it serves."""
        live = self.look.raw.get("deploymentConfiguration") or {}
        self.update = {"taskDefinition": self.goal.arn, **self.quick}
        self.back = self.after = {"deploymentConfiguration": dict(live)} if self.quick else {}

    @property
    def deploys(self) -> bool:
        """Whether the update begins a deployment: more than a count or a configuration was asked."""
        return "taskDefinition" in self.update

    @property
    def way_back(self) -> str:
        """The task definition that ECS rolls the deployment back to."""
        return self.goal.name if self.halts else self.home

    @property
    def idle(self) -> bool:
        """Whether nothing was asked, and nothing was on its way."""
        return not self.asked and self.goal.name == self.home

    def find(self) -> Mapping[str, Any]:
        """Look for the service deployment of the request, as it is listed; nothing while it is not.

        It is the one that was created when the primary deployment was: `currentServiceDeployment` can be stale.
        """
        created = self.deployment.get("createdAt")
        if isinstance(created, datetime):
            listed = self.service.deployments(created.astimezone(UTC).replace(microsecond=0))
            near = [each for each in listed if each.get("createdAt")]
            if near:
                mine = min(near, key=lambda each: abs((each["createdAt"] - created).total_seconds()))
                self.arn = str(mine["serviceDeploymentArn"])
                return mine
        return {}

    def heard(self, entry: Entry, *, silent: bool = False) -> None:
        """Keep the service as it is now, and say its new events, oldest first."""
        self.known, self.at = entry, time.monotonic()
        for event in reversed(entry.get("events") or ()):
            if event["id"] not in self.said and not silent:
                say(f"  {event.get('message', '')}")
            self.said.add(event["id"])

    def looked(self) -> Entry:
        """The service as it is now, with its news said."""
        self.heard(self.service.entry())
        return self.known

    def lately(self) -> Entry:
        """The service as it was just seen, else another look."""
        return self.known if time.monotonic() - self.at < FRESH else self.looked()

    def failures(self) -> int:
        """How many tasks of the goal failed to start, or stopped, as ECS counts them."""
        own = (each for each in self.known.get("deployments") or ())
        mine = (each for each in own if short(str(each.get("taskDefinition"))) == self.goal.name)
        return sum(int(each.get("failedTasks") or 0) for each in mine)
