"""A context of 500 MB in 20,000 files with a .dockerignore, nothing changed, beside the small one."""

from __future__ import annotations

from pathlib import Path
from statistics import median

from tasks.signals import uninterrupted

from . import leftovers
from .clock import interleaved, medians
from .nothing import again
from .project import Project
from .stage import Stage
from .table import Row

FILES, FOLDERS, SIZE = 20_000, 200, 500_000_000
LINE = b"what a repository has that its image does not need\n"


def measure(stage: Stage) -> list[Row]:
    """Time `inv release` of both in turns: the bulk first ignored, then part of the image."""
    before = leftovers.cached(stage.engine)
    try:
        with stage.project("small") as small, stage.project("bulk") as bulk:
            fill(bulk.root / "bulk")
            bulk.commit()
            small.release()
            bulk.release()
            sides = {"small": lambda: again(small), "bulk": lambda: again(bulk)}
            ignored = interleaved(stage.rounds(9), sides)
            include(bulk)
            bulk.release()
            included = interleaved(stage.rounds(9), sides)
    finally:
        with uninterrupted():
            leftovers.cache(stage.engine, before, text=f"{stage.name}-bulk", size=SIZE // 2)
    return [
        row("500 MB ignored - small", ignored, 0.5),
        row("500 MB in the image - small", included, None),
    ]


def row(name: str, taken: dict[str, list[float]], goal: float | None) -> Row:
    """What the bulk costs: the median of the rounds' differences."""
    more = median(bulk - small for bulk, small in zip(taken["bulk"], taken["small"], strict=True))
    middle = medians(taken)
    return Row(name, more, "s", goal, {"500 MB": middle["bulk"], "small": middle["small"]})


def fill(folder: Path) -> None:
    """Write 20,000 files of 25 kB, no two alike."""
    for number in range(FOLDERS):
        (folder / f"{number:03}").mkdir(parents=True)
    size = SIZE // FILES
    for number in range(FILES):
        head = b"%d\n" % number
        body = LINE * ((size - len(head)) // len(LINE) + 1)
        (folder / f"{number % FOLDERS:03}" / f"{number:05}.txt").write_bytes((head + body)[:size])


def include(project: Project) -> None:
    """Make the bulk part of the image; the destination's name marks the build cache's record as this run's."""
    ignore, recipe = project.root / ".dockerignore", project.root / "Dockerfile"
    ignore.write_text(ignore.read_text().replace("bulk\n", ""))
    with recipe.open("a") as lines:
        lines.write(f"COPY bulk /{project.name}\n")
    project.commit()
