"""Figures out of many rounds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median


def interleaved(rounds: int, sides: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Seconds of every side in every round; each round begins with another side, so that none always follows one."""
    taken: dict[str, list[float]] = {name: [] for name in sides}
    names = list(sides)
    for turn in range(rounds):
        first = turn % len(names)
        for name in (*names[first:], *names[:first]):
            taken[name].append(sides[name]())
    return taken


def medians(taken: Mapping[str, Iterable[float]]) -> dict[str, float]:
    """The median of every side."""
    return {name: median(values) for name, values in taken.items()}


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the rounds' own ratios: what slows a whole round down slows both of its sides down."""
    return median(one / other for one, other in zip(ours, theirs, strict=True))


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile; 0.0 of nothing."""
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1] if values else 0.0
