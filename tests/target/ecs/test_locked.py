"""Verbs that meet a lock on ECS, or may not have one."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tasks.target.ecs.lock import Parameter
from tests.fakes.cloud import Cloud
from tests.target.ecs.holding import claimed, names, put, value
from tests.target.ecs.project import Project, until

pytestmark = pytest.mark.usefixtures("files")


@pytest.fixture
def pinned(web: Project) -> Project:
    """A project whose service runs, with another release pinned."""
    web.pin("v2")
    names(web.cloud)  # moto takes its time for the first one
    web.cloud.reset_calls()
    return web


def test_a_service_is_held_and_let_go_by_the_verbs(web: Project, cloud: Cloud) -> None:
    assert web.inv("lock").out == "Nobody holds web (prod).\n"
    taken = web.inv('lock.take --note="database maintenance" --json')
    assert taken.code == 0, taken.err
    assert (taken.document["reason"], taken.document["lease"]) == ("database maintenance", None)
    assert value(cloud)["reason"] == "database maintenance"
    again = web.inv("lock.take --json")
    assert (again.code, again.document["changed"]) == (0, False)
    assert "(database maintenance) until lock.release.\n" in web.inv("lock").out
    web.pin("v2")
    refused = web.inv("deploy --json")
    assert (refused.code, refused.document["reason"]) == (5, "database maintenance")
    released = web.inv("lock.release --json")
    assert (released.code, released.document["held"]) == (0, False)
    assert names(cloud) == []


def test_anothers_lock_is_only_stolen_on_purpose(web: Project, cloud: Cloud) -> None:
    put(cloud, claimed("deploy v1"))
    refused = web.inv("lock.release --json")
    assert refused.code == 5
    assert "prod is being released by bob@elsewhere since " in refused.document["error"]
    assert web.inv("lock.release --steal").code == 0
    assert names(cloud) == []


def test_taking_waits_for_the_lease_of_another_machine(web: Project, cloud: Cloud) -> None:
    put(cloud, claimed("deploy v1", lease=2.0))
    taken = web.inv("lock.take --wait-lock=20s --json")
    assert (taken.code, taken.document["held"]) == (0, True), taken.err


@pytest.mark.parametrize("verb", ["lock", "lock.take", "lock.release"])
def test_the_verbs_say_that_there_is_no_lock_without_permission(web: Project, cloud: Cloud, verb: str) -> None:
    cloud.deny("ssm:*")
    refused = web.inv(verb)
    assert refused.code == 1
    assert refused.err.startswith("AWS denies what its lock needs (User: ")


def test_a_deploy_locks_in_two_calls(pinned: Project) -> None:
    deployed = pinned.inv("deploy")
    assert deployed.code == 0, deployed.err
    assert pinned.calls("ssm") == ["PutParameter", "DeleteParameter"]
    assert names(pinned.cloud) == []


def test_a_deploy_without_permission_goes_on_and_says_so_once(pinned: Project, cloud: Cloud) -> None:
    cloud.deny("ssm:*")
    deployed = pinned.inv("deploy")
    assert deployed.code == 0, deployed.err
    assert deployed.err.count("web is released without a lock.") == 1
    again = pinned.inv("deploy --json")
    assert (again.code, again.document["changed"]) == (0, False), again.err
    assert pinned.inv("rollback --to=web:1").code == 0


def test_a_deploy_whose_lock_is_stolen_meanwhile_changes_nothing_any_more(
    pinned: Project, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Parameter, "every", 0.1)
    cloud.rollout(4.0)
    thief = threading.Timer(1.5, put, args=(cloud, claimed("thief")))
    thief.start()
    lost = pinned.inv("deploy --json")
    thief.join()
    assert lost.code == 5, lost.err
    assert "prod is being released by bob@elsewhere since " in lost.document["error"]
    assert len(cloud.requests("UpdateService")) == 1
    assert cloud.requests("TagResource") == []
    assert value(cloud)["reason"] == "thief"


def test_the_lock_of_a_deploy_that_was_killed_can_be_ended_by_hand(pinned: Project, cloud: Cloud, files: Path) -> None:
    cloud.rollout(30.0)
    killed = pinned.start("deploy", "--env=prod")
    until(cloud, "UpdateService")
    killed.kill()
    killed.communicate()
    assert "but that process has ended: the next release takes it over" in pinned.inv("lock").out
    assert cloud.requests("DeleteParameter") == []
    assert len(list(files.iterdir())) == 1
    again = pinned.inv("lock.release --json")
    assert (again.code, again.document["changed"]) == (0, True), again.err
    assert "who has ended: that lock was taken away." in again.err
    assert names(cloud) == []
