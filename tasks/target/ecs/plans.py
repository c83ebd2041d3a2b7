"""A plan, with what it was made of, so that it can be carried out without another look."""

from __future__ import annotations

import time
from dataclasses import dataclass

from .. import Plan, Release
from . import fields, ledger, planning, scaling
from .running import current
from .service import WEB
from .workers import Fleet, Looks

FRESH = 2.0  # seconds for which a look under the lock is good enough to change by; a migration may have taken minutes


@dataclass(frozen=True)
class Planned:
    """`scaled` says that an autoscaling target owns the count."""

    plan: Plan
    looks: Looks
    force: bool
    scaled: bool

    @property
    def fresh(self) -> bool:
        """Whether the service was looked at just now."""
        return time.monotonic() - self.looks.at < FRESH


def forget(fleet: Fleet, before: Planned | None) -> None:
    """Have the task definition read again that was not verified then: whoever held the lock may have done it."""
    found = before.looks.main.definition if before else None
    if found and not ledger.value(found, "verified"):
        fleet.catalog.forget(found)


def plan(fleet: Fleet, looks: Looks, release: Release, *, force: bool) -> Planned:
    """The differences between what runs and what the release with these settings would be."""
    env, main = fleet.environment, looks.main
    workers = [(looks.by[process], each.command) for process, each in fleet.services.items() if process != WEB]
    counted = any(planning.replicas(env, main.raw))
    scaled = counted and scaling.owner(fleet.services[WEB]) is not None
    accepted = fields.accepted(fleet.clients.ecs)
    found = planning.changes(env, release, main, accepted, force=force, workers=workers, scaled=scaled)
    return Planned(Plan(release, tuple(found), current(fleet, looks)), looks, force, scaled)
