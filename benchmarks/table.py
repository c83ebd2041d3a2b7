"""What was measured, with its goal, for a person and for a program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

HEADS = ("benchmark", "figure", "goal", "", "beside it, in the same run")
NONE = "not installed"


@dataclass(frozen=True)
class Row:
    """One figure. `unit` is `x` (a ratio), `s` or a noun; a `goal` is the most that the figure may be."""

    name: str
    figure: float
    unit: str
    goal: float | None = None
    beside: Mapping[str, float | str | None] = field(default_factory=dict)

    @property
    def reached(self) -> bool | None:
        """Whether the goal is reached; None where there is none."""
        return None if self.goal is None else self.figure <= self.goal

    def document(self) -> dict[str, Any]:
        """The row as JSON gives it; seconds have three decimals."""
        beside = {name: round(value, 4) if isinstance(value, float) else value for name, value in self.beside.items()}
        return {
            "name": self.name,
            "figure": round(self.figure, 4),
            "unit": self.unit,
            "goal": self.goal,
            "reached": self.reached,
            "beside": beside,
        }

    def cells(self) -> tuple[str, ...]:
        """The row as the table shows it."""
        verdict = {True: "reached", False: "not reached", None: ""}[self.reached]
        goal = "" if self.goal is None else f"<= {number(self.goal, self.unit)}"
        beside = ", ".join(f"{name} {text(value)}" for name, value in self.beside.items())
        return (self.name, number(self.figure, self.unit), goal, verdict, beside)


def number(value: float, unit: str) -> str:
    """A figure with its unit: `1.21 x`, `0.79 s`, `0 requests`."""
    return f"{value:.2f} {unit}" if unit in ("x", "s") else f"{value:g} {unit}"


def text(value: float | str | None) -> str:
    """What stands beside a figure: seconds, or words."""
    if value is None:
        return NONE
    return f"{value:.4g} s" if isinstance(value, float) else str(value)


def render(rows: Sequence[Row]) -> str:
    """The table, its columns aligned, its last one as wide as it wants."""
    lines = [HEADS, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADS) - 1)]
    rule = tuple("-" * width for width in (*widths, len(HEADS[-1])))
    shown = [lines[0], rule, *lines[1:]]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[-1]]).rstrip()
        for line in shown
    )
