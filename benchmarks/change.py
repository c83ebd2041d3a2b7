"""One source file changed: from the command to verified, beside the plain way and Kamal."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

from .clock import interleaved, medians, ratio
from .plain import plainly
from .stage import Stage
from .table import Row


def measure(stage: Stage) -> list[Row]:
    """Change a file and release it on each side in turns; commits are not timed."""
    with stage.project("change") as project, plainly(stage) as plain:
        whole: list[float] = []

        def dockyard() -> float:
            project.change()
            ran, document = project.release()
            whole.append(ran.seconds)
            return project.until_verified(ran, document["revision"])

        sides: dict[str, Callable[[], float]] = {"Dockyard": dockyard, "plain": plain.release}
        if stage.kamal:
            sides["Kamal"] = stage.kamal.changed
        for side in sides.values():
            side()  # the first has an edge to start and caches to fill
        whole.clear()
        taken = interleaved(stage.rounds(9), sides)
    middle = medians(taken)
    beside = {
        "until verified": middle["Dockyard"],
        "with the old one stopped": median(whole),
        "plain": middle["plain"],
        "Kamal": middle.get("Kamal"),
    }
    return [Row("one file changed / plain", ratio(taken["Dockyard"], taken["plain"]), "x", 4.0, beside)]
