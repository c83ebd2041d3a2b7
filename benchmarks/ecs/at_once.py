"""A deploy whose rollout takes no time: what is left is the tools' own time."""

from __future__ import annotations

from ..clock import interleaved, medians, ratio
from ..stage import Stage
from ..table import Row
from .sides import Sides, before_first_poll


def measure(stage: Stage, sides: Sides) -> list[Row]:
    """Deploy in turns; ratios are of the same round."""
    ways = {"Dockyard": sides.dockyard, "ecs-deploy": sides.ecs_deploy, "AWS CLI": sides.aws_cli}
    for way in ways.values():
        way()  # compiles bytecode, and has the fake import what it needs
    sides.calls.clear()
    taken = interleaved(stage.rounds(11), ways)
    beside = dict(medians(taken))
    first = max(map(before_first_poll, sides.calls))
    return [
        Row("ECS deploy / ecs-deploy", ratio(taken["Dockyard"], taken["ecs-deploy"]), "x", 1.5, beside),
        Row("ECS deploy / AWS CLI procedure", ratio(taken["Dockyard"], taken["AWS CLI"]), "x", 1 / 7),
        Row("ECS calls until the first poll", first, "calls", 10, {"in all": max(map(len, sides.calls))}),
    ]
