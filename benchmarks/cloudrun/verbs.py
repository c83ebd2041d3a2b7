"""Which calls each verb makes, and how many a rollback needs until the traffic has moved."""

from __future__ import annotations

import json

from ..stage import Stage
from ..table import Row
from .counting import listed, until_moved
from .sides import DOCKYARD, Sides

LOOKING = ("status", "history", "traffic.show", "verify", "logs.tail --limit=10", "deploy.plan")


def measure(stage: Stage, sides: Sides) -> list[Row]:
    """Look by each verb that looks, then roll back a few times."""
    rows = [row(sides, verb) for verb in LOOKING]
    longest = max((rolled_back(sides) for _ in range(stage.rounds(4, 2))), key=len)
    beside = {"they are": listed(longest)}
    return [Row("Cloud Run rollback, until the traffic has moved", len(longest), "calls", 3, beside), *rows]


def row(sides: Sides, verb: str) -> Row:
    """The number of a verb's calls, and which they are."""
    sides.fake.counted()
    sides.project.inv(verb, DOCKYARD)
    made = sides.fake.counted()
    return Row(f"Cloud Run {verb.partition(' ')[0]}", len(made), "calls", None, {"they are": listed(made)})


def rolled_back(sides: Sides) -> list[str]:
    """The calls of a rollback until the traffic has moved. Raises Failed."""
    sides.fake.counted()
    document = json.loads(sides.project.inv("rollback", DOCKYARD).out)
    return until_moved(sides.fake.log(), document["revision"])
