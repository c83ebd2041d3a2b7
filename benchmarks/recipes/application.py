"""An application with the recipe that builds it, and what a changed line of it costs."""

from __future__ import annotations

import io
import os
import shutil
import time
import uuid
from contextlib import redirect_stderr
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tasks import environment
from tasks.environment.settings import Environment
from tasks.image import Recipe, recipe
from tasks.image.buildkit import BuildKit
from tasks.target.docker.engine import Engine

from ..leftovers import TITLE
from ..processes import run
from ..project import INV, ROOT, SHARED
from .samples import Sample

PLATFORM = "linux/amd64"


@dataclass
class Application:
    """One sample in a folder of its own, which is the context too."""

    root: Path
    name: str
    image: str
    sample: Sample
    engine: Engine

    def write(self) -> None:
        """Copy the sample, and write env/ENV.local.env with the host's network and the CA bundle, if there is one."""
        (self.root / "env").mkdir(parents=True)
        for each in self.sample.copied:
            if each.is_dir():
                shutil.copytree(each, self.root, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
            else:
                shutil.copy(each, self.root)
        for shared in SHARED:
            (self.root / shared).symlink_to(ROOT / shared)
        settings = {
            "SERVICE": self.name,
            "IMAGE": self.image,
            "BUILDER": "buildkit",
            "BUILD_NETWORK": "host",
            "BUILD_CA": os.environ.get("SSL_CERT_FILE", ""),
            **self.sample.settings,
        }
        (self.root / "env" / f"{self.sample.env}.env").touch()
        text = "".join(f"{key}={value}\n" for key, value in settings.items())
        (self.root / "env" / f"{self.sample.env}.local.env").write_text(text)

    @cached_property
    def environment(self) -> Environment:
        """Its settings. Raises SettingError."""
        return environment.load(self.root, self.sample.env)

    @property
    def recipe(self) -> Recipe:
        """What `inv build` asks BuildKit for."""
        it = self.environment
        return Recipe(
            it.dockerfile,
            it.context,
            stage=it.stage,
            args=dict(it.build_args),
            secrets=recipe.secrets(it),
            labels={TITLE: self.name},
            network=it.build_network,
            timeout=it.build_timeout,
        )

    def build(self) -> int:
        """Build it; the image's size in bytes. Raises DockyardError."""
        with redirect_stderr(io.StringIO()):  # its progress
            return BuildKit(self.engine).build(self.recipe, PLATFORM).size

    def larger(self) -> int:
        """Build it; how many bytes larger than its base the image is. Raises DockyardError."""
        return self.build() - int(self.engine.images.get(self.sample.base).attrs["Size"])

    def change(self) -> None:
        """Change one line of the source, if there is any."""
        if self.sample.changed:
            with (self.root / self.sample.changed).open("a", encoding="utf-8") as source:
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
        return run(*INV, "build", tag, f"--env={self.sample.env}", "--json", cwd=self.root).seconds
