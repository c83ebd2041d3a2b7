"""A clock that jumps, here or on the engine's host, changes no decision: waits are monotonic, history is by number."""

from __future__ import annotations

import itertools
import time
from datetime import datetime, timedelta, tzinfo
from typing import Self

import pytest

import tasks.deploy
import tasks.target.docker.target
from tests.conftest import Inv
from tests.service import Service

DAY = 86400.0


class Jumping(datetime):
    """A clock that goes back a day more with every look."""

    looks = itertools.count(1)

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return super().now(tz) - timedelta(days=next(cls.looks))


@pytest.fixture
def jumping(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look at the clock is a day off, to and fro, and what is written down goes back from day to day."""
    real, jumps = time.time, itertools.cycle([DAY, -DAY, 0.0])
    monkeypatch.setattr(time, "time", lambda: real() + next(jumps))
    for module in (tasks.deploy, tasks.target.docker.target):
        monkeypatch.setattr(module, "datetime", Jumping)


def test_releases_and_a_rollback_while_the_clock_jumps(api: Service, inv: Inv, jumping: None) -> None:
    names: list[str] = []
    for version in ("one", "two"):
        api.set(ENV_VERSION=version)
        released = inv("release --env=local --json")
        assert released.code == 0, released.err
        names.insert(0, released.document["revision"])
    history = inv("history --env=local --json").document["releases"]
    assert [each["revision"] for each in history] == names
    assert history[0]["at"] < history[1]["at"], "its time says the opposite"
    assert inv("verify --env=local").code == 0
    assert inv("deploy --env=local --json").document["changed"] is False
    assert inv("rollback --env=local --json").document["revision"] == names[1]
    assert api.get("/revision")["version"] == "one"


def test_waits_while_the_clock_jumps(api: Service, inv: Inv, jumping: None) -> None:
    assert inv("release --env=local").code == 0
    api.set(ENV_STATUS="500", HEALTH_TIMEOUT="2s")
    began = time.monotonic()
    failed = inv("deploy --env=local")
    assert failed.code == 4, failed.err
    assert "did not get healthy within 2 s" in failed.err
    assert time.monotonic() - began >= 2
    api.set(ENV_STATUS="200", CANARY="50", BAKE="1s")
    began = time.monotonic()
    assert inv("deploy --env=local").code == 0
    assert time.monotonic() - began >= 2, "BAKE at 50 % and at 100 %"


def test_a_log_is_read_by_the_engines_clock(api: Service, inv: Inv, jumping: None) -> None:
    inv("release --env=local")
    assert " listens on " in inv("logs --env=local --since=10m").out
    time.sleep(1.5)
    assert " listens on " not in inv("logs --env=local --since=1s").out
