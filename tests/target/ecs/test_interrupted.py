"""Ctrl-C and SIGTERM at any moment: what was begun is undone, and the exit code is 130."""

from __future__ import annotations

import json
import signal
import time
from typing import Any

import pytest

from tasks.target.ecs.clients import Clients
from tests.fakes.cloud import Cloud
from tests.target.ecs.project import Project, until

NUMBERS = [signal.SIGINT, signal.SIGTERM]


@pytest.mark.parametrize("number", NUMBERS)
def test_an_interrupted_deploy_is_undone(web: Project, cloud: Cloud, number: signal.Signals) -> None:
    cloud.broken(web.pin("v2"), how="stuck")
    deploy = web.start("deploy", "--env=prod", "--json")
    until(cloud, "DescribeServiceDeployments")
    deploy.send_signal(number)
    out, err = deploy.communicate(timeout=30)
    assert deploy.returncode == 130, err
    assert json.loads(out)["exit"] == 130
    assert "Traceback" not in err
    assert web.serving() == "web:1"
    assert web.inv("lock --json").document.get("holder") is None


OPERATIONS = (
    "DescribeServices",
    "RegisterTaskDefinition",
    "UpdateService",
    "ListServiceDeployments",
    "ListTasks",
    "DescribeServiceRevisions",
)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_interruption_beside_any_request_leaves_the_old_one_serving(
    web: Project, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, operation: str, when: str
) -> None:
    web.pin("v2")
    interrupted(monkeypatch, operation, when)
    done = web.inv("deploy --json")
    assert done.code == 130, done.err
    assert web.serving() == "web:1"


def interrupted(monkeypatch: pytest.MonkeyPatch, operation: str, when: str) -> None:
    """Interrupt this process once, just before or after a request of that name is sent."""
    made, seen = Clients._made, list[str]()

    def interrupt(**_: Any) -> None:
        if not seen:
            seen.append(operation)
            signal.raise_signal(signal.SIGINT)
            time.sleep(0.01)

    def with_interrupt(self: Clients, service: str, *given: Any) -> Any:
        client = made(self, service, *given)
        if service == "ecs":
            event = "before-send" if when == "before" else "after-call"
            client.meta.events.register(f"{event}.ecs.{operation}", interrupt)
        return client

    monkeypatch.setattr(Clients, "_made", with_interrupt)


def test_two_deploys_at_once_are_one_after_the_other(web: Project, cloud: Cloud) -> None:
    web.pin("v2")
    cloud.rollout(3)
    both = [web.start("deploy", "--env=prod", "--json") for _ in range(2)]
    said = [each.communicate(timeout=60) for each in both]
    assert sorted(each.returncode for each in both) == [0, 5], said
    assert len(cloud.requests("RegisterTaskDefinition")) == 1
    assert len(cloud.requests("UpdateService")) == 1
    assert web.serving() == "web:2"


def test_a_second_deploy_that_waits_finds_nothing_left_to_do(web: Project, cloud: Cloud) -> None:
    web.pin("v2")
    cloud.rollout(2)
    both = [web.start("deploy", "--env=prod", "--json", "--wait-lock=60s") for _ in range(2)]
    said = [each.communicate(timeout=60) for each in both]
    assert [each.returncode for each in both] == [0, 0], said
    assert sorted(json.loads(out)["changed"] for out, _ in said) == [False, True]
    assert len(cloud.requests("UpdateService")) == 1
