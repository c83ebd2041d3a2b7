"""The recipes whose packages are gigabytes, or are compiled: with their examples, as the tests build them too."""

from __future__ import annotations

from pathlib import Path

from tasks.bases import PYTHON
from tests.torch_index import torch_index

from .. import leftovers
from ..processes import Failed
from ..stage import Stage
from ..table import Row
from .samples import EXAMPLES, Example, own
from .sides import changed, in_words, sided, size

RESOLVED = Path(__file__).parent / "resolved.Dockerfile"
RESOLVES = "resolved.in"  # what the step is known by that installs what was resolved without care
FFMPEG = Example("syncscribe", "app/server.py", "dev", {"BUILD_ARG_PYTHON": "3.11"})  # the base that is on the engine
TORCH = Example("rec2pdf", "rec2pdf-backend/server.py")
CUDA = Example("inspirenet", "server.py")
CARELESS = own(RESOLVED, EXAMPLES / "rec2pdf" / "rec2pdf-backend" / "requirements.in")  # before they were locked


def measure(stage: Stage) -> list[Row]:
    """Build each recipe, and torch resolved without care, and change a line of each in turns."""
    before = leftovers.cached(stage.engine)
    (stage.folder / "index").mkdir()
    try:
        with torch_index(stage.folder / "index") as index:
            return measured(stage, index)
    except RuntimeError as error:
        raise Failed(str(error)) from None
    finally:
        leftovers.cache(stage.engine, before, text=RESOLVES, size=1 << 62)


def measured(stage: Stage, index: str) -> list[Row]:
    """The same, with torch's CPU build at an index."""
    torch = TORCH.sample(BUILD_ARG_TORCH_INDEX=index, BUILD_ARG_PIP_EXTRA_INDEX_URL=index)
    samples = {"ffmpeg": FFMPEG.sample(), "cpu-torch": torch, "cuda": CUDA.sample(), "careless": CARELESS}
    with sided(stage, samples) as sides:
        larger = {name: side.larger() for name, side in sides.items()}
        del sides["careless"]
        rows = changed(sides, stage.rounds(5), {})
        base = int(stage.engine.images.get(PYTHON).attrs["Size"])
    return [
        size("ffmpeg: in all, its Python application included", larger["ffmpeg"] + base, 1000, {"the base": base}),
        rows["ffmpeg"],
        Row(
            "cpu-torch: over its base, of the same resolved without care",
            larger["cpu-torch"] / larger["careless"],
            "x",
            0.4,
            in_words({"cpu-torch": larger["cpu-torch"], "without care": larger["careless"]}),
        ),
        rows["cpu-torch"],
        size("cuda: in all", larger["cuda"] + base, 7500, {"the base": base}),
        rows["cuda"],
    ]
