"""Deploys that go wrong: what is said, and what serves afterwards."""

from __future__ import annotations

import signal
import socket
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.errors import NotFound

from tasks.errors import DeployFailed, DockyardError, SettingError
from tasks.target import LogQuery, Release, Rollout
from tasks.target.docker import network
from tasks.target.docker.edge import Edge
from tasks.target.docker.fleet import Fleet
from tests.target.docker.conftest import Bench


def everything(engine: docker.DockerClient, service: str) -> list[str]:
    """Everything that a service has on the engine: containers, volumes, network."""
    mine: dict[str, str | list[str] | bool] = {"label": f"dockyard.service={service}"}
    return sorted(
        [
            *(str(each.name) for each in engine.containers.list(all=True, filters=mine)),
            *(str(each.name) for each in engine.volumes.list(filters=mine)),
            *(str(each.name) for each in engine.networks.list(filters=mine)),
        ]
    )


@pytest.mark.parametrize(
    ("settings", "said", "last"),
    [
        ({"ENV_CRASH": "3", "ENV_LOG": "hello"}, r" exited with code 3 after \d\.\d s\.", "the database is not there"),
        (
            {"ENV_STATUS": "500", "HEALTH_TIMEOUT": "600ms"},
            r" within 0.6 s: GET /health answered 500\.",
            "listens on 8080",
        ),
        (
            {"ENV_HANG": "1", "HEALTH_TIMEOUT": "600ms"},
            r" within 0.6 s: GET /health did not answer within",
            "listens on 8080",
        ),
        ({"ENV_PORT": "9", "HEALTH_TIMEOUT": "600ms"}, r" GET /health refused the connection\.", "listens on 9"),
        ({"ENV_CRASH": "4", "HEALTH_PATH": ""}, r" exited with code 4", "the database is not there"),
        ({"PROCESS_WORKER": "python3 -c 'exit(5)'"}, r"-worker exited with code 5 .*\. It wrote nothing\.", ""),
        (
            {"PROCESS_WORKER": "nothing-like-this"},
            r"-worker exited with code 127.* \(the image has no such command",
            "nothing-",
        ),
        (
            {"MEMORY": "16Mi", "PROCESS_WORKER": "python3 -c 'x = bytearray(99999999)'"},
            r"-worker was killed for taking more memory than MEMORY=16Mi \(exit code 137\)",
            "",
        ),
    ],
    ids=[
        "crash",
        "answers 500",
        "never answers",
        "another port",
        "without health path",
        "worker",
        "no command",
        "memory",
    ],
)
def test_a_revision_that_does_not_get_healthy(
    serving: tuple[Bench, Rollout], settings: dict[str, str], said: str, last: str
) -> None:
    """What served goes on serving: the fixture looks."""
    bench, first = serving
    target, rollout = bench.fail(**settings)
    with pytest.raises(DeployFailed, match=said) as failed:
        target.wait(rollout)
    target.undo(rollout)
    assert str(failed.value.message).startswith(rollout.revision)
    assert last in str(failed.value.message)
    log = failed.value.document["log"]
    assert isinstance(log, list)
    assert last in "".join(log[-2:])
    assert {each.revision for each in target.current().instances} == {first.revision}


def test_a_failed_revision_can_be_looked_at_until_the_next_one(
    serving: tuple[Bench, Rollout], engine: docker.DockerClient
) -> None:
    bench, first = serving
    target, rollout = bench.fail("2", ENV_CRASH="3")
    with pytest.raises(DeployFailed):
        target.wait(rollout)
    target.undo(rollout)

    failed = engine.containers.get(rollout.revision)
    assert (failed.status, failed.attrs["State"]["ExitCode"]) == ("exited", 3)
    assert failed.attrs["HostConfig"]["RestartPolicy"]["Name"] in ("", "no")
    assert "the database is not there" in [line.text for line in target.logs(LogQuery(revision=rollout.revision))]
    target.retire(first)
    with pytest.raises(NotFound):
        engine.containers.get(rollout.revision)
    newest = target.history()[0]
    assert (newest.name, newest.startable) == (rollout.revision, False)


def test_a_first_deploy_that_fails_leaves_the_port_free(bench: Bench, engine: docker.DockerClient) -> None:
    target, rollout = bench.fail("1", ENV_CRASH="3")
    with pytest.raises(DeployFailed):
        target.wait(rollout)
    target.undo(rollout)
    with socket.create_server(("127.0.0.1", bench.port)):
        pass
    assert target.current().revision is None
    assert [each.startable for each in target.history()] == [True]


