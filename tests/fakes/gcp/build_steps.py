"""The steps of a build, run by the engine of this machine: what a worker of Cloud Build does."""

from __future__ import annotations

import os
import queue
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tasks.image.buildkit import find

DOCKER = "gcr.io/cloud-builders/docker"
HOST = os.environ.get("DOCKER_HOST", "")  # as it was before a test led its own clients to another engine, or to none
CERTIFICATES = os.environ.get("SSL_CERT_FILE", "")
SHIM = """#!/bin/sh
# what a build on this machine needs: it is the worker's network and its certificates, no client's
case "$1 $2" in
"buildx build"|"image build"|"builder build") first="$1 $2"; shift 2 ;;
build\\ *) first=build; shift ;;
*) exec {docker} "$@" ;;
esac
{secret}exec {docker} $first {network} $ca "$@"
"""
SECRET = '[ "$DOCKER_BUILDKIT" = 1 ] && ca="--secret id=ca,src="{ca}\n'


class Late(Exception):
    """A step took longer than it may."""


class Stopped(Exception):
    """The build was cancelled."""


@dataclass
class Worker:
    """One machine: its workspace, the programs of its steps, and until when it may work."""

    root: Path
    ends: float  # of time.monotonic
    stopped: threading.Event
    network: str
    ca: str
    idle: Callable[[], None]  # called while a program says nothing

    def __post_init__(self) -> None:
        self.workspace, self.home, self.bin = (self.root / each for each in ("workspace", "home", "bin"))
        for folder in (self.workspace, self.home, self.bin):
            folder.mkdir()
        self.cli = found()
        secret = SECRET.format(ca=shlex.quote(self.ca)) if self.ca else ""
        network = f"--network {shlex.quote(self.network)}" if self.network else ""
        shim = self.bin / "docker"
        shim.write_text(SHIM.format(docker=shlex.quote(self.cli), network=network, secret=secret))
        shim.chmod(0o755)

    @property
    def environ(self) -> dict[str, str]:
        """What every program of a step sees."""
        own = {"PATH": f"{self.bin}:/usr/local/bin:/usr/bin:/bin", "HOME": str(self.home)}
        return {**own, **({"DOCKER_HOST": HOST} if HOST else {})}

    def run(self, step: Mapping[str, Any], environ: Mapping[str, str], line: Callable[[str], None], name: str) -> int:
        """Run a step; its exit code. `name` is that of its container, if it has one. Raises Late, Stopped."""
        folder = (self.workspace / step.get("dir", "")).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        image = step["name"].partition("@")[0]
        if image.partition(":")[0] == DOCKER:
            line(f"Already have image (with digest): {image}")
            return self.process(self.locally(step), {**self.environ, **environ}, folder, line, self.limit(step))
        try:
            command = [self.cli, *self.contained(step, environ, name)]
            return self.process(command, {**self.environ, **environ}, folder, line, self.limit(step))
        finally:
            self.quietly("rm", "--force", name)

    def locally(self, step: Mapping[str, Any]) -> list[str]:
        """The command of a step whose image is Docker's own CLI."""
        if step.get("script"):
            script = self.root / f"script-{time.monotonic_ns()}"
            text = step["script"]
            script.write_text(text if text.startswith("#!") else f"#!/bin/bash\n{text}")
            script.chmod(0o755)
            return [str(script)]
        return [step.get("entrypoint") or "docker", *step.get("args", [])]

    def contained(self, step: Mapping[str, Any], environ: Mapping[str, str], name: str) -> list[str]:
        """The arguments of docker that run a step in its own image. Values stay in the environment."""
        script = ["--entrypoint", "/bin/sh"] if step.get("script") else []
        entrypoint = ["--entrypoint", step["entrypoint"]] if step.get("entrypoint") else script
        return [
            *("run", "--rm", "--name", name, "--label", "dockyard.fake=build", "--network", self.network or "bridge"),
            *("--volume", f"{self.workspace}:/workspace", "--workdir", str(Path("/workspace") / step.get("dir", ""))),
            *(part for each in environ for part in ("--env", each)),
            *entrypoint,
            step["name"],
            *(["-c", step["script"]] if step.get("script") else step.get("args", [])),
        ]

    def limit(self, step: Mapping[str, Any]) -> float:
        """Until when a step may run."""
        own = float(step["timeout"].removesuffix("s")) if step.get("timeout") else 0.0
        return min(self.ends, time.monotonic() + own) if own else self.ends

    def process(
        self, command: list[str], environ: Mapping[str, str], folder: Path, line: Callable[[str], None], ends: float
    ) -> int:
        """Run a program to its end and hand its lines over as they come. Raises Late, Stopped."""
        try:
            child = subprocess.Popen(
                command,
                cwd=folder,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            line(f"{command[0]}: {error.strerror}")
            return 127
        lines: queue.Queue[bytes | None] = queue.Queue()
        reader = threading.Thread(target=_read, args=(child, lines), daemon=True)
        reader.start()
        try:
            while True:
                if self.stopped.is_set():
                    raise Stopped
                if time.monotonic() >= ends:
                    raise Late
                try:
                    found = lines.get(timeout=0.05)
                except queue.Empty:
                    self.idle()
                    continue
                if found is None:
                    return child.wait()
                line(found.decode("utf-8", "replace").rstrip("\r\n"))
        finally:
            _end(child)
            reader.join()
            if child.stdout:
                child.stdout.close()

    def quietly(self, *args: str) -> subprocess.CompletedProcess[str]:
        """Run docker for the worker itself."""
        return subprocess.run(
            [self.cli, *args], env=self.environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )


def _read(child: subprocess.Popen[bytes], lines: queue.Queue[bytes | None]) -> None:
    for each in child.stdout or ():
        lines.put(each)
    lines.put(None)


def _end(child: subprocess.Popen[bytes], patience: float = 3.0) -> None:
    """End a program and its children."""
    if child.poll() is not None:
        return
    os.killpg(child.pid, signal.SIGTERM)
    try:
        child.wait(patience)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


@cache
def found() -> str:
    """The docker CLI that builds with BuildKit, where this machine has one."""
    path = os.environ.get("PATH", "/usr/bin:/bin")
    return shutil.which(find({"PATH": path}).path) or "docker"


def workshop() -> tempfile.TemporaryDirectory[str]:
    """A folder for one build."""
    return tempfile.TemporaryDirectory(prefix="fake-build-", ignore_cleanup_errors=True)
