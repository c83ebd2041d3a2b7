"""A project whose image a recipe builds, as somebody has it who copied the recipe beside the source."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
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
EVERY_SECOND = {"interval": 1_000_000_000, "start_period": 1_000_000_000}  # for HEALTHCHECK, in nanoseconds
BUNDLE = "bundle-of-the-tests"  # in the CA bundle, beside the certificates


def bundle(path: Path) -> Path:
    """Write this machine's CA bundle with BUNDLE in it, for every build of the tests: they share the engine's cache."""
    path.write_bytes(Path(os.environ.get("SSL_CERT_FILE") or certifi.where()).read_bytes() + f"# {BUNDLE}\n".encode())
    return path


@dataclass
class Project:
    """One application and its recipe, in a folder of its own."""

    root: Path
    recipe: str
    image: str
    engine: docker.DockerClient
    requirements: str = ""  # of an example, whose layer of packages is then built once for both
    settings: dict[str, str] = field(default_factory=dict)

    def write(self) -> None:
        """Copy application and recipe, and write env/local.env: with the host's network and a CA bundle."""
        self.root.mkdir()
        shutil.copy(APPLICATIONS / "app.py", self.root)
        if (own := APPLICATIONS / self.recipe).is_dir():
            shutil.copytree(own, self.root, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
        if self.requirements:
            shutil.copy(REPOSITORY / "examples" / self.requirements, self.root / "requirements.txt")
        for name in ("Dockerfile", ".dockerignore"):
            shutil.copy(RECIPES / self.recipe / name, self.root)
        (self.root / ".env").write_text(f"PASSWORD={SECRET}\n")
        (self.root / "env").mkdir()
        ca = bundle(self.root.with_suffix(".pem"))
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
        ran = self.inv("build", "--json", f"--tag={tag}")
        assert ran.returncode == 0, ran.stderr
        document: dict[str, Any] = json.loads(ran.stdout)
        assert not document["reused"]
        return self.engine.images.get(f"{self.image}:{tag}")

    def failed(self) -> str:
        """What `inv build` says, which must fail."""
        ran = self.inv("build", "--tag=failed")
        assert ran.returncode == 1, ran.stderr
        return ran.stderr

    def inv(self, verb: str, *flags: str) -> subprocess.CompletedProcess[str]:
        """A verb as a process."""
        command = [*COMMAND, verb, "--env=local", *flags]
        environ = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
        return subprocess.run(command, cwd=self.root, env=environ, capture_output=True, text=True, check=False)

    @contextmanager
    def running(self, image: Image, command: Sequence[str] = (), **given: Any) -> Iterator[Running]:
        """The image in a container with a read-only root and `/tmp` as a tmpfs, as the settings declare it."""
        port = free_port()
        container = self.engine.containers.create(
            str(image.id),
            list(command),
            read_only=True,
            tmpfs={"/tmp": ""},
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            ports={"8000/tcp": ("127.0.0.1", port)},
            **given,
        )
        try:
            container.start()
            yield Running(container, f"http://127.0.0.1:{port}")
        finally:
            with suppress(NotFound):
                container.remove(force=True, v=True)

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

    def stopped_in_a_request(self) -> tuple[int, object]:
        """What a request gets during which the engine stops it: status and document."""
        answers: list[httpx.Response] = []
        asking = threading.Thread(target=lambda: answers.append(self.get("/slow?seconds=1.5")))
        asking.start()
        time.sleep(0.5)
        self.container.stop(timeout=10)
        asking.join()
        assert answers, self.logs
        return answers[0].status_code, answers[0].json()

    def turns(self, wanted: str) -> bool:
        """Whether HEALTHCHECK comes to say `healthy` or `unhealthy`."""
        deadline = time.monotonic() + 15
        while (said := self.state["Health"]["Status"]) != wanted and time.monotonic() < deadline:
            time.sleep(0.1)
        return bool(said == wanted)

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
