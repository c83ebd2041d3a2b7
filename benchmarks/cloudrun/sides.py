"""The same deploy two ways: another digest, each way on a service of its own, both on one fake."""

from __future__ import annotations

import itertools
import sys
from dataclasses import dataclass, field
from pathlib import Path

from ..processes import Ran, run
from .fake import IMAGE, PARENT, Fake, digest
from .project import CloudRunProject

DOCKYARD, MINIMAL = "dockyard", "minimal"  # services
SCRIPT = Path(__file__).parent / "minimal.py"


@dataclass
class Sides:
    """The two ways. Each returns the seconds from the start of its process to its end."""

    fake: Fake
    project: CloudRunProject
    calls: dict[str, list[str]] = field(default_factory=dict)  # of the last deploy of each way
    ended: float = 0.0  # the time of day when the last one ended
    revision: str = ""  # that Dockyard deployed last
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def dockyard(self) -> float:
        """`inv deploy` of a new pin."""
        tag = f"v{next(self.numbers)}"
        self.project.pin(DOCKYARD, digest(tag), tag)
        self.fake.counted()
        ran, document = self.project.deploy(DOCKYARD)
        self.revision = document["revision"]
        return self.done(DOCKYARD, ran)

    def minimal(self) -> float:
        """The script, for a new digest."""
        image = f"{IMAGE}@{digest(f'v{next(self.numbers)}')}"
        self.fake.counted()
        name = f"{PARENT}/services/{MINIMAL}"
        ran = run(sys.executable, SCRIPT, name, image, cwd=self.project.root, env=self.fake.environ)
        return self.done(MINIMAL, ran)

    def done(self, way: str, ran: Ran) -> float:
        """Note when it ended and what it called, and give the seconds that it took."""
        self.ended = ran.began + ran.seconds
        self.calls[way] = self.fake.counted()
        return ran.seconds
