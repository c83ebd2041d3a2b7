"""A deploy whose rollout takes 5 s: how long after it the tool is done."""

from __future__ import annotations

from statistics import median

from ..stage import Stage
from ..table import Row
from .sides import DOCKYARD, Sides

ROLLOUT = 5.0  # seconds


def measure(stage: Stage, sides: Sides) -> list[Row]:
    """Deploy a few times. Ready is when the fake says so of the new revision; its clock is this machine's."""
    sides.fake.rollout(ROLLOUT)
    late, seconds = list[float](), list[float]()
    try:
        for _ in range(stage.rounds(5, 2)):
            seconds.append(sides.dockyard())
            late.append(sides.ended - sides.fake.ready(sides.revision))
    finally:
        sides.fake.rollout(0.0)
    calls = len(sides.calls[DOCKYARD])
    return [
        Row("Cloud Run, from ready to return", median(late), "s", 1.0, {"the whole deploy": median(seconds)}),
        Row(f"Cloud Run rollout of {ROLLOUT:g} s", calls, "calls"),
    ]
