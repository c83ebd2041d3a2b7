"""A rollback until traffic has moved, less the application's own start, beside Kamal."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

from .clock import interleaved, medians
from .plain import plainly
from .processes import Failed
from .project import Project
from .stage import Stage
from .table import Row
from .watching import watching


def measure(stage: Stage) -> list[Row]:
    """Go back and forth between two verified releases while a client looks who answers."""
    whole, process = list[float](), list[float]()
    with stage.project("rollback") as project, plainly(stage) as plain:
        versions = [project.version, ""]
        project.release()
        versions[1] = project.change()
        project.release()
        plain.release()

        def dockyard() -> float:
            versions.reverse()
            return moved(project, versions[1], whole)

        def own_start() -> float:
            seconds, own = plain.own_start()
            process.append(own)
            return seconds

        sides: dict[str, Callable[[], float]] = {"Dockyard": dockyard, "docker start": own_start}
        if stage.kamal:
            stage.kamal.two()
            sides["Kamal"] = stage.kamal.rolled_back
        taken = medians(interleaved(stage.rounds(9), sides))
    moving, start = taken["Dockyard"], taken["docker start"]
    beside = {
        "until traffic moved": moving,
        "docker start until it answers": start,
        "its process alone": median(process),
        "whole command": median(whole),
        "Kamal": taken.get("Kamal"),
    }
    return [Row("rollback beside own start", moving - start, "s", 1.0, beside)]


def moved(project: Project, version: str, whole: list[float]) -> float:
    """Seconds from the start of `inv rollback` until a version answers; the whole command's are added to `whole`."""
    with watching(project.port, version) as watch:
        started = time.perf_counter()
        ran, _ = project.inv("rollback")
    if not watch.at:
        raise Failed(f"inv rollback ended, but {version} of {project.name} did not answer.")
    whole.append(ran.seconds)
    return watch.at - started
