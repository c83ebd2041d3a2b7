"""The same deploy three ways: another digest, each way on a service of its own, all on one fake."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass, field
from pathlib import Path

from ..processes import Ran, run
from .fake import CLUSTER, CONTAINER, REGION, REPOSITORY, Fake
from .programs import Programs
from .project import EcsProject

DOCKYARD, ECS_DEPLOY, AWS_CLI = "dockyard", "ecs-deploy", "aws-cli"  # services
PROCEDURE = Path(__file__).parent / "procedure.sh"
POLL = ("ecs:DescribeServiceDeployments", "ecs:DescribeServices")


@dataclass
class Sides:
    """The three ways. Each returns the seconds from the start of its process to its end."""

    fake: Fake
    project: EcsProject
    programs: Programs
    calls: list[list[str]] = field(default_factory=list)  # of each deploy by Dockyard
    ended: float = 0.0  # the time of day when the last one ended
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def dockyard(self) -> float:
        """`inv deploy` of a new pin."""
        digest, tag = self.pushed()
        self.project.pin(DOCKYARD, digest, tag)
        self.fake.counted()
        ran, _ = self.project.deploy(DOCKYARD)
        self.calls.append(self.fake.counted())
        return self.done(ran)

    def ecs_deploy(self) -> float:
        """`ecs deploy` of a new digest."""
        digest, _ = self.pushed()
        image = (CONTAINER, f"{self.fake.image}@{digest}")
        words = ("deploy", CLUSTER, ECS_DEPLOY, "--image", *image, "--region", REGION, "--timeout", "120")
        return self.done(run(self.programs.ecs, *words, cwd=self.fake.home, env=self.fake.environ))

    def aws_cli(self) -> float:
        """The procedure by the AWS CLI, for a new tag."""
        _, tag = self.pushed()
        given = {
            "PATH": f"{self.programs.aws.parent}{os.pathsep}{os.environ['PATH']}",
            "CLUSTER": CLUSTER,
            "SERVICE": AWS_CLI,
            "CONTAINER": CONTAINER,
            "REPOSITORY": REPOSITORY,
            "IMAGE": self.fake.image,
            "TAG": tag,
            "LOG_GROUP": f"/ecs/{AWS_CLI}",
        }
        return self.done(run("sh", PROCEDURE, cwd=self.fake.home, env={**self.fake.environ, **given}))

    def done(self, ran: Ran) -> float:
        """Note when it ended, and give the seconds that it took."""
        self.ended = ran.began + ran.seconds
        return ran.seconds

    def pushed(self) -> tuple[str, str]:
        """A new image's digest and tag."""
        tag = f"v{next(self.numbers)}"
        return self.fake.push(tag), tag


def before_first_poll(calls: list[str]) -> int:
    """How many calls a deploy makes until it asks for the first time how far ECS is."""
    updated = calls.index("ecs:UpdateService") + 1
    return updated + next(at for at, call in enumerate(calls[updated:]) if call in POLL)
