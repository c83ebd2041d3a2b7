"""Blue/green, canary and linear: the stages of a deployment that ECS itself moves the traffic of."""

from __future__ import annotations

from collections.abc import Callable

from . import rolling
from .deployments import ServiceDeployment
from .tasks import Task


def start(going: ServiceDeployment, when: float) -> None:
    """Bring the new tasks up beside the old ones."""
    going.stage = "PRE_SCALE_UP"
    going.stage = "SCALE_UP"
    if rolling.attempt(going, when):
        return
    tasks = going.service.launch(going.target, when)
    _later(going, when + going.service.ecs.knobs.rollout / 2, lambda then: _up(going, tasks, then))


def steps(going: ServiceDeployment) -> list[tuple[float, float]]:
    """Each share of the production traffic and the minutes that it is kept before the next."""
    configuration = going.configuration
    bake = float(configuration.get("bakeTimeInMinutes", 0))
    if going.strategy == "CANARY":
        canary = {"canaryPercent": 5.0, "canaryBakeTimeInMinutes": 10, **configuration.get("canaryConfiguration", {})}
        return [(canary["canaryPercent"], canary["canaryBakeTimeInMinutes"]), (100.0, bake)]
    if going.strategy == "LINEAR":
        linear = {"stepPercent": 10.0, "stepBakeTimeInMinutes": 6, **configuration.get("linearConfiguration", {})}
        share, shares = linear["stepPercent"], []
        while share < 100:
            shares.append((share, linear["stepBakeTimeInMinutes"]))
            share += linear["stepPercent"]
        return [*shares, (100.0, bake)]
    return [(100.0, bake)]


def _up(going: ServiceDeployment, tasks: list[Task], when: float) -> None:
    going.service.up(tasks, when)
    going.stage, going.weights = "TEST_TRAFFIC_SHIFT", (100.0, 0.0)
    quarter = going.service.ecs.knobs.rollout / 4
    _later(going, when + quarter, lambda then: _shift(going, steps(going), then))


def _shift(going: ServiceDeployment, left: list[tuple[float, float]], when: float) -> None:
    share, minutes = left[0]
    going.weights = (100.0, share)
    going.stage = "PRODUCTION_TRAFFIC_SHIFT" if left[1:] else "BAKE_TIME"
    then = when + minutes * going.service.ecs.knobs.minute
    _later(going, then, lambda at: _shift(going, left[1:], at) if left[1:] else _clean(going, at))


def _clean(going: ServiceDeployment, when: float) -> None:
    going.stage = "CLEAN_UP"
    _later(going, when + going.service.ecs.knobs.rollout / 4, lambda then: rolling.finish(going, then))


def _later(going: ServiceDeployment, when: float, action: Callable[[float], None]) -> None:
    """Unless it has been stopped by then."""
    going.service.ecs.agenda.at(when, lambda then: action(then) if going.status == "IN_PROGRESS" else None)
