"""A project whose images Cloud Build makes, on a machine without a Docker engine."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest

from tests.fakes.gcp.cloud import Cloud
from tests.image.app import commit
from tests.image.tidy import empty


@dataclass
class Built:
    """`root` is the project, `image` its repository in the registry, `cloud` the fake."""

    root: Path
    image: str
    cloud: Cloud

    def write(self, *lines: str) -> None:
        """Write env/prod.env, with more lines of settings, and commit all."""
        (self.root / "env").mkdir(parents=True, exist_ok=True)
        settings = [
            *("TARGET=cloudrun", "SERVICE=api", f"IMAGE={self.image}", "BUILDER=cloudbuild"),
            *(f"PROJECT={self.cloud.project}", f"REGION={self.cloud.region}", *lines, ""),
        ]
        (self.root / "env" / "prod.env").write_text("\n".join(settings), encoding="utf-8")
        commit(self.root)

    def dockerfile(self, text: str) -> None:
        """Write the Dockerfile, and commit it."""
        (self.root / "Dockerfile").write_text(text, encoding="utf-8")
        commit(self.root)

    @property
    def submitted(self) -> dict[str, Any]:
        """The build that was submitted last, as the API got it."""
        body: dict[str, Any] = [each for each in self.cloud.calls if each.method.endswith("create")][-1].request["body"]
        return body

    @property
    def sha(self) -> str:
        """The commit."""
        argv = ["git", "rev-parse", "HEAD"]
        return subprocess.run(argv, cwd=self.root, check=True, capture_output=True, text=True).stdout.strip()

    def methods(self, api: str = "") -> list[str]:
        """What was asked of an API, in order."""
        return [call.method for call in self.cloud.calls if call.api == (api or call.api)]


@pytest.fixture
def cloud(
    gcp: Cloud, engine: docker.DockerClient, registry: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Built]:
    """A project of its own with one small file, and no engine for Dockyard."""
    image = f"{registry}/{gcp.project}/repo/{uuid.uuid4().hex[:12]}"
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    root = tmp_path / "äpp"
    root.mkdir()
    (root / "Dockerfile").write_text("FROM scratch\nCOPY hello.txt /\n")
    (root / "hello.txt").write_text("hello")
    (root / ".dockerignore").write_text(".git\nenv\n.build\n")
    made = Built(root, image, gcp)
    made.write()
    yield made
    empty(engine, image)
