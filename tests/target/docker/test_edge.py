"""The edge's image: nobody runs it, its root is read-only, it ends without losing a request, and says how it is."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import docker
import httpx
import pytest
from docker.models.containers import Container

from tasks.bases import DEBIAN
from tasks.target import Rollout
from tasks.target.docker import names

from .conftest import Bench, until

EDGE = "/var/lib/dockyard"


@pytest.fixture
def edge(engine: docker.DockerClient, serving: tuple[Bench, Rollout]) -> Iterator[Container]:
    """The edge of a service that serves; it runs again at the end."""
    container = engine.containers.get(names.edge(serving[0].service))
    yield container
    container.reload()
    if container.status != "running":
        container.start()
        until(lambda: healthy(container))


def healthy(container: Container) -> bool:
    """What the image's HEALTHCHECK says now."""
    image: Any = container.image
    return bool(container.exec_run(image.attrs["Config"]["Healthcheck"]["Test"][1:]).exit_code == 0)


def said(container: Container, *argv: str) -> str:
    found: Any = container.exec_run(list(argv))
    return str(found.output.decode())


def test_it_runs_as_nobody_without_capabilities_on_a_root_that_nobody_writes(edge: Container) -> None:
    status = dict(line.split(":\t", 1) for line in said(edge, "cat", "/proc/1/status").splitlines())
    assert status["Uid"].split() == ["1000"] * 4
    assert status["Gid"].split() == ["1000"] * 4
    assert (int(status["CapBnd"], 16), status["NoNewPrivs"]) == (0, "1")
    assert "Read-only file system" in said(edge, "touch", "/tmp/new")
    assert said(edge, "touch", f"{EDGE}/new", "/run/haproxy/new") == ""
    assert said(edge, "rm", f"{EDGE}/new", "/run/haproxy/new") == ""


def test_it_says_what_it_is_made_from_and_how_it_starts_and_ends(edge: Container, engine: docker.DockerClient) -> None:
    image: Any = edge.image
    assert image.attrs["Size"] - engine.images.get(DEBIAN).attrs["Size"] < 60_000_000
    config = image.attrs["Config"]
    assert config["Labels"] == {
        "org.opencontainers.image.title": "Dockyard's edge: HAProxy",
        "org.opencontainers.image.base.name": DEBIAN,
    }
    assert (config["User"], config["StopSignal"]) == ("1000:1000", "SIGUSR1")
    assert config["Entrypoint"] + config["Cmd"] == ["haproxy", "-W", "-db", "-f", f"{EDGE}/haproxy.cfg"]
    assert image.attrs["Architecture"] == "amd64"


def test_it_ends_when_the_request_under_way_has_been_answered(serving: tuple[Bench, Rollout], edge: Container) -> None:
    answers: list[httpx.Response] = []
    asking = threading.Thread(target=lambda: answers.append(serving[0].ask("/?sleep=2")))
    asking.start()
    until(lambda: "scur=1" in busy(edge))
    edge.stop(timeout=9)
    asking.join()
    assert [(each.status_code, each.json()) for each in answers] == [(200, {"hello": "world"})]
    edge.reload()
    assert edge.attrs["State"]["ExitCode"] == 0, edge.logs()


def busy(edge: Container) -> str:
    """How many requests are with the shared backend: `scur=1`."""
    asked = (
        "socket S,1,1,0; connect S,pack 'S Z108',1,'/run/haproxy/admin.sock'; syswrite S,qq(show stat\\n); print <S>"
    )
    lines = [line.split(",") for line in said(edge, "perl", "-e", asked).splitlines()]
    return next((f"scur={each[4]}" for each in lines if each[:2] == ["shared", "BACKEND"]), "")


def test_its_healthcheck_asks_haproxy_itself(edge: Container) -> None:
    assert healthy(edge)
    worker = said(edge, "perl", "-e", "print `cat /proc/1/task/1/children`").split()
    assert worker
    try:
        assert said(edge, "perl", "-e", "kill STOP => @ARGV", *worker) == ""
        assert not healthy(edge), "HAProxy does not answer"
    finally:
        said(edge, "perl", "-e", "kill CONT => @ARGV", *worker)
    assert healthy(edge)


def test_a_volume_that_an_older_image_owns_is_used_on(bench: Bench, engine: docker.DockerClient, port: int) -> None:
    bench.deploy("1")
    volume = {names.edge_volume(bench.service): {"bind": EDGE, "mode": "rw"}}
    engine.containers.run(DEBIAN, ["chown", "-R", "100:102", EDGE], volumes=volume, remove=True)
    bench.port = port
    _, second = bench.deploy("2", URL=f"http://127.0.0.1:{port}")  # which makes another edge, of this image
    assert bench.revision() == second.revision
    engine.containers.get(names.edge(bench.service)).restart(timeout=0)
    until(lambda: healthy(engine.containers.get(names.edge(bench.service))))
    assert bench.revision() == second.revision, "the files say so too"
