"""Base images on the engine: there already, pulled, or made from the system's packages where no registry answers."""

from __future__ import annotations

import os
import platform
import queue
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import docker
import requests
from docker.errors import DockerException, ImageNotFound

from . import packages, state
from .errors import DockyardError
from .image import Recipe
from .image.reference import split
from .packages import Say

DEBIAN = "debian:bookworm-slim"
PYTHON = "python:3.11-slim-bookworm"
BUILDING = threading.Lock()  # a terminal shows the progress of one build
SILENCE = 20  # seconds without a word from the engine after which a pull counts as failed
# What an image has no use for: debootstrap's downloads, and what Debian's own slim images leave out.
LEFT_OUT = (
    "./dev/*", "./proc/*", "./sys/*", "./var/cache/apt/*", "./var/lib/apt/lists/*", "./var/log/*",
    "./usr/share/doc/*", "./usr/share/info/*", "./usr/share/locale/*", "./usr/share/man/*",
)  # fmt: skip
SLIM = {
    "etc/dpkg/dpkg.cfg.d/slim": "".join(
        f"path-exclude /usr/share/{name}/*\n" for name in ("doc", "info", "locale", "man")
    )
    + "path-include /usr/share/doc/*/copyright\n",
    "etc/apt/apt.conf.d/slim": 'Acquire::Languages "none";\nAcquire::GzipIndexes "true";\n',
}


def recipes() -> Path:
    """The folder of Dockyard's own recipes: inside the installed package, or beside it in the repository."""
    inside = Path(__file__).parent / "dockerfiles"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "dockerfiles"


def has(client: docker.DockerClient, name: str) -> bool:
    """Whether the engine has an image of that name."""
    try:
        client.images.get(name)
    except ImageNotFound:
        return False
    return True


def pull(client: docker.DockerClient, name: str) -> str:
    """Pull an image; "" when it is there, else why not. A registry that says nothing is given up after `SILENCE`."""
    repository, tag = split(name)
    said: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def listen() -> None:
        try:
            for event in client.api.pull(repository, tag=tag, stream=True, decode=True):
                said.put(event.get("error", ""))
        except (DockerException, requests.exceptions.RequestException) as error:
            said.put(str(getattr(error, "explanation", "") or error))
        said.put(None)

    threading.Thread(target=listen, daemon=True).start()  # the SDK's pull has no time-out of its own
    try:
        while (word := said.get(timeout=SILENCE)) is not None:
            if word:
                return word
    except queue.Empty:
        return f"no answer within {SILENCE} s"
    return ""


def bootstrap(mirror: str, folder: Path) -> list[str]:
    """The argv that unpacks a minimal Debian 12 from a mirror."""
    return ["debootstrap", "--variant=minbase", "bookworm", str(folder), mirror]


def archive(folder: Path) -> list[str]:
    """The argv that writes a folder to standard output as an image's one layer."""
    return [
        "tar",
        "--create",
        "--numeric-owner",
        f"--directory={folder}",
        *(f"--exclude={each}" for each in LEFT_OUT),
        ".",
    ]


def refusal(cause: str, mirror: str) -> str:
    """Why a Debian image that cannot be pulled cannot be made here either; "" where it can."""
    way_out = f"load one (docker pull {DEBIAN}, or docker load) and type inv local.up again."
    if not mirror:
        return (
            f"{DEBIAN} could not be pulled ({cause}), and this system has no Debian packages to make it from: {way_out}"
        )
    if os.geteuid() != 0 or platform.machine() not in ("x86_64", "amd64"):
        return f"{DEBIAN} could not be pulled ({cause}); to make it takes root on an amd64 machine: {way_out}"
    return ""


def make_debian(client: docker.DockerClient, cause: str, say: Say) -> None:
    """Make the Debian image from this system's own mirror and import it. Raises DockyardError."""
    mirror = packages.mirror()
    why = refusal(cause, mirror)
    if why:
        raise DockyardError(why)
    if not shutil.which("debootstrap"):
        packages.install(["debootstrap"], state.folder() / "apt.log", say)
    with tempfile.TemporaryDirectory(dir=state.folder(), prefix="base-") as folder:
        root = Path(folder, "root")
        packages.logged(bootstrap(mirror, root), state.folder() / "debootstrap.log", environ=packages.proxies())
        for name, text in SLIM.items():
            (root / name).write_text(text, encoding="utf-8")
        with subprocess.Popen(archive(root), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as tar:
            repository, tag = split(DEBIAN)
            client.api.import_image_from_stream(tar.stdout, repository=repository, tag=tag, changes=['CMD ["bash"]'])
        if tar.returncode:
            client.images.remove(DEBIAN, force=True)
            raise DockyardError(f"tar ended with {tar.returncode} while {DEBIAN} was made: is the disk full?")


def make(client: docker.DockerClient, name: str, folder: str, *, ca: Path | None) -> None:
    """Build one of Dockyard's own recipes and name the image, one at a time. Raises DockyardError."""
    from .image.buildkit import BuildKit

    context = recipes() / folder
    recipe = Recipe(
        dockerfile=context / "Dockerfile",
        context=context,
        args={"BASE": DEBIAN},
        secrets={"ca": f"file:{ca}"} if ca else {},
        network="host",
    )
    with BUILDING:
        built = BuildKit(client).build(recipe, "linux/amd64")
    repository, tag = split(name)
    client.images.get(built.image_id).tag(repository, tag=tag)


def provide(client: docker.DockerClient, name: str, *, debian: Callable[[], None], ca: Path | None, say: Say) -> str:
    """Bring a base image to the engine, `pulled` or else `made`; `debian` waits for the one that others are made from.

    Raises DockyardError.
    """
    say(f"Pulling {name} ...")
    cause = pull(client, name)
    if not cause:
        return "pulled"
    say(f"{name} cannot be pulled ({cause}); making it from this system's packages ...")
    if name == DEBIAN:
        make_debian(client, cause, say)
    else:
        debian()
        make(client, name, "base", ca=ca)
    return "made"
