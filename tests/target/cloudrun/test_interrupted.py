"""Ctrl-C and SIGTERM at any moment: what was begun is undone, and the exit code is 130."""

from __future__ import annotations

import json
import signal
import time
from typing import Any

import pytest

from tasks.gcp import clients
from tests.target.cloudrun.project import Project, until

NUMBERS = [signal.SIGINT, signal.SIGTERM]


@pytest.mark.parametrize("number", NUMBERS)
def test_an_interrupted_deploy_is_undone(web: Project, number: signal.Signals) -> None:
    (old,) = web.deployed("v1")
    web.cloud.run.broken(web.pin("v2"), how="never")
    deploy = web.start("deploy", "--env=prod", "--json")
    until(web, "services.get", 3)
    deploy.send_signal(number)
    out, err = deploy.communicate(timeout=30)
    assert deploy.returncode == 130, err
    assert json.loads(out)["exit"] == 130
    assert "Traceback" not in err
    assert (web.traffic, web.tags, web.lock) == ({old: 100}, {}, "")


def test_an_interrupted_first_deploy_takes_its_service_away_again(web: Project) -> None:
    web.cloud.run.broken(web.pin("v1"), how="never")
    deploy = web.start("deploy", "--env=prod")
    until(web, "services.get", 3)
    deploy.send_signal(signal.SIGINT)
    _, err = deploy.communicate(timeout=30)
    assert deploy.returncode == 130, err
    assert web.cloud.run.services == {}


CALLS = ("get_service 1", "get_service 2", "get_service 3", "update_service 1", "update_service 2")


@pytest.mark.parametrize("gcp_transport", ["rest", "grpc"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("call", CALLS)
def test_an_interruption_beside_any_call_leaves_the_old_one_serving(
    web: Project, monkeypatch: pytest.MonkeyPatch, call: str, when: str
) -> None:
    (old,) = web.deployed("v1")
    web.pin("v2")
    interrupted(monkeypatch, call, when)
    done = web.inv("deploy --json")
    assert done.code == 130, done.err
    assert (web.traffic, web.tags, web.lock) == ({old: 100}, {}, ""), done.err


def interrupted(monkeypatch: pytest.MonkeyPatch, call: str, when: str) -> None:
    """Interrupt this process once, just before or after the n-th call of a method."""
    name, _, number = call.partition(" ")
    make, seen = clients.make, list[str]()

    def interrupt() -> None:
        seen.append(name)
        if len(seen) == int(number):
            signal.raise_signal(signal.SIGINT)
            time.sleep(0.05)

    def with_interrupt(client: Any, api: str) -> Any:
        made = make(client, api)
        method = getattr(made, name, None)
        if method is None:
            return made

        def around(*args: Any, **kwargs: Any) -> Any:
            if when == "before":
                interrupt()
            answer = method(*args, **kwargs)
            if when == "after":
                interrupt()
            return answer

        setattr(made, name, around)
        return made

    monkeypatch.setattr(clients, "make", with_interrupt)


def test_an_interruption_while_it_is_recorded_waits_for_the_end(web: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    web.deployed("v1")
    web.pin("v2")
    interrupted(monkeypatch, "update_service 3", "after")
    done = web.inv("deploy --json")
    assert done.code == 0, done.err
    assert web.traffic == {done.document["revision"]: 100}
    assert web.lock == ""
