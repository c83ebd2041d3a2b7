"""The examples, each copied into a repository of its own."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import docker
import pytest
from docker.models.containers import Container

from tests.awscli import AwsCli, install

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
IGNORED = shutil.ignore_patterns("__pycache__", "*.lock", "*.local.env")


@dataclass
class Example:
    """An example in a git repository of its own, with a local override of each environment's settings."""

    root: Path
    settings: dict[str, dict[str, str]] = field(default_factory=dict)

    def write(self, name: str) -> None:
        """Copy the example and commit it."""
        shutil.copytree(EXAMPLES / name, self.root, ignore=IGNORED)
        self.git("init", "--quiet")
        self.commit()

    def override(self, env: str, **settings: str) -> None:
        """Write env/ENV.local.env, which is not committed."""
        own = self.settings.setdefault(env, {})
        own |= settings
        (self.root / "env" / f"{env}.local.env").write_text("".join(f"{key}={value}\n" for key, value in own.items()))

    def change(self, path: str, text: str) -> None:
        """Append a line to a file, and commit it."""
        with (self.root / path).open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")
        self.commit()

    def commit(self) -> None:
        """Commit everything."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message=change")

    def git(self, *words: str) -> None:
        """Run git there, as somebody."""
        who = ("-c", "user.name=Tester", "-c", "user.email=tester@example.com")
        subprocess.run(["git", *who, *words], cwd=self.root, check=True)


@pytest.fixture(scope="session")
def aws_cli(tmp_path_factory: pytest.TempPathFactory) -> AwsCli:
    """The AWS CLI."""
    return install(tmp_path_factory.mktemp("awscli"))


@pytest.fixture
def images(engine: docker.DockerClient, repository: str) -> Iterator[str]:
    """A repository whose images leave the engine again."""
    yield repository
    for image in engine.images.list(repository):
        engine.images.remove(str(image.id), force=True)


@pytest.fixture
def started(engine: docker.DockerClient) -> Iterator[list[Container]]:
    """Containers that a test starts by hand, and that go with it."""
    containers: list[Container] = []
    yield containers
    for container in containers:
        container.remove(force=True, v=True)
