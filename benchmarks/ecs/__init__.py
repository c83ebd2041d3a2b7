"""`inv deploy` to ECS beside ecs-deploy and the AWS CLI, on the tests' AWS fake; a slow rollout; fifty at once."""

from __future__ import annotations

from tests.server import serving

from ..stage import Stage
from ..table import Row
from . import at_once, fifty, slow
from .application import Application
from .fake import faked
from .programs import installed
from .project import EcsProject
from .sides import AWS_CLI, DOCKYARD, ECS_DEPLOY, Sides


def measure(stage: Stage) -> list[Row]:
    """Deploy in turns, with a rollout of no time and one of 20 s; then fifty services side by side."""
    programs = installed(stage)
    with faked(stage.folder) as fake, serving(Application) as address:
        project = EcsProject(stage.folder / "ecs", fake)
        names = fifty.services(stage)
        project.write([DOCKYARD, *names], f"http://{address}")
        for name in (DOCKYARD, ECS_DEPLOY, AWS_CLI, *names):
            fake.service(name)
        sides = Sides(fake, project, programs)
        return [*at_once.measure(stage, sides), *slow.measure(stage, sides), *fifty.measure(project, names)]
