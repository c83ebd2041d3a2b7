"""Waiting for Cloud Run: quick at first, never long while the end is near, and only by looks at the service."""

from __future__ import annotations

import time
from itertools import islice

import pytest

from tasks.target.cloudrun import waiting
from tests.target.cloudrun.project import Project

BOTH = pytest.mark.parametrize("gcp_transport", ["rest", "grpc"])


def test_pauses_grow_to_the_longest_and_go_on_slowly_after_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    found = []
    for pause in waiting.pauses(600.0):
        found.append(pause)
        clock[0] += pause or 0.01
    assert found[0] == waiting.FIRST
    early = [each for each, at in zip(found, accumulated(found), strict=True) if at < 60]
    assert max(early) <= waiting.NEAR
    assert max(found) <= waiting.SLOWEST
    assert len(found) < 250
    assert clock[0] == pytest.approx(600.0, abs=0.1)


def accumulated(pauses: list[float]) -> list[float]:
    found, total = [], 0.0
    for each in pauses:
        total += each
        found.append(total)
    return found


def test_a_wait_ends_at_its_timeout() -> None:
    began = time.monotonic()
    for pause in waiting.pauses(0.3):
        time.sleep(pause)
    assert 0.3 <= time.monotonic() - began < 0.6
    assert list(islice(waiting.pauses(0.0), 1)) == []


@BOTH
def test_a_deploy_returns_within_a_second_of_its_end(web: Project) -> None:
    web.deployed("v1")
    web.cloud.run.rollout = 3.0
    web.pin("v2")
    began = time.monotonic()
    done = web.inv("deploy --json")
    took = time.monotonic() - began
    assert done.code == 0, done.err
    assert took < 4.5
    assert web.calls.count("services.get") < 15


def test_traffic_that_takes_its_time_is_waited_for(web: Project) -> None:
    first, _ = web.deployed("v1", "v2")
    web.cloud.run.routing = 1.0
    done = web.inv("rollback --json")
    assert done.code == 0, done.err
    assert done.document["traffic"] == [{"revision": first, "percent": 100, "tag": ""}]


def test_traffic_that_never_moves_is_a_failure(web: Project) -> None:
    _, second = web.deployed("v1", "v2")
    web.set(DEPLOY_TIMEOUT="1s")
    web.cloud.run.routing = 99.0
    done = web.inv("rollback")
    assert done.code == 4
    assert "the traffic was not moved within DEPLOY_TIMEOUT (1 s)" in done.err
    assert web.traffic == {second: 100}
