"""Workers, replicas and requests to one revision."""

from __future__ import annotations

import docker
import pytest

from tasks.environment.settings import Check
from tasks.errors import DeployFailed, SettingError
from tasks.target import Change, Traffic
from tests.target.docker.conftest import Bench, until

pytestmark = pytest.mark.usefixtures("hurried")


def check(path: str, status: int = 200, text: str = "", **more: str) -> Check:
    """A check as CHECK_* gives it."""
    headers = {"X-Token": more["token"]} if "token" in more else {}
    return Check("it", more.get("method", "GET"), path, status, text, more.get("body", ""), headers)


def test_workers_come_and_go_with_their_revision(bench: Bench, engine: docker.DockerClient) -> None:
    target, one = bench.deploy("1", PROCESS_BEAT="sleep 600", PROCESS_CLOCK="sleep 600")
    assert [(each.name, each.process, each.state) for each in target.current().instances] == [
        (one.revision, "web", "running"),
        (f"{one.revision}-beat", "beat", "running"),
        (f"{one.revision}-clock", "clock", "running"),
    ]
    engine.containers.get(f"{one.revision}-beat").stop(timeout=0)
    assert Change("beat running", "0 of 1", "1") in target.plan(bench.application.release()).changes

    target, two = bench.start("2", PROCESS_CLOCK="")
    assert engine.containers.get(f"{one.revision}-clock").status == "running", "until the new revision serves"
    target.shift([Traffic(two.revision, 100)])
    target.retire(two)
    assert {each.name for each in target.current().instances} == {two.revision, f"{two.revision}-beat"}
    with pytest.raises(SettingError, match="PROCESS_WEB"):
        bench.target(PROCESS_WEB="x").plan(bench.application.release())


def test_scaling_up_and_down(bench: Bench, engine: docker.DockerClient) -> None:
    _, one = bench.deploy("1", ENV_SLOW_START="0.5")
    target, two = bench.start("2")
    target.shift([Traffic(one.revision, 80), Traffic(two.revision, 20)])

    current = target.scale(3)
    assert current.traffic == (Traffic(one.revision, 80), Traffic(two.revision, 20))
    answered = bench.shares(60)  # weights 4, 4, 4 and 3
    assert answered == pytest.approx(
        {one.revision: 16, f"{one.revision}-2": 16, f"{one.revision}-3": 16, two.revision: 12}, abs=1
    )
    assert Change("REPLICAS", "3", "1") in target.plan(bench.application.release()).changes

    current = target.scale(1)
    assert current.traffic == (Traffic(one.revision, 80), Traffic(two.revision, 20))
    assert bench.shares(10) == pytest.approx({one.revision: 8, two.revision: 2}, abs=1)
    assert [each.name for each in current.instances] == [one.revision, two.revision]
    with pytest.raises(SettingError):
        target.scale(0)


def test_a_dead_replica_is_left_out_and_comes_back(bench: Bench, engine: docker.DockerClient) -> None:
    target, one = bench.deploy("1", REPLICAS="2")
    engine.containers.get(f"{one.revision}-2").stop(timeout=0)
    assert set(bench.shares(20)) == {one.revision}
    assert Change("web running", "1 of 2", "2") in target.plan(bench.application.release()).changes
    engine.containers.get(f"{one.revision}-2").start()
    until(lambda: len(bench.shares(10)) == 2)


def test_a_crashed_container_comes_back_at_its_own_address(bench: Bench, engine: docker.DockerClient) -> None:
    """Not at the lowest free one, as the engine would have it, which was the revision's before."""
    _, one = bench.deploy("1")
    _, two = bench.deploy("1", ENV_CRASH_AFTER="2")
    until(lambda: bool(engine.containers.get(two.revision).attrs["RestartCount"]))
    assert bench.revision() == two.revision, "the request waited for the restart"
    box = engine.containers.get(two.revision)
    assert [each["IPAddress"] for each in box.attrs["NetworkSettings"]["Networks"].values()] == [
        box.labels["dockyard.address"]
    ]
    assert box.labels["dockyard.address"] != engine.containers.get(one.revision).labels["dockyard.address"]


def test_requests_to_a_revision_without_traffic(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKYARD_TEST_TOKEN", "s3cret")
    target, rollout = bench.start("1", URL=f"http://api.localhost:{bench.port}")

    def ask(each: Check) -> tuple[bool | None, str]:
        found = target.probe(each, rollout.revision)
        return found.ok, found.detail

    assert ask(check("/health", 200, "healthy")) == (True, "GET /health answered 200")
    assert ask(check("/health", 201)) == (False, "GET /health answered 200, not 201")
    assert ask(check("/nothing", 404)) == (True, "GET /nothing answered 404")
    assert ask(check("/echo", 200, f'"Host": "api.localhost:{bench.port}"')) == (True, "GET /echo answered 200")
    assert ask(check("/echo", 200, '"X-Token": "s3cret"', token="env:DOCKYARD_TEST_TOKEN"))[0]
    assert ask(check("/echo", 200, '"body": "{}"', method="POST", body="{}"))[0]
    target.undo(rollout)
    assert ask(check("/health")) == (False, f"GET /health: {rollout.revision} does not run")


def test_scaling_to_replicas_that_do_not_get_healthy_changes_nothing(
    bench: Bench, engine: docker.DockerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, one = bench.deploy("1", HEALTH_TIMEOUT="1s")
    monkeypatch.setattr(
        "tasks.target.docker.service.Service.visitor", lambda _: {"Host": "x\r\ny"}
    )  # no answer to that
    with pytest.raises(DeployFailed, match="cannot be asked"):
        target.scale(2)
    assert [each.name for each in target.current().instances] == [one.revision]
    assert bench.shares(5) == {one.revision: 5}
