"""Builds with BuildKit, through the first docker CLI on PATH that speaks it.

A CLI of 23 or newer needs the buildx plugin for it; one of 20.10 speaks it by itself. A machine can have both.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shlex
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ..errors import DockyardError
from . import Built, Recipe, loading, reproducible
from .progress import Progress, View, failure

if TYPE_CHECKING:
    import docker

BUILDKIT = {"DOCKER_BUILDKIT": "1"}
LOAD = "--load"
LOCAL = ("--provenance=false", LOAD)  # buildx: an image on the engine, neither an index nor a cache entry
METADATA = "--metadata-file"


@dataclass(frozen=True)
class Cli:
    """A docker CLI that speaks BuildKit: its path, the flags that it wants, and whether it writes metadata."""

    path: str
    flags: tuple[str, ...] = ()
    metadata: bool = False


class BuildKit:
    """A builder whose images land on the engine that the docker CLI reaches."""

    def __init__(self, client: docker.DockerClient | None = None) -> None:
        self.client = client

    @cached_property
    def cli(self) -> Cli:
        """The docker CLI that builds."""
        return find()

    def command(self, recipe: Recipe, platform: str) -> str:
        """The command line, for a shell, with values that look like secrets redacted."""
        from ..environment.secrets import redact

        shown = replace(recipe, args={name: redact(name, value) for name, value in recipe.args.items()})
        flags, loads = self._output(recipe)
        command = shlex.join(argv(self.cli.path, shown, platform, flags))
        return f"{command} | {shlex.join(loading.argv(self.cli.path))}" if loads else command

    def irreproducible(self, recipe: Recipe, /) -> str:
        """Why the same inputs, built again, have another digest, as a sentence; "" where they have the same."""
        return reproducible.why_not(self.cli.path, self.cli.metadata, recipe, self._engine)

    def build(self, recipe: Recipe, platform: str) -> Built:
        """Build for one platform, without a tag. Raises DockyardError with the failing step."""
        flags, loads = self._output(recipe)
        with tempfile.TemporaryDirectory(prefix="dockyard-") as folder:
            iid, metadata = Path(folder) / "iid", Path(folder) / "metadata.json"
            flags = (*flags, METADATA, str(metadata)) if self.cli.metadata else flags
            progress = Progress()
            command = argv(self.cli.path, recipe, platform, flags, iid)
            with loading.loading(self.cli.path) if loads else nullcontext() as archive:
                code = run(command, progress, recipe.timeout, archive)
                if code:
                    raise failure(progress, recipe.dockerfile, f"exit code {code}")
            return self._built(ids(iid, metadata), platform)

    @cached_property
    def _engine(self) -> docker.DockerClient:
        from ..target.docker.engine import connect

        return self.client or connect()

    def _output(self, recipe: Recipe) -> tuple[tuple[str, ...], bool]:
        """The flags that say where the image goes, and whether that is an archive, for the engine to load."""
        if not self.cli.metadata or self.irreproducible(recipe):
            return self.cli.flags, False
        kept = tuple(flag for flag in self.cli.flags if flag != LOAD)
        return (*kept, *reproducible.flags(recipe)), True

    def _built(self, image_ids: Sequence[str], platform: str) -> Built:
        from .images import Images

        images = Images(self._engine, "dockyard")
        found = next((image for image_id in image_ids if (image := images.find(image_id))), None)
        if found is None:
            raise DockyardError(
                f"BuildKit made {' or '.join(image_ids) or 'no image'}, but the engine does not have it: "
                "let the docker CLI and DOCKER_HOST mean the same engine."
            )
        return Built(platform, found.id, found.size)


def ids(iid: Path, metadata: Path) -> list[str]:
    """By which ids an engine may know the image.

    With containerd's store it is the manifest's digest, but the id file has the config's (docker/buildx#3952).
    """
    found = [iid.read_text().strip()] if iid.exists() else []
    if metadata.exists():
        found.append(json.loads(metadata.read_text() or "{}").get("containerimage.digest", ""))
    return [each for each in dict.fromkeys(found) if each]


def argv(docker: str, recipe: Recipe, platform: str, flags: tuple[str, ...] = (), iid: Path | None = None) -> list[str]:
    """The command that builds a recipe for one platform. Secrets are named, never valued.

    `flags` are those that this CLI wants; `iid` is the file for the image's id.
    """
    return [
        *(docker, "build", "--progress", "plain", "--file", str(recipe.dockerfile), "--platform", platform),
        *(("--target", recipe.stage) if recipe.stage else ()),
        *(part for name, value in recipe.args.items() for part in ("--build-arg", f"{name}={value}")),
        *(part for name, value in recipe.labels.items() for part in ("--label", f"{name}={value}")),
        *(part for name, reference in recipe.secrets.items() for part in ("--secret", secret(name, reference))),
        *(("--network", recipe.network) if recipe.network else ()),
        *(("--no-cache",) if recipe.no_cache else ()),
        *flags,
        *(("--iidfile", str(iid)) if iid else ()),
        str(recipe.context),
    ]


def secret(name: str, reference: str) -> str:
    """A secret as `--secret` takes it, which is a line of CSV: `id=ca,src=/etc/ca.crt`, `id=token,env=TOKEN`."""
    kind, _, where = reference.partition(":")
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([f"id={name}", f"{'src' if kind == 'file' else 'env'}={where}"])
    return line.getvalue()


def find(environ: Mapping[str, str] = os.environ) -> Cli:
    """The first docker CLI on PATH that speaks BuildKit. Raises DockyardError."""
    tried = list(candidates(environ.get("PATH", "")))
    for docker in tried:
        asked = subprocess.run(
            [docker, "build", "--help"],
            env={**environ, **BUILDKIT},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if asked.returncode == 0 and "--secret" in asked.stdout:
            flags = tuple(flag for flag in LOCAL if flag.partition("=")[0] in asked.stdout)
            return Cli(docker, flags, METADATA in asked.stdout)
    if not tried:
        raise DockyardError("There is no docker on PATH to build with: install it, or set BUILDER=engine.")
    raise DockyardError(
        f"{' and '.join(tried)} cannot build with BuildKit: install its buildx plugin (docker-buildx), "
        "or set BUILDER=engine for the classic builder."
    )


def candidates(path: str) -> Iterator[str]:
    """Every `docker` of a PATH that can be run, in order, each file once."""
    seen: set[Path] = set()
    for folder in path.split(os.pathsep):
        docker = Path(folder or ".") / "docker"
        if docker.is_file() and os.access(docker, os.X_OK) and docker.resolve() not in seen:
            seen.add(docker.resolve())
            yield str(docker)


def run(command: list[str], progress: Progress, timeout: float, archive: IO[bytes] | None = None) -> int:
    """Run a build, show its progress, and return its exit code. The child ends with this, whatever ends this.

    What it writes to its standard output goes to `archive`.
    """
    with (
        # a session of its own: buildx is a child of docker, and both have to end
        subprocess.Popen(
            command,
            env={**os.environ, **BUILDKIT},
            stdin=subprocess.DEVNULL,
            stdout=archive or subprocess.PIPE,
            stderr=subprocess.PIPE if archive else subprocess.STDOUT,
            start_new_session=True,
        ) as child,
        ended(child, timeout) as late,
        View(progress) as view,
    ):
        for line in child.stderr or child.stdout or ():
            view.line(line.decode("utf-8", "replace").rstrip("\r\n"))
        child.wait()
    if late.is_set():
        raise DockyardError(
            f"The build was ended after {timeout:g} s (BUILD_TIMEOUT)"
            f"{f' in {progress.current.name}' if progress.current else ''}: make it faster, or raise BUILD_TIMEOUT."
        )
    return child.returncode


@contextmanager
def ended(child: subprocess.Popen[bytes], timeout: float) -> Iterator[threading.Event]:
    """End a child after `timeout` seconds, which sets the event, or when the block is left by an exception."""
    late = threading.Event()

    def expire() -> None:
        late.set()
        end(child)

    timer = threading.Timer(timeout, expire)
    timer.daemon = True
    timer.start()
    try:
        yield late
    except BaseException:
        end(child)
        raise
    finally:
        timer.cancel()


def end(child: subprocess.Popen[bytes], patience: float = 5.0) -> None:
    """End a child and its own children: SIGTERM, which lets it cancel the build, and SIGKILL for what is left."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGTERM)
        deadline = time.monotonic() + patience
        while child.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        os.killpg(child.pid, signal.SIGKILL)
