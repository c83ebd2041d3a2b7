"""A deploy whose rollout takes 20 s: how long after its end the tools are done."""

from __future__ import annotations

from collections.abc import Callable

from ..clock import interleaved, medians
from ..stage import Stage
from ..table import Row
from .sides import AWS_CLI, DOCKYARD, ECS_DEPLOY, Sides

ROLLOUT = 20.0  # seconds


def measure(stage: Stage, sides: Sides) -> list[Row]:
    """Deploy in turns; by the AWS CLI only once, as it asks every 15 s."""
    sides.calls.clear()
    sides.fake.tell("rollout", ROLLOUT)

    def late(service: str, way: Callable[[], float]) -> Callable[[], float]:
        def seconds() -> float:
            way()
            return sides.ended - sides.fake.began(service) - ROLLOUT

        return seconds

    ours, theirs = late(DOCKYARD, sides.dockyard), late(ECS_DEPLOY, sides.ecs_deploy)
    try:
        taken = medians(interleaved(stage.rounds(3, 1), {"Dockyard": ours, "ecs-deploy": theirs}))
        beside = {"ecs-deploy": taken["ecs-deploy"], "AWS CLI": late(AWS_CLI, sides.aws_cli)()}
    finally:
        sides.fake.tell("rollout", 0.0)
    return [
        Row("ECS rollout of 20 s, after its end", taken["Dockyard"], "s", 1.0, beside),
        Row("ECS rollout of 20 s", max(map(len, sides.calls)), "calls", 35),
    ]
