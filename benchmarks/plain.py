"""The plain way beside it: `docker build`, a push, `docker run`, and a curl in a loop until it answers."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tasks.image.buildkit import BUILDKIT, find
from tasks.signals import uninterrupted
from tasks.target.docker.engine import instant

from . import leftovers
from .processes import Failed, run
from .project import Project
from .stage import Stage, free_port

LABEL = "dockyard.benchmark"
LONGEST = 30  # seconds until an application counts as broken


@dataclass
class Plain:
    """The same application, released by hand: its folder, and the docker CLI that speaks BuildKit."""

    project: Project
    docker: str
    buildx: bool
    curl: str

    def release(self) -> float:
        """Change one source file, then build, push, run, and ask until it answers; seconds without the change."""
        self.project.change()
        started = time.perf_counter()
        reference = f"{self.project.repository}:{self.project.version}"
        if self.buildx:
            self.call("buildx", "build", "--quiet", "--push", "--provenance=false", "--tag", reference, ".")
        else:
            self.call("build", "--quiet", "--tag", reference, ".")
            self.call("push", "--quiet", reference)
        self.run(reference, free_port())
        seconds = time.perf_counter() - started
        self.stop()
        return seconds

    def own_start(self) -> tuple[float, float]:
        """Seconds from `docker start` of a stopped container until it answers, and those since its process began."""
        port = free_port()
        container = self.run(f"{self.project.repository}:{self.project.version}", port)
        self.call("stop", container)
        started = time.perf_counter()
        self.call("start", container)
        self.answered(port)
        whole, now = time.perf_counter() - started, time.time()
        process = now - instant(self.project.engine.api.inspect_container(container)["State"]["StartedAt"])
        self.stop()
        return whole, process

    def run(self, reference: str, port: int) -> str:
        """Run a container on a port of loopback, and return its id when it answers."""
        publish = ("--publish", f"127.0.0.1:{port}:8000")
        container = self.call("run", "--detach", "--label", f"{LABEL}={self.project.name}", *publish, reference)
        self.answered(port)
        return container.strip()

    def answered(self, port: int) -> None:
        """Ask with curl until a port of loopback answers. Raises Failed."""
        until, url = time.monotonic() + LONGEST, f"http://127.0.0.1:{port}/health"
        while subprocess.run([self.curl, "-fso", "/dev/null", url], check=False).returncode:
            if time.monotonic() > until:
                raise Failed(f"The application did not answer within {LONGEST} s of its start.")

    def stop(self) -> None:
        """Remove the container; no figure has this."""
        leftovers.service(self.project.engine, self.project.name, LABEL)

    def call(self, *words: str) -> str:
        """Run the docker CLI in the folder. Raises Failed."""
        return run(self.docker, *words, cwd=self.project.root, env=BUILDKIT).out


@contextmanager
def plainly(stage: Stage) -> Iterator[Plain]:
    """The plain way, with a project of its own. Raises Failed where curl is missing."""
    curl, cli = shutil.which("curl"), find()
    if not curl:
        raise Failed("The plain way asks with curl, and there is none on PATH; install it.")
    with stage.project("plain") as project:
        made = Plain(project, cli.path, bool(cli.flags), curl)
        try:
            yield made
        finally:
            with uninterrupted():
                made.stop()
