"""SIGKILL beside every request that changes something: the same command again ends as if nothing had happened."""

from __future__ import annotations

import pytest

from tests.fakes.cloud import Cloud
from tests.service import killed
from tests.target.ecs.project import Project


def run(web: Project, step: int, line: str) -> tuple[bool, str]:
    """Run a line in a process that dies at a step: whether it did, or came to its end; what it said."""
    return killed(web.root, "tests.target.ecs.killing", step, line)


def registered(cloud: Cloud) -> int:
    """How many task definitions there are."""
    found: list[str] = cloud.client("ecs").list_task_definitions(familyPrefix="web")["taskDefinitionArns"]
    return len(found)


def check(web: Project, cloud: Cloud, digest: str, said: str) -> None:
    """The state that an undisturbed deploy leaves."""
    status = web.inv("status --json").document
    assert status["digest"] == digest == status["pinned"], said
    assert web.serving() == status["revision"], said
    releases = web.inv("history --json").document["releases"]
    assert [each["verified"] for each in releases if each["revision"] == status["revision"]] == [True], said
    assert web.inv("lock --json").document.get("holder") is None, said
    assert web.inv("deploy.plan").code == 0, said


STEPS = 10  # put, register, update, tag, delete: before and after


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_a_deploy_that_is_killed_is_simply_typed_again(web: Project, cloud: Cloud, step: int) -> None:
    digest = web.pin("v2")
    cloud.rollout(0.2)
    died, said = run(web, step, "deploy --env=prod")
    assert died, said
    again = web.inv("deploy")
    assert again.code == 0, f"{said}\n{again.err}"
    check(web, cloud, digest, f"{said}\n{again.err}")
    assert registered(cloud) == 2, f"one more, and one only\n{said}\n{again.err}"
    assert len(cloud.requests("UpdateService")) == 1, f"{said}\n{again.err}"


def test_a_deploy_has_no_more_steps(web: Project, cloud: Cloud) -> None:
    web.pin("v2")
    died, said = run(web, STEPS + 1, "deploy --env=prod")
    assert not died, said


def test_a_deploy_that_is_killed_and_turns_out_bad_goes_back_to_what_served(web: Project, cloud: Cloud) -> None:
    web.pin("v2")
    cloud.rollout(0.2)
    assert run(web, 6, "deploy --env=prod")[0], "after UpdateService"
    web.set(CHECK_HOME="GET / 200", URL="http://127.0.0.1:9")
    again = web.inv("deploy")
    assert again.code == 4, again.err
    assert "It was undone; web:1 serves." in again.err
    assert web.serving() == "web:1"


@pytest.mark.parametrize("step", range(3, 5))
def test_a_rollback_that_is_killed_is_simply_typed_again(web: Project, cloud: Cloud, step: int) -> None:
    web.inv("deploy")
    first = web.inv("status --json").document["digest"]
    web.pin("v2")
    assert web.inv("deploy").code == 0
    cloud.rollout(0.2)
    died, said = run(web, step, "rollback --env=prod")
    assert died, said
    again = web.inv("rollback")
    assert again.code == 0, f"{said}\n{again.err}"
    check(web, cloud, first, f"{said}\n{again.err}")
