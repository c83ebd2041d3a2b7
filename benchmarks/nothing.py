"""Nothing changed: `inv release` finds that out, beside Kamal."""

from __future__ import annotations

from collections.abc import Callable

from .clock import interleaved, medians
from .processes import Failed
from .project import Project
from .stage import Stage
from .table import Row


def measure(stage: Stage) -> list[Row]:
    """Release once, then time the same command again and again."""
    with stage.project("nothing") as project:
        project.release()
        sides: dict[str, Callable[[], float]] = {"Dockyard": lambda: again(project)}
        if stage.kamal:
            stage.kamal.changed()
            sides["Kamal"] = stage.kamal.again
        taken = medians(interleaved(stage.rounds(9), sides))
    return [Row("nothing changed", taken["Dockyard"], "s", 1.0, {"Kamal": taken.get("Kamal")})]


def again(project: Project) -> float:
    """Seconds of `inv release` where nothing changed. Raises Failed if it did deploy."""
    ran, document = project.inv("release")
    if document["changed"]:
        raise Failed(f"inv release deployed {document['revision']} though nothing had changed.")
    return ran.seconds
