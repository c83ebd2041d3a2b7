"""The recipes' images: how large they are, and a changed line beside a Dockerfile without care."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from ..stage import Stage
from ..table import Row
from .samples import instead, of_tests, part
from .sides import LONGEST, changed, sided, size

CARELESS = Path(__file__).parent / "careless.Dockerfile"


def measure(stage: Stage) -> list[Row]:
    """Build each recipe and the careless Dockerfile, then change a line of each in turns."""
    samples = {"api": of_tests("api"), "weasyprint": of_tests("weasyprint"), "edge": part("edge")}
    samples["careless"] = instead(samples["api"], CARELESS)
    with sided(stage, samples) as sides:
        larger = {name: side.larger() for name, side in sides.items()}
        careless = sides.pop("careless")
        again = median(careless.rebuild() for _ in range(stage.rounds(3, quick=1)))
        rows = changed(sides, stage.rounds(9), {"api": {"without care": again}})
        nothing = median(sides["edge"].rebuild() for _ in range(stage.rounds(9)))
        base = int(stage.engine.images.get(careless.sample.base).attrs["Size"])
    return [
        size("api: over its base", larger["api"], 250, {"without care": larger["careless"], "the base": base}),
        rows["api"],
        size("weasyprint: over the api", larger["weasyprint"] - larger["api"], 110, {}),
        rows["weasyprint"],
        size("edge: over its base", larger["edge"], 60, {}),
        Row("edge: nothing changed, as it has no source", nothing, "s", LONGEST),
    ]
