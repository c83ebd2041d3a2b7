"""A project whose image a recipe builds, as somebody has it who copied the recipe beside the source."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import certifi
import docker
import httpx
from docker.errors import NotFound
from docker.models.containers import Container
from docker.models.images import Image

from tests.service import COMMAND, REPOSITORY, free_port

APPLICATIONS = Path(__file__).parent
RECIPES = REPOSITORY / "dockerfiles"
SECRET = "s3cr3t-of-the-tests"  # in a file that must stay out of the image
BUNDLE = "bundle-of-the-tests"  # in the CA bundle, beside the certificates


@dataclass
class Project:
    """One application and its recipe, in a folder of its own."""

    root: Path
    recipe: str
    image: str
    engine: docker.DockerClient
    settings: dict[str, str] = field(default_factory=dict)

    def write(self) -> None:
        """Copy application and recipe, and write env/local.env: with the host's network and a CA bundle."""
        shutil.copytree(APPLICATIONS / self.recipe, self.root, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("Dockerfile", ".dockerignore"):
            shutil.copy(RECIPES / self.recipe / name, self.root)
        (self.root / ".env").write_text(f"PASSWORD={SECRET}\n")
        (self.root / "env").mkdir()
        ca = self.root.with_suffix(".pem")
        ca.write_bytes(Path(os.environ.get("SSL_CERT_FILE") or certifi.where()).read_bytes() + f"# {BUNDLE}\n".encode())
        self.set(TARGET="docker", SERVICE=self.root.name, IMAGE=self.image, BUILDER="buildkit")
        self.set(BUILD_NETWORK="host", BUILD_CA=str(ca))

    def set(self, **settings: str) -> None:
        """Write settings into env/local.env; "" takes one away."""
        self.settings = {name: value for name, value in {**self.settings, **settings}.items() if value}
        (self.root / "env" / "local.env").write_text("".join(f"{key}={at}\n" for key, at in self.settings.items()))

    def change(self) -> None:
        """Change one line of the source."""
        source = self.root / "app.py"
        source.write_text(source.read_text().replace('WORD = "one"', 'WORD = "two"'))

    def build(self, tag: str) -> Image:
        """`inv build` as a process; the image."""
        command = [*COMMAND, "build", "--env=local", "--json", f"--tag={tag}"]
        environ = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
        ran = subprocess.run(command, cwd=self.root, env=environ, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        document: dict[str, Any] = json.loads(ran.stdout)
        assert not document["reused"]
        return self.engine.images.get(f"{self.image}:{tag}")

    @contextmanager
    def running(self, image: Image, command: Sequence[str] = (), **given: Any) -> Iterator[Running]:
        """The image in a container with a read-only root and `/tmp` as a tmpfs, as the settings declare it."""
        port = free_port()
        container = self.engine.containers.run(
            str(image.id),
            list(command),
            detach=True,
            read_only=True,
            tmpfs={"/tmp": ""},
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            ports={"8000/tcp": ("127.0.0.1", port)},
            **given,
        )
        try:
            yield Running(container, f"http://127.0.0.1:{port}")
        finally:
            with suppress(NotFound):
                container.remove(force=True)

    @contextmanager
    def serving(self, image: Image, **given: Any) -> Iterator[Running]:
        """The same with its own command, once it answers."""
        with self.running(image, **given) as it:
            assert it.answers(), it.logs
            yield it


@dataclass(frozen=True)
class Running:
    """A container and where it answers."""

    container: Container
    url: str

    def get(self, path: str, method: str = "GET") -> httpx.Response:
        """What it answers."""
        return httpx.request(method, f"{self.url}{path}", trust_env=False, timeout=20)

    def answers(self) -> bool:
        """Whether it comes to answer anything."""
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            with suppress(httpx.TransportError):
                return bool(self.get("/health").status_code)
            time.sleep(0.05)
        return False

    @property
    def state(self) -> dict[str, Any]:
        """What the engine says of it."""
        self.container.reload()
        state: dict[str, Any] = self.container.attrs["State"]
        return state

    @property
    def logs(self) -> str:
        """What it said."""
        return self.container.logs().decode()


def layers(image: Image) -> list[str]:
    """The digests of the layers' content, the base's first."""
    found: list[str] = image.attrs["RootFS"]["Layers"]
    return found
