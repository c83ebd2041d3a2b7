"""A test's application with the recipe that builds it, and what a changed line of it costs."""

from __future__ import annotations

import io
import os
import shutil
import time
import uuid
from contextlib import redirect_stderr
from dataclasses import dataclass
from pathlib import Path

from tasks.bases import recipes
from tasks.image import Recipe
from tasks.image.buildkit import BuildKit
from tasks.target.docker.engine import Engine

from ..leftovers import TITLE
from ..processes import run
from ..project import INV, ROOT, SHARED

APPLICATIONS = ROOT / "tests" / "recipes"
PLATFORM = "linux/amd64"


@dataclass
class Application:
    """One application in a folder of its own: `root/source` is the context, `root/env` the settings."""

    root: Path
    name: str
    image: str
    dockerfile: Path
    engine: Engine

    def write(self, application: str) -> None:
        """Copy the application, and write env/local.env with the host's network and the CA bundle, if there is one."""
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(APPLICATIONS / application, self.root / "source", ignore=ignored)
        shutil.copy(recipes() / application / ".dockerignore", self.root / "source")
        for shared in SHARED:
            (self.root / shared).symlink_to(ROOT / shared)
        settings = {
            "TARGET": "docker",
            "SERVICE": self.name,
            "IMAGE": self.image,
            "CONTEXT": "source",
            "DOCKERFILE": str(self.dockerfile),
            "BUILD_NETWORK": "host",
            "BUILD_CA": os.environ.get("SSL_CERT_FILE", ""),
        }
        (self.root / "env").mkdir()
        text = "".join(f"{key}={value}\n" for key, value in settings.items() if value)
        (self.root / "env" / "local.env").write_text(text)

    @property
    def recipe(self) -> Recipe:
        """What `inv build` asks BuildKit for."""
        ca = os.environ.get("SSL_CERT_FILE")
        return Recipe(
            self.dockerfile,
            self.root / "source",
            secrets={"ca": f"file:{ca}"} if ca else {},
            labels={TITLE: self.name},
            network="host",
        )

    def build(self) -> int:
        """Build it; the image's size in bytes. Raises DockyardError."""
        with redirect_stderr(io.StringIO()):  # its progress
            return BuildKit(self.engine).build(self.recipe, PLATFORM).size

    def change(self) -> None:
        """Change one line of the source."""
        with (self.root / "source" / "app.py").open("a", encoding="utf-8") as source:
            source.write(f"# {uuid.uuid4().hex}\n")

    def rebuild(self) -> float:
        """Seconds of a build after a changed line: BuildKit's, from the start of its CLI to the image on the engine."""
        self.change()
        began = time.perf_counter()
        self.build()
        return time.perf_counter() - began

    def inv(self) -> float:
        """Seconds of `inv build` after a changed line, as a process. Raises Failed."""
        self.change()
        tag = f"--tag={uuid.uuid4().hex[:8]}"
        return run(*INV, "build", tag, "--env=local", "--json", cwd=self.root).seconds
