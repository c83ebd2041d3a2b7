"""What others do to the service while a release is under way stays as they did it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.target.cloudrun.project import Project
from tests.target.cloudrun.test_interrupted import interrupted

pytestmark = pytest.mark.usefixtures("hasty")
BY_NAME = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
BOB = "bob@example.com"


def give(web: Project, revision: str) -> None:
    """Bob gives all of the traffic to a revision."""

    def edit(document: dict[str, Any]) -> None:
        tags = [each for each in document["traffic"] if each.get("tag") and each["revision"] != revision]
        kept = [{**each, "percent": 0} for each in tags]
        document["traffic"] = [{"type": BY_NAME, "revision": revision, "percent": 100}, *kept]

    web.cloud.run.edit("web", edit, who=BOB, wait=True)


def test_a_release_that_goes_on_with_a_revision_and_is_overtaken_changes_nothing(web: Project) -> None:
    first, _ = web.deployed("v1", "v2")
    web.pin("v3")
    assert web.inv("deploy --no-traffic").code == 0
    web.cloud.meanwhile("run", "services.patch", lambda: give(web, first))
    done = web.inv("deploy")
    assert done.code == 1, done.err
    assert f"changed meanwhile by {BOB}" in done.err
    assert web.traffic == {first: 100}
    assert web.lock == ""


@pytest.mark.parametrize("gcp_transport", ["rest", "grpc"])
def test_a_first_write_whose_answer_is_lost_and_that_is_changed_then_goes_on(web: Project) -> None:
    web.deployed("v1")
    web.pin("v2")

    def label(document: dict[str, Any]) -> None:
        document["labels"] = {"team": "a"}
        document["annotations"]["team"] = "a"

    web.cloud.fault("run", "services.patch", 503, lost=True)
    web.cloud.meanwhile("run", "services.patch", lambda: web.cloud.run.edit("web", label, who=BOB), after=1)
    done = web.inv("deploy --json")
    assert done.code == 0, done.err
    assert web.traffic == {done.document["revision"]: 100}
    assert (web.service["labels"], web.lock) == ({"team": "a"}, "")


def test_a_service_that_somebody_else_has_made_his_own_is_not_deleted(web: Project) -> None:
    web.cloud.run.broken(web.pin("v1"))

    def deploy() -> None:
        web.cloud.run.make("web", "gcr.io/cloudrun/hello", revision="web-00002-bob", who=BOB)

    web.cloud.meanwhile("run", "services.get", deploy, after=1)
    done = web.inv("deploy")
    assert done.code == 4, done.err
    assert BOB in done.err
    assert web.traffic == {"web-00002-bob": 100}
    assert web.lock == ""


def test_traffic_that_somebody_has_taken_away_is_not_given_to_others(web: Project) -> None:
    first, _ = web.deployed("v1", "v2")
    web.set(CANARY="50", BAKE="1s", HEALTH_PATH="/health")
    web.pin("v3")
    web.cloud.meanwhile("run", "services.get", lambda: give(web, first), after=3)
    done = web.inv("deploy")
    assert done.code == 4, done.err
    assert f"taken away by {BOB}" in done.err
    assert (web.traffic, web.tags, web.lock) == ({first: 100}, {}, "")


@pytest.mark.parametrize("line", ["deploy --wait-lock=5s", "lock.take", "traffic.split --percent=20 --to={first}"])
def test_an_interruption_beside_the_first_write_leaves_no_lock(
    web: Project, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    first, second = web.deployed("v1", "v2")
    web.pin("v3")
    interrupted(monkeypatch, "update_service 1", "after")
    done = web.inv(line.format(first=first))
    assert done.code == 130, done.err
    assert (web.traffic, web.lock) == ({second: 100}, "")


def test_migrations_that_are_interrupted_at_the_lock_leave_none(web: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    web.deployed("v1")
    web.pin("v2")
    web.set(RELEASE_COMMAND="alembic upgrade head")
    interrupted(monkeypatch, "update_service 2", "after")
    assert web.inv("deploy").code == 130
    assert not [each for each in web.calls if each.startswith("jobs")]
    assert web.lock == ""


def test_a_service_that_is_deleted_meanwhile_is_said(web: Project) -> None:
    web.deployed("v1")
    web.pin("v2")
    for step in (0, 1):
        web.cloud.meanwhile("run", "services.patch", web.cloud.run.services.clear, after=step)
        done = web.inv("deploy")
        assert done.code == (4 if step else 1), done.err
        assert "Traceback" not in done.err
        web.cloud.healthy()
        web.deployed("v1")
        web.pin("v2")
