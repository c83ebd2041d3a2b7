"""The engine, its disk or the edge gives up in the middle of a release: what is said, and how it goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import Any

import docker
import httpx
import pytest

from tasks.target.docker import engine as engines
from tasks.target.docker import health
from tasks.target.docker.edge import Edge
from tasks.target.docker.fleet import Fleet
from tasks.target.docker.service import Service as Serving
from tests.another import Another, beside
from tests.conftest import Inv, Result
from tests.service import Service, clean

MOMENTS = {  # just before
    "the start": (Fleet, "launch"),
    "the first probe": (health, "probe"),
    "the shift": (Edge, "change"),
    "the drain": (Serving, "drain"),
}
FULL = "The disk of the engine is full: free some with"
AWAY = "The Docker engine stopped answering: see that it runs"


@pytest.fixture(scope="module")
def second(engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Another]:
    with beside(tmp_path_factory.mktemp("engine")) as made:
        yield made


@pytest.fixture(scope="module")
def small(engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Another]:
    with beside(tmp_path_factory.mktemp("small"), size="1g") as made:
        yield made


@contextmanager
def released(another: Another, api: Service, inv: Inv, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The service's first release serves on another engine; all that it leaves is taken away."""
    monkeypatch.setenv("DOCKER_CONFIG", str(api.root.parent / "config"))
    made = ["docker", "context", "create", "another", "--docker", f"host={another.address}"]
    subprocess.run(made, check=True, capture_output=True)
    api.set(DOCKER_CONTEXT="another")
    ended(inv("release --env=local"), 0)
    api.set(ENV_VERSION="two")
    try:
        yield
    finally:
        if not another.answers():
            another.start()
        client = docker.DockerClient(another.address)
        clean(client, api.service)
        client.close()


@pytest.fixture
def elsewhere(second: Another, api: Service, inv: Inv, monkeypatch: pytest.MonkeyPatch) -> Iterator[Another]:
    """An engine that the next release, of version two, may lose."""
    with released(second, api, inv, monkeypatch):
        yield second


