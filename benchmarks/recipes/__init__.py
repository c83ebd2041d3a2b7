"""The recipes' images: how much larger than their base, and a changed line beside a Dockerfile without care."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from tasks.bases import PYTHON, recipes
from tasks.signals import uninterrupted

from .. import leftovers
from ..clock import interleaved, medians
from ..stage import Stage
from ..table import Row
from .application import Application

CARELESS = Path(__file__).parent / "careless.Dockerfile"
LARGEST = {"api": 250, "weasyprint": 110}  # MB over the base, over the api
LONGEST = 0.5  # seconds
MB = 1_000_000


def measure(stage: Stage) -> list[Row]:
    """Build each recipe and the careless Dockerfile, then change a line of each in turns."""
    made = {name: recipes() / name / "Dockerfile" for name in LARGEST} | {"careless": CARELESS}
    sides = {
        name: Application(
            stage.folder / name,
            f"{stage.name}-{name}",
            f"{stage.registry}/benchmarks/{stage.name}-{name}",
            dockerfile,
            stage.engine,
        )
        for name, dockerfile in made.items()
    }
    try:
        for name, side in sides.items():
            side.write("api" if name == "careless" else name)
        base = int(stage.engine.images.get(PYTHON).attrs["Size"])
        larger = {name: (side.build() - base) / MB for name, side in sides.items()}
        careless = median(sides["careless"].rebuild() for _ in range(stage.rounds(3, quick=1)))
        for name in LARGEST:
            sides[name].rebuild()  # the first has caches to fill
        each = {name: sides[name].rebuild for name in LARGEST}
        taken = medians(interleaved(stage.rounds(9), each | {f"inv {name}": sides[name].inv for name in LARGEST}))
    finally:
        with uninterrupted():
            for side in sides.values():
                leftovers.images(stage.engine, side.image, side.name)
    sizes = {
        "api": Row("api: over its base", round(larger["api"], 1), "MB", LARGEST["api"], beside(larger, base)),
        "weasyprint": Row(
            "weasyprint: over the api", round(larger["weasyprint"] - larger["api"], 1), "MB", LARGEST["weasyprint"]
        ),
    }
    return [
        row
        for name in LARGEST
        for row in (
            sizes[name],
            Row(
                f"{name}: one line changed",
                taken[name],
                "s",
                LONGEST,
                {"inv build": taken[f"inv {name}"]} | ({"without care": careless} if name == "api" else {}),
            ),
        )
    ]


def beside(larger: dict[str, float], base: int) -> dict[str, str]:
    """The sizes to compare with, in words."""
    return {"without care": f"{larger['careless']:.1f} MB", "the base": f"{base / MB:.0f} MB"}
