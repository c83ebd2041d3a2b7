"""A deploy whose rollout takes no time: what is left is the tools' own time."""

from __future__ import annotations

from ..clock import interleaved, medians, ratio
from ..stage import Stage
from ..table import Row
from .counting import listed
from .sides import DOCKYARD, MINIMAL, Sides


def measure(stage: Stage, sides: Sides) -> list[Row]:
    """Deploy in turns; ratios are of the same round."""
    ways = {"Dockyard": sides.dockyard, "minimal script": sides.minimal}
    for way in ways.values():
        way()  # compiles bytecode, and has the fake import what it needs
    taken = interleaved(stage.rounds(11), ways)
    calls = sides.calls[DOCKYARD]
    beside = {"minimal script": str(len(sides.calls[MINIMAL])), "they are": listed(calls)}
    return [
        Row(
            "Cloud Run deploy / minimal run_v2 script",
            ratio(taken["Dockyard"], taken["minimal script"]),
            "x",
            1.5,
            dict(medians(taken)),
        ),
        Row("Cloud Run deploy", len(calls), "calls", None, beside),
    ]
