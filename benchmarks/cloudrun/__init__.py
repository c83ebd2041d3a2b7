"""`inv deploy` to Cloud Run beside a minimal run_v2 script, on the tests' fake; a slow rollout; each verb's calls."""

from __future__ import annotations

from ..stage import Stage
from ..table import Row
from . import at_once, slow, verbs
from .fake import faked
from .project import CloudRunProject
from .sides import DOCKYARD, MINIMAL, Sides


def measure(stage: Stage) -> list[Row]:
    """Deploy in turns, with a rollout of no time; then with one of 5 s; then count what each verb asks."""
    with faked() as fake:
        project = CloudRunProject(stage.folder / "cloudrun", fake)
        project.write([DOCKYARD, MINIMAL])
        for name in (DOCKYARD, MINIMAL):
            fake.service(name)
        sides = Sides(fake, project)
        return [*at_once.measure(stage, sides), *slow.measure(stage, sides), *verbs.measure(stage, sides)]
