"""Scaling that was killed halfway: the next one goes on from there."""

from __future__ import annotations

import docker
import pytest

from tasks.target.docker.service import Service
from tests.target.docker.conftest import Bench

pytestmark = pytest.mark.usefixtures("hurried")


class Killed(BaseException):
    """As SIGKILL: nothing of what was begun is taken back."""


def test_a_scaling_that_was_killed_is_begun_anew(
    bench: Bench, engine: docker.DockerClient, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target, one = bench.deploy("1")

    def kill(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Service, "shift", kill)
        patched.setattr("tasks.target.docker.scaling.withdraw", lambda *_: None)
        with pytest.raises(Killed):
            target.scale(3)
    half = {
        each.name: each.id for each in engine.containers.list(filters={"label": f"dockyard.revision={one.revision}"})
    }
    assert len(half) == 3
    assert set(bench.shares(6)) == {one.revision}

    current = bench.target().scale(3)
    assert f"Taking {one.revision}-2, {one.revision}-3 away" in capsys.readouterr().err
    assert len(current.instances) == 3
    assert bench.shares(9) == {one.revision: 3, f"{one.revision}-2": 3, f"{one.revision}-3": 3}
    assert engine.containers.get(one.revision).id == half[one.revision]
    assert engine.containers.get(f"{one.revision}-2").id != half[f"{one.revision}-2"]

    with monkeypatch.context() as patched:
        patched.setattr(Service, "drain", kill)
        with pytest.raises(Killed):
            bench.target().scale(1)
    assert set(bench.shares(6)) == {one.revision}
    assert len(bench.target().scale(1).instances) == 1
    assert set(bench.shares(6)) == {one.revision}


def test_an_interruption_after_the_edge_knows_a_new_replica_loses_no_request(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, one = bench.deploy("1")
    shift = Service.shift

    def interrupted(*given: object) -> None:
        shift(*given)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Service, "shift", interrupted)
        with pytest.raises(KeyboardInterrupt):
            target.scale(2)
    assert [each.name for each in target.current().instances] == [one.revision]
    assert bench.shares(6) == {one.revision: 6}
    assert [each.name for each in target.service.look().routing.servers] == [one.revision]
