from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from tasks import bases, dockerd, embedded, loopback
from tasks.target.docker.engine import Engine, connect

from .conftest import Dockyard, Project

FOLDER = Path("/state/dockyard")
EMPTY = b"\0" * 10240  # a tar archive of nothing
OTHER = "unix:///run/other.sock"
LOCAL = "TARGET=docker\nSERVICE=api\nIMAGE={image}\n"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of this test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "dockyard"


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: Path) -> Iterator[str]:
    """The socket of a second engine, which is stopped afterwards."""
    address = f"unix://{tmp_path}/engine.sock"
    monkeypatch.setenv("DOCKER_HOST", address)
    yield address
    dockerd.stop(embedded.here(address))


def test_what_is_there_is_used(dockyard: Dockyard, project: Project, registry: str) -> None:
    root = project(local=LOCAL.format(image=f"{registry}/api"))
    started = time.monotonic()
    up = dockyard("local.up --env=local --json", root)
    assert (up.code, up.document["changed"]) == (0, False)
    assert [part["name"] for part in up.document["parts"]] == ["engine", "debian:bookworm-slim", f"registry {registry}"]
    assert {part["did"] for part in up.document["parts"]} == {""}
    assert time.monotonic() - started < 2


def test_a_base_image_that_the_recipe_names_is_seen_to(dockyard: Dockyard, project: Project, registry: str) -> None:
    root = project(local=LOCAL.format(image=f"{registry}/api"))
    (root / "Dockerfile").write_text("ARG BASE=python:3.11-slim-bookworm\nFROM ${BASE}\n")
    up = dockyard("local.up --env=local --json", root)
    assert "python:3.11-slim-bookworm" in [part["name"] for part in up.document["parts"]]


def test_the_registry_comes_up_keeps_its_data_and_is_stopped(
    dockyard: Dockyard, project: Project, engine: Engine, port: int, state: Path
) -> None:
    root = project(local=LOCAL.format(image=f"127.0.0.1:{port}/api"))
    name, kept = f"dockyard-registry-{port}", f"127.0.0.1:{port}/kept"
    try:
        assert {"name": f"registry 127.0.0.1:{port}", "there": False} in dockyard(
            "local --env=local --json", root
        ).document["parts"]
        dry = dockyard("--dry local.up --env=local", root)
        assert f"registry 127.0.0.1:{port}: would be started" in dry.err
        assert not loopback.answers(f"127.0.0.1:{port}")
        assert not state.exists()
        assert dockyard("local.up --env=local --json", root).document["changed"] is True
        assert engine.containers.get(name).attrs["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"
        engine.api.import_image_from_data(EMPTY, repository=kept, tag="1")
        image = engine.images.get(f"{kept}:1")
        engine.images.push(kept, tag="1")
        engine.images.remove(f"{kept}:1")
        down = dockyard("local.down --env=local --json", root)
        assert down.document["parts"] == [{"name": f"registry 127.0.0.1:{port}", "did": "stopped"}]
        assert "Left as it is: the engine" in down.err
        assert not loopback.answers(f"127.0.0.1:{port}")
        up = dockyard("local.up --env=local --json", root)
        assert (up.code, up.document.get("changed")) == (0, True), up.err
        assert engine.images.pull(kept, tag="1").id == image.id
        engine.images.remove(f"{kept}:1")
    finally:
        engine.containers.get(name).remove(force=True)
        engine.volumes.get(name).remove()


def test_an_engine_comes_up_beside_another_and_goes_down_again(
    dockyard: Dockyard, project: Project, engine: Engine, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def provide(client: docker.DockerClient, name: str, **how: object) -> str:
        repository, _, tag = name.partition(":")
        client.api.import_image_from_data(EMPTY, repository=repository, tag=tag)
        return "pulled"

    monkeypatch.setattr(bases, "provide", provide)  # an empty image: the real one takes 30 s to make
    monkeypatch.setenv("TOKEN", "secret")
    root = project(local=LOCAL.format(image="registry.example.com/api"))
    assert "engine: would be started" in dockyard("--dry local.up --env=local", root).err
    up = dockyard("local.up --env=local --json", root)
    assert [part["did"] for part in up.document["parts"]] == ["started", "pulled"]
    place = embedded.here(address)
    pid = dockerd.started(place)
    assert os.getsid(pid) == pid
    assert [str(Path(f"/proc/{pid}/fd/{number}").readlink()) for number in range(3)] == [
        *("/dev/null", str(place.log), str(place.log))
    ]
    assert b"TOKEN" not in Path(f"/proc/{pid}/environ").read_bytes()
    assert dockyard("local.up --env=local --json", root).document["changed"] is False

    second = connect()
    second.containers.create("debian:bookworm-slim", ["x"], name="api-web", labels={"dockyard.service": "api"})
    second.networks.create("dockyard-api", labels={"dockyard.service": "api"})
    second.volumes.create("dockyard-api-edge", labels={"dockyard.service": "api"})
    second.volumes.create("somebody-elses")
    dry = dockyard("--dry local.down --purge --env=local", root)
    assert "container api-web: would be removed" in dry.err
    assert [each.name for each in second.containers.list(all=True)] == ["api-web"]
    removed = [part.name for part in embedded.purged(second, dry=False)]
    assert removed == ["container api-web", "network dockyard-api", "volume dockyard-api-edge"]
    assert [each.name for each in second.volumes.list()] == ["somebody-elses"]
    second.close()

    down = dockyard("local.down --purge --env=local --json", root)
    assert down.document["parts"] == [{"name": "engine", "did": "stopped"}]
    assert dockerd.started(place) == 0
    assert not Path(f"/sys/class/net/{place.bridge}").exists()
    again = dockyard("local.down --env=local --json", root)
    assert (again.document["changed"], again.err) == (False, f"No Docker engine answers at {address}.\n")
    assert engine.ping()


def test_an_engine_that_does_not_come_up_is_told_with_the_last_line_of_its_log(
    dockyard: Dockyard, project: Project, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "bin" / "dockerd"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\necho failed to start daemon: no cgroups >&2\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(dockerd, "ANOTHER_WITHIN", 0.1)
    up = dockyard("local.up --env=local --json", project(local=LOCAL.format(image="registry.example.com/api")))
    assert up.code == 1
    assert "failed to start daemon: no cgroups" in up.document["error"]


def test_an_engine_elsewhere_is_not_brought_up(
    dockyard: Dockyard, project: Project, port: int, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{port}")
    up = dockyard("local.up --env=local", project(local=LOCAL.format(image="registry.example.com/api")))
    assert up.code == 1
    assert f"No Docker engine answers at tcp://127.0.0.1:{port}" in up.err
    assert "Traceback" not in up.err
