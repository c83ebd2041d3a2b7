"""A project with the benchmarks' application, in git: what a round changes, and what Dockyard does with it."""

from __future__ import annotations

import json
import shutil
import sys
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks.target.docker import names
from tasks.target.docker.engine import Engine

from .processes import Failed, Ran, run

ROOT = Path(__file__).parent.parent
APPLICATION = Path(__file__).parent / "application"
SHARED = ("dockerfiles", "tasks", "tasks.py")  # what a project has of this repository
# As ./inv runs it, without its look at .venv
INV = (sys.executable, "-m", "invoke", "--write-pyc")


@dataclass
class Project:
    """One service: its folder, its name, its repository and the port on loopback that it is reached at."""

    root: Path
    name: str
    repository: str
    port: int
    engine: Engine
    settings: dict[str, str] = field(default_factory=dict)
    version: str = ""

    @property
    def url(self) -> str:
        """Where the service is reached."""
        return f"http://127.0.0.1:{self.port}"

    def write(self) -> None:
        """Make the folder: the application, Dockyard as a repository of its own has it, env/local.env, a commit."""
        shutil.copytree(APPLICATION, self.root, ignore=shutil.ignore_patterns("__pycache__"))
        for shared in SHARED:
            (self.root / shared).symlink_to(ROOT / shared)
        (self.root / ".gitignore").write_text("".join(f"{name}\n" for name in (*SHARED, "__pycache__")))
        (self.root / "env").mkdir()
        self.git("init", "--quiet")
        self.set(
            TARGET="docker",
            SERVICE=self.name,
            IMAGE=self.repository,
            URL=self.url,
            PORT="8000",
            HEALTH_PATH="/health",
            CHECK_VERSION="GET /version 200",
            LOG_DENY="Traceback",
            DRAIN_TIMEOUT="2s",
        )
        self.change()

    def set(self, **settings: str) -> None:
        """Write settings into env/local.env, not committed; "" takes one away."""
        self.settings = {name: value for name, value in {**self.settings, **settings}.items() if value}
        (self.root / "env" / "local.env").write_text("".join(f"{key}={at}\n" for key, at in self.settings.items()))

    def change(self) -> str:
        """Change one source file, commit, and return the version that it answers from then on."""
        self.version = uuid.uuid4().hex[:12]
        source = self.root / "application.py"
        lines = source.read_text().splitlines(keepends=True)
        changed = (f'VERSION = "{self.version}"\n' if line.startswith("VERSION =") else line for line in lines)
        source.write_text("".join(changed))
        self.commit()
        return self.version

    def commit(self) -> None:
        """Commit the whole folder."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=change")

    def git(self, *words: str) -> str:
        """Run git there, as somebody, and return what it said."""
        who = ("-c", "user.name=Benchmark", "-c", "user.email=benchmark@example.com", "-c", "gc.auto=0")
        return run("git", *who, *words, cwd=self.root).out.strip()

    def inv(self, *words: str) -> tuple[Ran, dict[str, Any]]:
        """Run a verb as a process, and return its time and its document. Raises Failed."""
        ran = run(*INV, *words, "--env=local", "--json", cwd=self.root)
        document: dict[str, Any] = json.loads(ran.out)
        return ran, document

    def release(self) -> tuple[Ran, dict[str, Any]]:
        """`inv release` of what changed. Raises Failed if nothing was deployed."""
        ran, document = self.inv("release")
        if not document["changed"]:
            raise Failed(f"inv release deployed nothing though the source of {self.name} had changed.")
        return ran, document

    def until_verified(self, ran: Ran, revision: str) -> float:
        """Seconds from a release's start until its revision was recorded as verified: the old one is stopped after.

        By the engine's own log of events; its clock is taken to be this machine's.
        """
        wanted = names.verified(revision)
        heard = self.engine.events(
            since=int(ran.began),
            until=int(time.time()) + 1,
            filters={"type": "volume", "event": "create"},
            decode=True,
        )
        for event in heard:
            if event["Actor"]["ID"] == wanted:
                return float(event["timeNano"]) / 1e9 - ran.began
        raise Failed(f"The engine's events have no record that {revision} was verified.")
