"""CANARY and BAKE as a deployment configuration of ECS, which moves the traffic itself."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...errors import SettingError

if TYPE_CHECKING:
    from ...environment.settings import Environment

STEP = 60.0  # seconds that each step lasts where BAKE says nothing

Configuration = Mapping[str, Any]


def configuration(environment: Environment, live: Configuration) -> dict[str, Any] | None:
    """The service's deployment configuration with CANARY and BAKE in it; None where there is nothing to send.

    One step is ECS' CANARY, equal ones (25,50,75) its LINEAR; BAKE is rounded up to whole minutes. Circuit breaker,
    alarms, hooks and percentages stay as they are.
    """
    steps = environment.canary
    if not steps:
        return None
    bake = minutes(STEP if environment.bake is None else environment.bake)
    kept = stepless(live)
    if environment.bake is not None:
        kept["bakeTimeInMinutes"] = bake
    if len(steps) == 1:
        canary = {"canaryPercent": float(steps[0]), "canaryBakeTimeInMinutes": bake}
        wanted = {**kept, "strategy": "CANARY", "canaryConfiguration": canary}
    else:
        linear = {"stepPercent": float(steps[0]), "stepBakeTimeInMinutes": bake}
        wanted = {**kept, "strategy": "LINEAR", "linearConfiguration": linear}
    return None if wanted == {key: value for key, value in live.items() if value is not None} else wanted


def quick(environment: Environment, live: Configuration) -> dict[str, Any]:
    """The configuration that moves the traffic at once where CANARY has set one that does not; else nothing."""
    if not environment.canary or live.get("strategy") not in ("CANARY", "LINEAR"):
        return {}
    return {"deploymentConfiguration": {**stepless(live), "strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0}}


def stepless(live: Configuration) -> dict[str, Any]:
    """A configuration without what says in which steps."""
    return {key: value for key, value in live.items() if key not in ("canaryConfiguration", "linearConfiguration")}


def minutes(seconds: float) -> int:
    """Whole minutes, rounded up: ECS knows no others."""
    return math.ceil(seconds / 60)


def baking(live: Configuration) -> float:
    """Seconds that a deployment takes on purpose: each step, and after the last."""
    canary, linear = live.get("canaryConfiguration") or {}, live.get("linearConfiguration") or {}
    after = float(live.get("bakeTimeInMinutes") or 0)
    match live.get("strategy"):
        case "CANARY":
            return 60 * (after + float(canary.get("canaryBakeTimeInMinutes") or 0))
        case "LINEAR":
            steps = math.ceil(100 / float(linear.get("stepPercent") or 100))
            return 60 * (after + steps * float(linear.get("stepBakeTimeInMinutes") or 0))
        case "BLUE_GREEN":
            return 60 * after
    return 0.0


def described(configuration: Configuration) -> str:
    """A deployment configuration's way of moving the traffic, in words."""
    strategy = str(configuration.get("strategy") or "ROLLING")
    after = configuration.get("bakeTimeInMinutes") or 0
    rest = f", then {after} min at 100 %" if after and strategy != "ROLLING" else ""
    match strategy:
        case "CANARY":
            canary = configuration.get("canaryConfiguration") or {}
            percent, bake = canary.get("canaryPercent", 5.0), canary.get("canaryBakeTimeInMinutes", 10)
            return f"CANARY {percent:g} % for {bake} min{rest}"
        case "LINEAR":
            linear = configuration.get("linearConfiguration") or {}
            percent, bake = linear.get("stepPercent", 10.0), linear.get("stepBakeTimeInMinutes", 6)
            return f"LINEAR {percent:g} % every {bake} min{rest}"
    return f"{strategy}{rest}"


def refuse(environment: Environment, service: Mapping[str, Any]) -> None:
    """Raise SettingError for a CANARY of a service whose traffic ECS cannot move: neither load balancer nor mesh."""
    meshed = any(
        (each.get("serviceConnectConfiguration") or {}).get("enabled") for each in service.get("deployments") or ()
    )
    if environment.canary and not service.get("loadBalancers") and not meshed:
        raise SettingError(
            f"{environment.origins.get('CANARY', f'env/{environment.name}.env')}: CANARY needs a load balancer or "
            f"Service Connect, and {service.get('serviceName', environment.service)} has neither; remove it."
        )
