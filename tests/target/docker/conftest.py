"""A service on the real engine, deployed through the target's own methods, as the verbs deploy it."""

from __future__ import annotations

import base64
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import docker
import httpx
import pytest
from docker.errors import NotFound

from tasks import environment
from tasks.target import CheckResult, Release, Rollout, Traffic, proof
from tasks.target.docker import health
from tasks.target.docker.lock import Lock
from tasks.target.docker.target import DockerTarget
from tests.service import APPLICATION, clean, free_port

OK = (CheckResult("health", ok=True, detail="GET /health answered 200"),)


@dataclass(frozen=True)
class Application:
    """The tests' application in the registry: its repository, and a digest for each version."""

    repository: str
    digests: Mapping[str, str]

    def release(self, version: str = "1", note: str = "") -> Release:
        return Release(
            self.repository,
            self.digests[version],
            f"v{version}",
            "4be1c0ffee",
            "ann@host",
            "2026-11-21T22:24:27Z",
            note,
        )


@pytest.fixture(scope="session")
def application(engine: docker.DockerClient, registry: str) -> Iterator[Application]:
    """Two versions of the application, built and pushed."""
    repository = f"{registry}/test/{uuid.uuid4().hex[:12]}"

    def publish(version: str) -> str:
        image, _ = engine.images.build(
            path=str(APPLICATION), buildargs={"VERSION": version}, tag=f"{repository}:v{version}", rm=True
        )
        for step in engine.images.push(repository, tag=f"v{version}", stream=True, decode=True):
            assert "error" not in step, step
        image.reload()
        names: list[str] = image.attrs["RepoDigests"]
        return next(each.partition("@")[2] for each in names if each.startswith(repository))

    with ThreadPoolExecutor(2) as side_by_side:
        digests = dict(zip("12", side_by_side.map(publish, "12"), strict=True))
    yield Application(repository, digests)
    for version, digest in digests.items():
        for name in (f"{repository}:v{version}", f"{repository}@{digest}"):
            with suppress(NotFound):
                engine.images.remove(name)


def until(holds: Callable[[], object]) -> None:
    """Wait for the engine, or another process, 60 s at most."""
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@dataclass
class Bench:
    """One service under test: its settings, and how it is reached."""

    root: Path
    service: str
    application: Application
    port: int
    settings: dict[str, str] = field(default_factory=dict)

    def target(self, **settings: str) -> DockerTarget:
        """The target, after these settings were written over those before; "" takes one away."""
        self.settings |= settings
        lines = [f"{key}={value}\n" for key, value in self.settings.items() if value or key.startswith("ENV_")]
        (self.root / "env").mkdir(exist_ok=True)
        (self.root / "env" / "local.env").write_bytes("".join(lines).encode())
        return DockerTarget(environment.load(self.root, "local"))

    def start(self, version: str = "1", **settings: str) -> tuple[DockerTarget, Rollout]:
        """Bring a revision up, healthy, at 0 %."""
        target = self.target(**settings)
        rollout = target.apply(target.plan(self.application.release(version), force=True))
        target.wait(rollout)
        return target, rollout

    def deploy(self, version: str = "1", **settings: str) -> tuple[DockerTarget, Rollout]:
        """The whole way of a deploy that goes well."""
        target, rollout = self.start(version, **settings)
        target.shift([Traffic(rollout.revision, 100)])
        target.verified(rollout.revision, OK)
        target.retire(rollout)
        return target, rollout

    def fail(self, version: str = "1", **settings: str) -> tuple[DockerTarget, Rollout]:
        """A revision brought up that is not expected to get healthy: not waited for."""
        target = self.target(**settings)
        return target, target.apply(target.plan(self.application.release(version), force=True))

    def ask(self, path: str, *, tag: str = "", **request: Any) -> httpx.Response:
        """A request as the service's users send it; `tag` is the host's first label."""
        host = f"{tag}.localhost" if tag else "127.0.0.1"
        headers = {"Host": f"{host}:{self.port}", **request.pop("headers", {})}
        return httpx.request(
            request.pop("method", "GET"), f"http://127.0.0.1:{self.port}{path}", headers=headers, timeout=30, **request
        )

    def revision(self, tag: str = "") -> str:
        """The container that answers."""
        return str(self.ask("/revision", tag=tag).json()["hostname"])

    def shares(self, requests: int = 100) -> dict[str, int]:
        """How many of so many requests each container answered."""
        answered: dict[str, int] = {}
        with httpx.Client(base_url=f"http://127.0.0.1:{self.port}") as client:
            for _ in range(requests):
                name = client.get("/revision").json()["hostname"]
                answered[name] = answered.get(name, 0) + 1
        return answered

    def variables(self) -> dict[bytes, bytes]:
        """The environment that a container of the service really has."""
        found: dict[str, str] = self.ask("/env").json()
        return {base64.b64decode(name): base64.b64decode(value) for name, value in found.items()}


@contextmanager
def benched(root: Path, engine: docker.DockerClient, application: Application, service: str) -> Iterator[Bench]:
    """A service under test; all that it leaves is taken away."""
    port = free_port()
    settings = {
        "TARGET": "docker",
        "SERVICE": service,
        "IMAGE": application.repository,
        "URL": f"http://127.0.0.1:{port}",
        "HEALTH_PATH": "/health",
        "HEALTH_TIMEOUT": "20s",
        "DRAIN_TIMEOUT": "2s",
        "BUILD_NETWORK": "host",
    }
    try:
        yield Bench(root, service, application, port, settings)
    finally:
        mine: dict[str, str | list[str] | bool] = {"label": f"dockyard.service={service}"}
        with ThreadPoolExecutor(8) as side_by_side:
            for container in engine.containers.list(all=True, filters=mine, ignore_removed=True):
                side_by_side.submit(container.remove, force=True, v=True)
        clean(engine, service)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that run for a moment count as steady, where it is not this that is tested."""
    monkeypatch.setattr(health, "STEADY", 0.2)


@pytest.fixture
def bench(tmp_path: Path, engine: docker.DockerClient, application: Application, service: str) -> Iterator[Bench]:
    """A service of this test's own."""
    with benched(tmp_path, engine, application, service) as made:
        yield made


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory, engine: docker.DockerClient, application: Application
) -> Iterator[tuple[Bench, Rollout]]:
    """A service that the tests of a module share, with a revision that serves."""
    root = tmp_path_factory.mktemp("shared")
    with benched(root, engine, application, f"t{uuid.uuid4().hex[:8]}") as made:
        yield made, made.deploy("1")[1]


@pytest.fixture
def serving(shared: tuple[Bench, Rollout]) -> Iterator[tuple[Bench, Rollout]]:
    """That service with its first settings; at the end that revision must still serve, alone."""
    made, first = shared
    yield replace(made, settings=dict(made.settings)), first
    assert made.target().current().traffic == (Traffic(first.revision, 100),)
    assert made.revision() == first.revision


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: docker.DockerClient) -> Path:
    """Where this test's own locks have their token files."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return proof.folder()


@pytest.fixture
def own(engine: docker.DockerClient, service: str, files: Path) -> Iterator[Callable[[], Lock]]:
    """The lock of this test's own service, as one release after the other sees it."""
    yield lambda: Lock(engine, service, "local")
    clean(engine, service)
