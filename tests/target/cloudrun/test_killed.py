"""SIGKILL beside every request that changes something: the same command again ends as if nothing had happened."""

from __future__ import annotations

import pytest

from tests.service import killed
from tests.target.cloudrun.project import Project


def run(web: Project, step: int, line: str) -> tuple[bool, str]:
    """Run a line in a process that dies at a step: whether it did, or came to its end; what it said."""
    return killed(web.root, "tests.target.cloudrun.killing", step, line)


def check(web: Project, digest: str, revisions: int, said: str) -> None:
    """The state that an undisturbed release leaves."""
    status = web.inv("status --json").document
    assert status["digest"] == digest == status["pinned"], said
    assert web.traffic == {status["revision"]: 100}, said
    assert web.tags == {}, said
    releases = web.inv("history --json").document["releases"]
    assert [each["verified"] for each in releases if each["revision"] == status["revision"]] == [True], said
    assert len(releases) == revisions, said
    assert web.lock == "", said
    assert web.inv("deploy.plan").code == 0, said


STEPS = 6  # up, traffic, recorded: before and after


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_a_deploy_that_is_killed_is_simply_typed_again(web: Project, step: int) -> None:
    web.deployed("v1")
    digest = web.pin("v2")
    died, said = run(web, step, "deploy --env=prod")
    assert died, said
    again = web.inv("deploy")
    assert again.code == 0, f"{said}\n{again.err}"
    check(web, digest, 2, f"{said}\n{again.err}")


def test_a_deploy_has_no_more_steps(web: Project) -> None:
    web.deployed("v1")
    web.pin("v2")
    died, said = run(web, STEPS + 1, "deploy --env=prod")
    assert not died, said


@pytest.mark.parametrize("step", range(1, 5))
def test_a_first_deploy_that_is_killed_is_simply_typed_again(web: Project, step: int) -> None:
    digest = web.pin("v1")
    died, said = run(web, step, "deploy --env=prod")
    assert died, said
    again = web.inv("deploy")
    assert again.code == 0, f"{said}\n{again.err}"
    check(web, digest, 1, f"{said}\n{again.err}")


@pytest.mark.parametrize("step", range(1, 11))
def test_a_canary_that_is_killed_is_simply_typed_again(web: Project, step: int) -> None:
    web.deployed("v1")
    web.set(CANARY="10,50", BAKE="0s")
    digest = web.pin("v2")
    died, said = run(web, step, "deploy --env=prod")
    assert died, said
    again = web.inv("deploy")
    assert again.code == 0, f"{said}\n{again.err}"
    check(web, digest, 2, f"{said}\n{again.err}")


@pytest.mark.parametrize("step", range(2, 6))
@pytest.mark.usefixtures("hasty")
def test_a_deploy_that_is_killed_and_turns_out_bad_goes_back_to_what_served(web: Project, step: int) -> None:
    (old,) = web.deployed("v1")
    digest = web.pin("v2")
    assert run(web, step, "deploy --env=prod")[0]
    web.set(CHECK_HOME="GET / 200")
    web.cloud.run.respond(digest, status=500)
    again = web.inv("deploy")
    assert again.code == 4, again.err
    assert f"It was undone; {old} serves." in again.err
    assert web.traffic == {old: 100}


@pytest.mark.parametrize("step", range(1, 5))
def test_a_rollback_that_is_killed_is_simply_typed_again(web: Project, step: int) -> None:
    first, _ = web.deployed("v1", "v2")
    died, said = run(web, step, "rollback --env=prod")
    assert died, said
    again = web.inv("rollback")
    assert again.code == 0, f"{said}\n{again.err}"
    if step == 4:  # all was done but the pin: the same again goes on from there
        return
    assert web.traffic == {first: 100}, f"{said}\n{again.err}"
    assert web.lock == ""
    assert web.inv("deploy.plan").code == 0, f"{said}\n{again.err}"


@pytest.mark.parametrize("step", [1, 2])
def test_a_split_that_is_killed_is_simply_typed_again(web: Project, step: int) -> None:
    first, second = web.deployed("v1", "v2")
    died, said = run(web, step, f"traffic.split --env=prod --to={first} --percent=20")
    assert died, said
    again = web.inv(f"traffic.split --to={first} --percent=20")
    assert again.code == 0, again.err
    assert web.traffic == {first: 20, second: 80}
    assert web.lock == ""
