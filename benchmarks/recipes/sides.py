"""Several applications with their recipes, side by side, and nothing of theirs left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tasks.signals import uninterrupted

from .. import leftovers
from ..clock import interleaved, medians
from ..stage import Stage
from ..table import Row
from .application import Application
from .samples import Sample

LONGEST = 0.5  # seconds
MB = 1_000_000

Sides = dict[str, Application]


@contextmanager
def sided(stage: Stage, samples: Mapping[str, Sample]) -> Iterator[Sides]:
    """The applications by name, written; their images are gone when the block is left."""
    sides = {
        name: Application(
            stage.folder / name,
            f"{stage.name}-{name}",
            f"{stage.registry}/benchmarks/{stage.name}-{name}",
            sample,
            stage.engine,
        )
        for name, sample in samples.items()
    }
    try:
        for side in sides.values():
            side.write()
        yield dict(sides)
    finally:
        with uninterrupted():
            for side in sides.values():
                leftovers.images(stage.engine, side.image, side.name)


def changed(sides: Sides, rounds: int, beside: Mapping[str, Mapping[str, float]]) -> dict[str, Row]:
    """A row for each with a source: one line of it changed, beside `inv build` and what else is beside it."""
    with_source = {name: side for name, side in sides.items() if side.sample.changed}
    for side in with_source.values():
        side.rebuild()  # the first has caches to fill
    ways = {name: side.rebuild for name, side in with_source.items()}
    taken = medians(interleaved(rounds, ways | {f"inv {name}": side.inv for name, side in with_source.items()}))
    return {
        name: Row(
            f"{name}: one line changed",
            taken[name],
            "s",
            LONGEST,
            {"inv build": taken[f"inv {name}"], **beside.get(name, {})},
        )
        for name in with_source
    }


def size(name: str, figure: float, goal: float, beside: Mapping[str, float]) -> Row:
    """A row of a size: bytes, shown in MB; the goal is in MB."""
    return Row(name, round(figure / MB, 1), "MB", goal, in_words(beside))


def in_words(sizes: Mapping[str, float]) -> dict[str, str]:
    """Bytes as what stands beside a figure."""
    return {name: f"{size / MB:.1f} MB" for name, size in sizes.items()}
