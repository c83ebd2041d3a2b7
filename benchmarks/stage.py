"""Where benchmarks run: a folder, services and repositories of one run's own, all of them taken away at its end."""

from __future__ import annotations

import shutil
import socket
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.bases import PYTHON, has
from tasks.errors import DockyardError
from tasks.loopback import answers
from tasks.signals import terminable, uninterrupted
from tasks.target.docker.engine import Engine, connect

from . import leftovers
from .processes import Failed
from .project import Project

if TYPE_CHECKING:
    from .kamal import Kamal


@dataclass
class Stage:
    """What a benchmark gets: an engine, a registry, a folder, how many rounds, and Kamal where it was asked for.

    `notes` are sentences to read the table with.
    """

    engine: Engine
    registry: str
    folder: Path
    name: str
    quick: bool
    undo: ExitStack
    notes: list[str] = field(default_factory=list)
    kamal: Kamal | None = None

    def rounds(self, whole: int, quick: int = 3) -> int:
        """How many rounds."""
        return quick if self.quick else whole

    @contextmanager
    def project(self, what: str) -> Iterator[Project]:
        """A project whose service is gone when the block is left."""
        name = f"{self.name}-{what}"
        made = Project(self.folder / what, name, f"{self.registry}/benchmarks/{name}", free_port(), self.engine)
        try:
            made.write()
            yield made
        finally:
            with uninterrupted():
                self.clean(made)

    def clean(self, project: Project) -> None:
        """Take a project and its service away."""
        leftovers.service(self.engine, project.name)
        leftovers.images(self.engine, project.repository, project.name)
        leftovers.manifests(project.repository)
        shutil.rmtree(project.root, ignore_errors=True)


@contextmanager
def staged(registry: str, *, quick: bool) -> Iterator[Stage]:
    """A stage; whatever ends the block, Ctrl-C and SIGTERM too, everything on it is taken away. Raises Failed."""
    try:
        engine = connect()
    except DockyardError as error:
        raise Failed(error.message) from None
    if not has(engine, PYTHON) or not answers(registry):
        raise Failed(f"{PYTHON} and a registry at {registry} are needed; type ./inv local.up --yes")
    with terminable(), ExitStack() as undo:
        undo.callback(engine.close)
        folder = Path(tempfile.mkdtemp(prefix="benchmarks-"))
        undo.callback(shutil.rmtree, folder, ignore_errors=True)
        try:
            yield Stage(engine, registry, folder, f"bench{uuid.uuid4().hex[:6]}", quick, undo)
        finally:
            with uninterrupted():
                undo.close()


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
