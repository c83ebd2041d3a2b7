"""A rollback on Cloud Run: one update, and three calls at most until the traffic has moved."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.target.cloudrun.project import Project

pytestmark = pytest.mark.usefixtures("hasty")
BOTH = pytest.mark.parametrize("gcp_transport", ["rest", "grpc"])


@BOTH
def test_three_calls_move_the_traffic(web: Project) -> None:
    first, second = web.deployed("v1", "v2")
    done = web.inv("rollback --json")
    assert done.code == 0, done.err
    assert (done.document["revision"], done.document["previous"]) == (first, second)
    assert web.traffic == {first: 100}
    assert sorted(web.calls[:2]) == ["services.get", "services.revisions.list"]
    assert web.calls[2:] == [
        "services.patch",  # the traffic, and the lock
        "services.get",  # read back
        "services.patch",  # verified, and the lock away
    ]
    moved = web.cloud.calls[2].request
    assert moved["updateMask"] == "annotations,traffic"
    assert web.lock == ""


def test_a_revision_that_dockyard_never_made_gets_the_traffic_too(web: Project) -> None:
    web.cloud.run.make("web", "gcr.io/cloudrun/hello", revision="web-00070-2ch")
    web.deployed("v1")
    done = web.inv("rollback --json --to=web-00070-2ch")
    assert done.code == 0, done.err
    assert web.traffic == {"web-00070-2ch": 100}
    assert web.changes == ["services.patch", "services.patch"]
    releases = {each["revision"]: each for each in web.inv("history --json").document["releases"]}
    assert releases["web-00070-2ch"]["verified"]


def test_after_a_rollback_a_plan_is_empty_and_a_deploy_of_the_newer_pin_moves_on(web: Project) -> None:
    first, second = web.deployed("v1", "v2")
    assert web.inv("rollback").code == 0
    assert web.inv("deploy.plan").code == 0
    web.pin("v2")
    done = web.inv("deploy --json")
    assert done.code == 0, done.err
    assert web.traffic == {done.document["revision"]: 100}
    assert done.document["previous"] == first
    assert done.document["revision"] != second


def test_a_failed_latest_revision_does_not_keep_the_traffic_from_moving(web: Project) -> None:
    first, _ = web.deployed("v1", "v2")
    web.cloud.run.broken(web.pin("v3"))
    assert web.inv("deploy").code == 4
    assert web.service["terminalCondition"]["state"] == "CONDITION_FAILED"
    done = web.inv("rollback --json")
    assert done.code == 0, done.err
    assert web.traffic == {first: 100}


def test_a_revision_that_was_never_ready_gets_no_traffic(web: Project) -> None:
    (first,) = web.deployed("v1")
    web.cloud.run.broken(web.pin("v2"), message="It crashed.")
    assert web.inv("deploy").code == 4
    (bad, *_) = [each["revision"] for each in web.inv("history --json").document["releases"]]
    assert bad != first
    web.cloud.forget()
    done = web.inv(f"rollback --to={bad}")
    assert done.code == 4
    assert "It crashed" in done.err
    assert web.traffic == {first: 100}
    assert web.changes == []


def test_somebody_who_moves_the_traffic_meanwhile_is_not_overwritten(web: Project) -> None:
    first, second = web.deployed("v1", "v2")

    def label(document: dict[str, object]) -> None:
        document["labels"] = {"team": "a"}

    web.cloud.meanwhile("run", "services.patch", lambda: web.cloud.run.edit("web", label, who="bob@example.com"))
    done = web.inv("rollback")
    assert done.code == 1
    assert "changed meanwhile by bob@example.com" in done.err
    assert web.traffic == {second: 100}
    assert web.inv("rollback").code == 0
    assert web.traffic == {first: 100}
    assert web.service["labels"] == {"team": "a"}


def test_a_dry_rollback_changes_nothing(web: Project) -> None:
    first, second = web.deployed("v1", "v2")
    done = web.inv("rollback --dry")
    assert done.code == 0
    assert web.changes == []
    assert first in done.err
    assert web.traffic == {second: 100}


def test_a_revision_that_is_still_on_its_way_does_not_keep_a_rollback_waiting(web: Project) -> None:
    first, _ = web.deployed("v1", "v2")
    web.cloud.run.broken("v3", how="never")
    image = f"{web.image}:v3"

    def deploy(document: dict[str, Any]) -> None:
        document["template"] = {"containers": [{"image": image}]}

    web.cloud.run.edit("web", deploy)
    assert web.service["reconciling"]
    began = time.monotonic()
    done = web.inv("rollback --json")
    assert done.code == 0, done.err
    assert web.traffic == {first: 100}
    assert time.monotonic() - began < 5