@pytest.fixture
def cramped(small: Another, api: Service, inv: Inv, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file that may fill the disk of the engine that the next release, of version two, is for."""
    ballast = small.storage / "ballast"
    with released(small, api, inv, monkeypatch):
        yield ballast
        ballast.unlink(missing_ok=True)


def once(monkeypatch: pytest.MonkeyPatch, moment: str, happens: Callable[[], object]) -> None:
    """Let something happen just before the first use of a method or function."""
    owner, name = MOMENTS[moment]
    method = getattr(owner, name)
    left = [happens]

    @wraps(method)
    def replaced(*args: Any, **kwargs: Any) -> Any:
        if left:
            left.pop()()
        return method(*args, **kwargs)

    monkeypatch.setattr(owner, name, replaced)


def fill(file: Path, left: int = 0) -> None:
    """Grow a file until so many bytes are left on its file system."""
    with file.open("ab", buffering=0) as full, suppress(OSError):
        for piece in (1 << 20, 4096):
            while not left or shutil.disk_usage(file.parent).free >= left + piece:
                full.write(bytes(piece))


def ended(result: Result, code: int) -> str:
    """What a use of the command line said, once its exit code is right and it had no traceback."""
    assert result.code == code, result.err
    assert "Traceback (" not in result.err
    return result.err


def version(api: Service) -> str:
    """Which one serves; where the engine has just come up, in a moment."""
    deadline = time.monotonic() + 20
    while True:
        try:
            return str(api.get("/revision")["version"])
        except (httpx.HTTPError, ValueError):
            assert time.monotonic() < deadline
            time.sleep(0.1)


def settled(api: Service, inv: Inv) -> None:
    """The same command again brings version two up, and leaves nothing behind."""
    ended(inv("release --env=local"), 0)
    assert version(api) == "two"
    status = inv("status --env=local --json").document
    assert [(each["revision"], each["percent"]) for each in status["traffic"]] == [(status["revision"], 100)]
    assert [(each["revision"], each["state"]) for each in status["instances"]] == [(status["revision"], "running")]
    assert inv("lock --env=local --json").document.get("by") is None
    ended(inv("verify --env=local"), 0)


@pytest.mark.parametrize(
    ("moment", "code", "serves"),
    [("the start", 4, "1"), ("the first probe", 4, "1"), ("the shift", 4, "1"), ("the drain", 0, "two")],
)
def test_an_engine_that_is_killed_and_comes_back(
    elsewhere: Another, api: Service, inv: Inv, monkeypatch: pytest.MonkeyPatch, moment: str, code: int, serves: str
) -> None:
    """It is waited for: what was begun is undone, what was verified is finished."""

    with ThreadPoolExecutor(1) as meanwhile:

        def killed() -> None:
            elsewhere.kill()
            meanwhile.submit(elsewhere.start)

        once(monkeypatch, moment, killed)
        said = ended(inv("release --env=local"), code)
    assert "Waiting for the Docker engine" in said
    assert version(api) == serves
    if code:
        assert AWAY in said
    if moment not in ("the start", "the drain"):
        assert f"It was undone; {api.service}-00001" in said
    settled(api, inv)


def test_an_engine_that_is_stopped_and_comes_back(
    elsewhere: Another, api: Service, inv: Inv, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its containers have all ended and begun again meanwhile, except the new one."""

    def restarted() -> None:
        elsewhere.stop()
        elsewhere.start()

    once(monkeypatch, "the first probe", restarted)
    said = ended(inv("release --env=local"), 4)
    assert " exited with code " in said
    assert f"It was undone; {api.service}-00001" in said
    assert version(api) == "1"
    settled(api, inv)


@pytest.mark.parametrize(("moment", "serves"), [("the shift", "1"), ("the drain", "two")])
def test_an_engine_that_stays_away(
    elsewhere: Another, api: Service, inv: Inv, monkeypatch: pytest.MonkeyPatch, moment: str, serves: str
) -> None:
    monkeypatch.setattr(engines, "BACK", 0.5)
    once(monkeypatch, moment, elsewhere.kill)
    said = ended(inv("release --env=local"), 4)
    assert AWAY in said
    if serves == "1":
        assert "-00002-" in said
        assert "could NOT be undone, as the engine stayed away" in said
    else:
        assert "serves and is verified, but what runs now could not be read" in said
    again = ended(inv("status --env=local"), 1)
    assert "No Docker engine answers at tcp://127.0.0.1:" in again
    elsewhere.start()
    assert version(api) == serves
    settled(api, inv)


def test_a_disk_that_is_full_changes_nothing(cramped: Path, api: Service, inv: Inv) -> None:
    fill(cramped)
    assert FULL in ended(inv("release --env=local"), 1)
    assert version(api) == "1"
    ended(inv("status --env=local"), 0)
    cramped.unlink()
    settled(api, inv)


def test_a_disk_that_gets_full_while_an_image_is_pulled(cramped: Path, api: Service, inv: Inv) -> None:
    fill(cramped, left=30 << 20)
    (api.root / "large").write_bytes(os.urandom(60 << 20))
    with (api.root / "Dockerfile").open("a", encoding="utf-8") as recipe:
        recipe.write("COPY large /large\n")
    api.commit()
    assert FULL in ended(inv("release --env=local"), 1)
    assert version(api) == "1"
    cramped.unlink()
    settled(api, inv)


@pytest.mark.parametrize(
    ("moment", "code", "serves"),
    [("the start", 4, "1"), ("the first probe", 4, "1"), ("the shift", 0, "two"), ("the drain", 0, "two")],
)
def test_a_disk_that_gets_full_in_the_middle(
    cramped: Path,
    small: Another,
    api: Service,
    inv: Inv,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
    code: int,
    serves: str,
) -> None:
    """What only has to be stopped waits for the same command; the edge comes back with what it had."""
    once(monkeypatch, moment, lambda: fill(cramped))
    said = ended(inv("release --env=local"), code)
    assert FULL in said
    if code == 0:
        assert "serves, but what served before could not be stopped" in said
    assert version(api) == serves
    client = docker.DockerClient(small.address)
    client.containers.get(f"{api.service}-edge").restart(timeout=0)
    client.close()
    assert version(api) == serves
    cramped.unlink()
    settled(api, inv)


def test_a_container_that_finds_the_disk_full(cramped: Path, api: Service, inv: Inv) -> None:
    fill(cramped)
    assert api.get("/write?path=/file&bytes=9999999") == {"error": "No space left on device"}
    assert api.get("/health") == {"status": "healthy"}
    cramped.unlink()
    settled(api, inv)


def test_a_container_that_dies_after_it_was_verified(api: Service, inv: Inv) -> None:
    released = inv("release --env=local --json").document["revision"]
    with suppress(httpx.HTTPError, ValueError):
        api.get("/exit?code=9")
    assert version(api) == "1", "the engine starts it again"
    restarted = "restarted 1 time: exited with code 9"
    assert f"{released} running ({restarted})" in inv("status --env=local").out
    assert f"OK         instances: 1 running, {released} {restarted}" in ended(inv("verify --env=local"), 0)

    with suppress(httpx.HTTPError, ValueError):
        api.get("/exit?code=7&for=good")
    said = ended(inv("verify --env=local"), 3)
    assert "is not as it should be: " in said
    (instance,) = inv("status --env=local --json").document["instances"]
    assert instance["detail"].startswith("restarted ")
    assert instance["detail"].endswith(": exited with code 7") or " exited with code 7 after " in instance["detail"]
    api.set(ENV_VERSION="two")
    settled(api, inv)


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_edge_that_is_killed_is_started_and_the_release_goes_on(
    api: Service, inv: Inv, engine: docker.DockerClient, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    ended(inv("release --env=local"), 0)
    api.set(ENV_VERSION="two")
    once(monkeypatch, moment, engine.containers.get(f"{api.service}-edge").kill)
    said = ended(inv("release --env=local"), 0)
    assert f"The edge {api.service}-edge does not run any more; starting it." in said
    settled(api, inv)


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_edge_that_is_removed_is_made_anew(
    api: Service, inv: Inv, engine: docker.DockerClient, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    ended(inv("release --env=local"), 0)
    api.set(ENV_VERSION="two")
    edge = engine.containers.get(f"{api.service}-edge")
    once(monkeypatch, moment, lambda: edge.remove(force=True))
    said = ended(inv("release --env=local"), 4)
    assert f"The container {edge.name} was removed by somebody else meanwhile: type the same again." in said
    if moment == "the drain":
        assert "has no traffic any more: inv status" in said
    else:
        assert "It was undone;" in said
        assert version(api) == "1"
    settled(api, inv)