def test_a_port_in_use_changes_nothing(bench: Bench, engine: docker.DockerClient) -> None:
    target = bench.target()
    plan = target.plan(bench.application.release())
    with socket.create_server(("127.0.0.1", bench.port)):
        assert [each.what for each in target.missing()] == [f"port {bench.port} is in use on this machine"]
        with pytest.raises(
            DockyardError, match=rf"^Port {bench.port} of the engine's host is in use: .*URL"
        ) as refused:
            target.apply(plan)
    assert refused.value.exit_code == 1
    assert everything(engine, bench.service) == []
    assert target.missing() == []


def test_a_port_in_use_keeps_the_edge_where_it_was(bench: Bench) -> None:
    _, one = bench.deploy("1")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        target = bench.target(URL=f"http://127.0.0.1:{port}")
        with pytest.raises(DockyardError, match=f"^Port {port} "):
            target.apply(target.plan(bench.application.release("2")))
    assert bench.revision() == one.revision
    assert len(target.history()) == 1


def test_an_image_that_the_registry_does_not_have(serving: tuple[Bench, Rollout], engine: docker.DockerClient) -> None:
    bench, _ = serving
    before = everything(engine, bench.service)
    target = bench.target()
    gone = Release(bench.application.repository, "sha256:" + "0" * 64)
    with pytest.raises(DockyardError, match=r"^The registry has no .*@sha256:0+ any more"):
        target.apply(target.plan(gone))
    assert everything(engine, bench.service) == before


def test_a_container_name_that_somebody_else_has(bench: Bench, engine: docker.DockerClient) -> None:
    engine.containers.create("debian:bookworm-slim", ["true"], name=f"{bench.service}-edge")
    target = bench.target()
    try:
        with pytest.raises(DockyardError, match=rf"^A container called {bench.service}-edge is already there"):
            target.apply(target.plan(bench.application.release()))
    finally:
        engine.containers.get(f"{bench.service}-edge").remove()
    assert everything(engine, bench.service) == []


def test_what_is_wrong_with_the_settings_is_said_and_nothing_is_left(
    serving: tuple[Bench, Rollout], engine: docker.DockerClient
) -> None:
    bench, _ = serving
    before = everything(engine, bench.service)
    release = bench.application.release("2")
    target = bench.target(CPU="999")
    with pytest.raises(DeployFailed, match=r"^CPU asks for more than the engine's [\d.]+: set CPU to at most that\."):
        target.apply(target.plan(release))
    target = bench.target(CPU="", SECRET_TOKEN="file:not-there")
    with pytest.raises(SettingError, match="not-there"):
        target.apply(target.plan(release))
    assert everything(engine, bench.service) == before
    assert [each.what for each in target.missing()] == ["SECRET_TOKEN"]


@pytest.mark.parametrize(
    ("place", "step", "first"),
    [(network, "ensure", True), (Edge, "ensure", True), (Fleet, "launch", True), (Fleet, "launch", False)],
    ids=["network", "edge", "containers", "containers beside what serves"],
)
def test_an_interruption_removes_what_was_made(
    request: pytest.FixtureRequest,
    engine: docker.DockerClient,
    monkeypatch: pytest.MonkeyPatch,
    place: Any,
    step: str,
    first: bool,
) -> None:
    bench: Bench = request.getfixturevalue("bench") if first else request.getfixturevalue("serving")[0]
    before = everything(engine, bench.service)
    target = bench.target(REPLICAS="2", PROCESS_WORKER="sleep 60")
    plan = target.plan(bench.application.release("2"))
    do = getattr(place, step)

    def interrupted(*args: Any) -> Any:
        do(*args)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(place, step, interrupted)
    with pytest.raises(KeyboardInterrupt):
        target.apply(plan)
    assert everything(engine, bench.service) == before


def test_a_second_ctrl_c_leaves_nothing_half_removed(
    bench: Bench, engine: docker.DockerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = everything(engine, bench.service)
    target = bench.target()
    plan = target.plan(bench.application.release("1"))
    launch, remove = Fleet.launch, Fleet.remove_revision

    def interrupted(*args: Any) -> None:
        launch(*args)
        signal.raise_signal(signal.SIGINT)

    def again(*args: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        remove(*args)

    monkeypatch.setattr(Fleet, "launch", interrupted)
    monkeypatch.setattr(Fleet, "remove_revision", again)
    with pytest.raises(KeyboardInterrupt):
        target.apply(plan)
    assert everything(engine, bench.service) == before


def test_an_engine_that_is_down(bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nothing.sock")
    with pytest.raises(
        DockyardError, match=r"^No Docker engine answers at unix://.*nothing.sock: No such file.*local\.up"
    ):
        bench.target().current()
