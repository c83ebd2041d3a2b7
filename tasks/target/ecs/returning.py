"""A kept revision on its way back, at once: a rollback takes no steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import DockyardError, SettingError
from ...say import say
from .. import Release, Revision
from . import ledger, strategy
from .definition import Definition
from .faults import BotoCoreError, ClientError
from .history import listed
from .rolling import FINAL, Rolling
from .service import WEB, Look, Service
from .workers import Fleet, Looks, side_by_side

if TYPE_CHECKING:
    pass

LOOKED_AT = 20  # newest task definitions of a worker among which the one of a revision is looked for


def rollings(fleet: Fleet, looks: Looks, revision: Revision) -> list[Rolling]:
    """What is to be asked of each service for a kept revision. Raises DockyardError for one that cannot come back."""
    goal = kept(fleet, revision.name)
    workers = [each for process, each in fleet.services.items() if process != WEB]

    def of_worker(worker: Service) -> Rolling | None:
        look = looks.by[worker.process]
        own = of_revision(fleet, worker, look, goal, revision.release)
        return rolling(fleet, worker, look, own) if own else None

    found = [rolling(fleet, fleet.services[WEB], looks.main, goal)]
    return [*found, *(each for each in side_by_side(of_worker, workers) if each)]


def kept(fleet: Fleet, name: str) -> Definition:
    """A task definition that a service can be brought to. Raises DockyardError for any other."""
    env = fleet.environment
    found = fleet.catalog.find(name)
    if found is None:
        raise SettingError(f"There is no task definition {name}; inv history --env={env.name} lists what there is.")
    if not found.active:
        digest = found.digest(env)
        anew = f"inv rollback --env={env.name} --digest={digest}" if digest else f"inv deploy --env={env.name}"
        raise DockyardError(
            f"{found.name} was deregistered ({found.content.get('status')}), so ECS starts nothing of it any more; "
            f"deploy its image anew: {anew}"
        )
    return found


def of_revision(fleet: Fleet, worker: Service, look: Look, goal: Definition, release: Release) -> Definition | None:
    """A worker's task definition of that revision, else the newest of the same digest; None, and said, without one."""
    live = look.definition
    if ledger.of(live) == goal.name:
        return live
    known = [fleet.catalog.find(arn) for arn in listed(fleet.clients.ecs, live.family)[:LOOKED_AT]]
    there = [each for each in known if each and each.active]
    own = next((each for each in there if ledger.of(each) == goal.name), None)
    same = next((each for each in there if release.digest and each.digest(fleet.environment) == release.digest), None)
    if not own and not same:
        say(f"{worker.name} has no task definition of {goal.name} or its digest, and stays with {live.name}.")
    return own or same


def rolling(fleet: Fleet, service: Service, look: Look, goal: Definition) -> Rolling:
    """What is asked of one service: that the deployment under way is rolled back where that leads there, else all."""
    env = fleet.environment
    live = look.raw.get("deploymentConfiguration") or {}
    serves = look.serving if look.serving != goal.name else look.definition.name
    found = Rolling(service, look, goal, serves, quick=strategy.quick(env, live))
    if goal.name == look.definition.name:
        found.home = goal.name
        return found
    if look.under_way and goal.name in {each.revision for each in look.traffic} and halted(found):
        return found
    found.overtake()
    return found


def halted(rolling: Rolling) -> bool:
    """Whether the deployment under way can be rolled back rather than overtaken; that is what it is then."""
    rolling.deployment = rolling.look.primary
    try:
        rolling.halts = rolling.find().get("status", FINAL[0]) not in FINAL
    except (ClientError, BotoCoreError):
        rolling.halts = False
    rolling.arn = rolling.arn if rolling.halts else ""
    return rolling.halts
