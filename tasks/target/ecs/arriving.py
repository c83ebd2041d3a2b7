"""A release on its way: registered, unless it is there already, and asked of the service and its workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import DeployFailed
from ...say import say
from .. import Plan, Release, Rollout, Traffic
from . import fields, ledger, planning, strategy
from .definition import Definition, registrable, wanted
from .difference import difference
from .rolling import Rolling
from .service import OTHERS, WEB, Look, Service, controller
from .workers import Fleet, Looks, side_by_side

BEFORE = "before"  # the tag `dockyard.before`: what served when this one was asked for


def rollings(fleet: Fleet, looks: Looks, plan: Plan, *, force: bool, scaled: bool) -> list[Rolling]:
    """What is to be asked of each service, the main one first. Whatever has to be registered is.

    Raises DeployFailed for a service whose deployments are not ECS' own.
    """
    refuse_others(looks)
    main = looks.main
    goal = definition(fleet, fleet.services[WEB], main, plan.release)
    found = [rolling(fleet, fleet.services[WEB], main, goal, force=force, scaled=scaled)]
    workers = [each for process, each in fleet.services.items() if process != WEB]

    def of_worker(worker: Service) -> Rolling:
        look = looks.by[worker.process]
        own = definition(fleet, worker, look, plan.release, of=goal.name)
        return rolling(fleet, worker, look, own, force=force, scaled=True)

    return [*found, *side_by_side(of_worker, workers)]


def rollout(parts: Sequence[Rolling], release: Release, *, created: bool) -> Rollout:
    """What they are together. An adopted one has before it what it was asked to replace."""
    main = parts[0]
    before = main.look.traffic
    mine = {each.revision for each in before} & {main.goal.name}
    if main.home != main.goal.name and mine and (created or len(before) == 1):
        before = (Traffic(main.home, 100),)
    return Rollout(main.goal.name, release, before, created=created)


def refuse_others(looks: Looks) -> None:
    """Raise DeployFailed for a controller that takes no task definition through UpdateService."""
    for look in looks.by.values():
        kind = controller(look.raw)
        if kind in OTHERS:
            raise DeployFailed(
                f"The deployments of {look.raw['serviceName']} are made by {kind}, which takes no task definition from "
                "UpdateService; nothing was changed. Give the service the ECS controller (deploymentController ECS, "
                f"with the strategy BLUE_GREEN where it was CodeDeploy's), or deploy with {kind}."
            )


def definition(fleet: Fleet, service: Service, look: Look, release: Release, of: str = "") -> Definition:
    """The task definition of a release: the live one where that is it, the newest, else a new one.

    The newest is used where it is that and was never verified: a deploy was killed before its update, or failed.
    """
    env, live = fleet.environment, look.definition
    accepted = fields.accepted(fleet.clients.ecs)
    request = wanted(live, env, release, accepted, service.command)
    if same(live, request, accepted) and of in ("", ledger.of(live)):
        return live
    tags = [*ledger.carried(live), *ledger.tags(release, env.name, of), ledger.tag(BEFORE, live.name)]
    fields.refuse(live)
    newest = fleet.catalog.newest(str(request["family"]))
    unused = newest and newest.name != live.name and not ledger.value(newest, "verified")
    if newest and unused and of == ledger.of(newest) and same(newest, request, accepted):
        fields.refuse(newest)
        if not {each["key"]: each["value"] for each in tags}.items() <= newest.tags.items():
            fleet.catalog.tag(newest, tags)
            say(f"{newest.name} is registered already.")
        return newest
    made = fleet.catalog.register(request, tags)
    say(f"Registered {made.name}.")
    return made


def same(found: Definition, request: Mapping[str, Any], accepted: frozenset[str]) -> bool:
    """Whether a task definition is what would be registered."""
    of_family = found.family == request["family"]
    return of_family and not difference(registrable(found.content, accepted), request)


def rolling(fleet: Fleet, service: Service, look: Look, goal: Definition, *, force: bool, scaled: bool) -> Rolling:
    """What is asked of one service: nothing that is so already."""
    env = fleet.environment
    update, back = dict[str, Any](), dict[str, Any]()
    there = goal.name == look.definition.name
    anew = force or look.primary.get("rolloutState") == "FAILED"  # else nothing would ever try it again
    if not there or anew:
        update["taskDefinition"] = goal.arn
    if there and anew:
        update["forceNewDeployment"] = True
    live = look.raw.get("deploymentConfiguration") or {}
    configuration = None if service.command else strategy.configuration(env, live)
    if configuration is not None:
        update["deploymentConfiguration"], back["deploymentConfiguration"] = configuration, dict(live)
    if not scaled and any(planning.replicas(env, look.raw)):
        update["desiredCount"], back["desiredCount"] = env.replicas, look.raw["desiredCount"]
    return Rolling(
        service, look, goal, home(fleet, look, goal), update, back, quick=strategy.quick(env, configuration or live)
    )


def home(fleet: Fleet, look: Look, goal: Definition) -> str:
    """The task definition that an undo returns to: what serves beside the goal, else what it was asked to replace."""
    others = [each for each in look.traffic if each.revision != goal.name]
    if others:
        return max(others, key=lambda each: each.percent).revision
    before = ledger.value(goal, BEFORE)
    if look.definition.name != goal.name or ledger.value(goal, "verified") or not before:
        return look.definition.name
    found = fleet.catalog.find(before)
    return found.name if found and found.active else look.definition.name
