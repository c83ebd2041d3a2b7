"""The examples, each copied into a repository of its own."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker
import httpx
import pytest
from docker.models.containers import Container

from tests.awscli import AwsCli, install
from tests.conftest import Dockyard, Result
from tests.examples.rhesis import services, services_image
from tests.recipes.projects import bundle
from tests.service import clean, free_port

if TYPE_CHECKING:
    from tests.examples.cloudrun import CloudRun

__all__ = ["services", "services_image"]

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
        """Write env/ENV.local.env, which is not committed: what builds need on this machine, and these settings."""
        own = self.settings.setdefault(env, self.machine(env))
        own |= settings
        (self.root / "env" / f"{env}.local.env").write_text("".join(f"{key}={value}\n" for key, value in own.items()))

    def machine(self, env: str) -> dict[str, str]:
        """What builds need on this machine: nothing that a build configuration would refuse, whose worker has it."""
        if "BUILD_CONFIG=" in (self.root / "env" / f"{env}.env").read_text(encoding="utf-8"):
            return {}
        return {"BUILD_NETWORK": "host", "BUILD_CA": str(bundle(self.root.with_suffix(".pem")))}

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

    def read(self, *words: str) -> str:
        """What git says there."""
        return subprocess.run(["git", *words], cwd=self.root, check=True, capture_output=True, text=True).stdout.strip()


@dataclass
class Local:
    """An example released to this machine's engine: its repository, the environment, and where it answers."""

    example: Example
    env: str
    url: str
    dockyard: Dockyard

    def inv(self, line: str, code: int = 0) -> Result:
        """A verb in that environment, which must end with this code."""
        ran = self.dockyard(f"{line} --env={self.env} --json", self.example.root)
        assert ran.code == code, f"inv {line} ended with {ran.code}: {ran.out}{ran.err}"
        return ran

    def ask(self, method: str, path: str, **given: Any) -> httpx.Response:
        """What its users get."""
        return httpx.request(method, f"{self.url}{path}", trust_env=False, **given)

    def goes_on(self, source: str) -> dict[str, Any]:
        """What follows a first release: its log; another version without traffic, with a share, and all of it; back.

        Gives the document of that version's deploy.
        """
        first = self.inv("verify").document
        assert self.inv("logs").out
        self.example.change(source, "# another version")
        for verb in ("build", "push", "pin", "deploy --no-traffic --traffic-tag=staging"):
            second = self.inv(verb).document
        assert second["digest"] != first["digest"]
        assert self.served() == {first["revision"]: 100}
        self.inv("traffic.split --to=staging --percent=20")
        assert self.served() == {first["revision"]: 80, second["revision"]: 20}
        self.inv("traffic.migrate --to=staging")
        assert self.served() == {second["revision"]: 100}
        assert self.inv("verify").document["digest"] == second["digest"]
        assert self.inv("rollback").document["digest"] == first["digest"]
        assert self.served() == {first["revision"]: 100}
        return second

    def served(self) -> dict[str, int]:
        """The percentages of the traffic, by revision."""
        traffic = self.inv("traffic.show").document["traffic"]
        return {each["revision"]: each["percent"] for each in traffic if each["percent"]}

    def refusal(self, path: str, size: int) -> int:
        """The status for a body of that many bytes, of which none is sent: it is refused by its length."""
        with closing(HTTPConnection(self.url.removeprefix("http://"), timeout=20)) as asked:
            asked.request("POST", path, headers={"Content-Length": str(size)})
            return asked.getresponse().status


@pytest.fixture
def local(
    tmp_path: Path, dockyard: Dockyard, engine: docker.DockerClient, images: str, service: str
) -> Iterator[Callable[[str, str], Local]]:
    """Copy an example, and name the environment of it that this machine's engine runs: `local("rec2pdf", "local")`."""

    def made(name: str, env: str) -> Local:
        example = Example(tmp_path / name)
        example.write(name)
        url = f"http://127.0.0.1:{free_port()}"
        example.override(env, SERVICE=service, IMAGE=images, URL=url)
        return Local(example, env, url, dockyard)

    yield made
    clean(engine, service)


@pytest.fixture(autouse=True)
def nobody_else_says_how_to_build(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what the examples take from the process: a CI system may have set it for its own builds."""
    for key in ("BUILDER", "BUILD_NUMBER"):
        monkeypatch.delenv(key, raising=False)


@pytest.fixture
def transport() -> str:
    """How Google's clients reach the fake, `rest` or `grpc`: parametrize it to have a test over both."""
    return "rest"


@pytest.fixture
def cloudrun(
    tmp_path: Path,
    dockyard: Dockyard,
    engine: docker.DockerClient,
    registry: str,
    monkeypatch: pytest.MonkeyPatch,
    transport: str,
) -> Iterator[Callable[..., CloudRun]]:
    """Copy an example whose environments run in a project on the Google fake.

    `cloudrun("rec2pdf", "rec2pdf-backend", "rec2pdf/europe-west3", "rec2pdf-repo", "prod")`: example, service, project
    and region, repository of Artifact Registry (one on loopback takes its place), environments.
    """
    from tests.examples.cloudrun import CloudRun, project, repository

    with ExitStack() as undo:

        def made(name: str, service: str, place: str, repo: str, *envs: str, source: str = "server.py") -> CloudRun:
            owner, _, region = place.partition("/")
            example = Example(tmp_path / name)
            example.write(name)
            image = undo.enter_context(repository(engine, f"{registry}/{owner}/{repo}"))
            cloud = undo.enter_context(project(owner, region, monkeypatch, transport))
            for env in envs:
                example.override(env, IMAGE=image)
            return CloudRun(example, service, cloud, dockyard, image, source)

        yield made


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
