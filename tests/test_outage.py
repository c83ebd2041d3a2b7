"""The engine or the edge gives up in the middle of a release: what is said, and how it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import docker
import httpx
import pytest

from tasks.target.docker import engine as engines
from tests.another import Another, beside
from tests.conftest import Inv
from tests.outage import MOMENTS, ended, once, released, settled, version
from tests.service import Service

AWAY = "The Docker engine stopped answering: see that it runs"


@pytest.fixture(scope="module")
def second(engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Another]:
    with beside(tmp_path_factory.mktemp("engine")) as made:
        yield made


@pytest.fixture
def elsewhere(second: Another, api: Service, inv: Inv, monkeypatch: pytest.MonkeyPatch) -> Iterator[Another]:
    """An engine that the next release, of version two, may lose."""
    with released(second, api, inv, monkeypatch):
        yield second


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
