"""One release at a time on Cloud Run: the lock is an annotation, and comes with the first change."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tasks.target import proof
from tasks.target.cloudrun.lock import Annotation
from tests.target.cloudrun.project import Project, meanwhile, until

DEAD = {"env": "prod", "by": "bob@elsewhere", "reason": "deploy v9", "since": "2026-11-21T22:24:27Z"}


def put(web: Project, **more: Any) -> None:
    """A lock that somebody on another machine has."""
    text = json.dumps({"id": "theirs", "token": "0123456789ab-00", "lease": 900.0, "sign": time.time(), **DEAD, **more})

    def edit(document: dict[str, Any]) -> None:
        document.setdefault("annotations", {})["dockyard.lock"] = text

    web.cloud.run.edit("web", edit, wait=True)


def test_a_release_of_somebody_else_is_refused_before_anything_is_changed(web: Project) -> None:
    web.deployed("v1")
    put(web)
    web.pin("v2")
    before = web.service
    done = web.inv("deploy --json")
    assert done.code == 5
    assert "prod is being released by bob@elsewhere since 2026-11-21T22:24:27Z (deploy v9)" in done.err
    assert "inv lock.release --env=prod --steal" in done.err
    assert done.document["by"] == "bob@elsewhere"
    assert web.changes == []
    assert web.service == before


def test_a_lock_is_written_with_the_first_change_and_taken_away_with_the_last(web: Project) -> None:
    web.deployed("v1")
    web.pin("v2")
    assert web.inv("deploy").code == 0
    locks = [
        "dockyard.lock" in each.request["body"]["annotations"]
        for each in web.cloud.calls
        if "annotations" in each.request.get("body", {})
    ]
    assert locks == [True, False]


def test_whoever_was_faster_between_a_look_and_the_first_change_is_not_overwritten(web: Project) -> None:
    (old,) = web.deployed("v1")
    web.pin("v2")
    web.cloud.meanwhile("run", "services.patch", lambda: put(web))
    done = web.inv("deploy")
    assert done.code == 5
    assert "bob@elsewhere" in done.err
    assert web.traffic == {old: 100}
    assert len(web.service["traffic"]) == 1
    assert json.loads(web.lock)["id"] == "theirs"


@pytest.mark.parametrize("line", ["rollback", "deploy"])
def test_a_lock_that_is_stolen_stops_the_release_where_it_is(web: Project, line: str) -> None:
    first, second = web.deployed("v1", "v2")
    web.pin("v3")
    web.cloud.run.rollout = web.cloud.run.routing = 1.5
    seen = "services.patch"

    def steal() -> None:
        assert web.inv("lock.release --steal").code == 0

    done = None
    with meanwhile(web, seen, steal):
        done = web.inv(line)
    assert done.code == 5, done.err
    assert "The lock was taken away from this release: somebody ended it" in done.err
    assert "Undoing" not in done.err
    assert web.traffic == ({first: 100} if line == "rollback" else {second: 100})


def test_two_releases_at_once_are_one_after_the_other(web: Project) -> None:
    web.deployed("v1")
    web.pin("v2")
    web.cloud.run.rollout = 4.0
    both = [web.start("deploy", "--env=prod", "--json") for _ in range(2)]
    said = [each.communicate(timeout=60) for each in both]
    assert sorted(each.returncode for each in both) == [0, 5], said
    assert len(web.inv("history --json").document["releases"]) == 2
    assert web.lock == ""


def test_whoever_waits_finds_nothing_left_to_do(web: Project) -> None:
    web.deployed("v1")
    web.pin("v2")
    web.cloud.run.rollout = 2.0
    both = [web.start("deploy", "--env=prod", "--json", "--wait-lock=60s") for _ in range(2)]
    said = [json.loads(each.communicate(timeout=60)[0]) for each in both]
    assert sorted(each.returncode for each in both) == [0, 0], said
    assert sorted(each["changed"] for each in said) == [False, True]
    assert len(web.inv("history --json").document["releases"]) == 2


def test_two_first_deploys_at_once_create_one_service(web: Project) -> None:
    web.pin("v1")
    web.cloud.run.rollout = 2.0
    both = [web.start("deploy", "--env=prod", "--json") for _ in range(2)]
    said = [each.communicate(timeout=60) for each in both]
    codes = sorted(each.returncode for each in both)
    assert codes in ([0, 1], [0, 5]), said
    assert web.calls.count("services.delete") == 0
    assert len(web.inv("history --json").document["releases"]) == 1


def test_a_holder_who_was_killed_on_this_machine_is_taken_over_at_once(web: Project) -> None:
    web.deployed("v1")
    web.pin("v2")
    web.cloud.run.rollout = 30.0
    deploy = web.start("deploy", "--env=prod")
    until(web, "services.patch")
    time.sleep(0.3)
    deploy.send_signal(signal.SIGKILL)
    deploy.communicate(timeout=10)
    assert web.inv("lock --json").document["dead"]
    web.cloud.later(60)
    again = web.inv("deploy --json")
    assert again.code == 0, again.err
    assert "has ended: that lock was taken away" in again.err
    assert web.lock == ""


def test_the_lock_of_another_machine_ends_with_its_lease(web: Project) -> None:
    web.deployed("v1")
    web.pin("v2")
    web.cloud.later(-1000)
    put(web, sign=time.time() - 1000)
    web.cloud.later(1000)
    done = web.inv("deploy")
    assert done.code == 0, done.err
    assert web.lock == ""


def test_a_holder_whose_clock_is_slow_is_not_taken_for_dead(web: Project) -> None:
    web.deployed("v1")
    web.pin("v2")
    put(web, sign=time.time() - 1000)
    assert web.inv("deploy").code == 5


def test_a_service_is_held_until_it_is_released(web: Project) -> None:
    web.deployed("v1")
    web.pin("v2")
    taken = web.inv("lock.take --json --note=maintenance")
    assert taken.code == 0, taken.err
    assert (taken.document["reason"], taken.document["lease"], taken.document["mine"]) == ("maintenance", None, True)
    assert web.inv("deploy").code == 5
    assert web.inv("lock.take --json").document["changed"] is False
    assert web.inv("lock.release").code == 0
    assert web.lock == ""
    assert web.inv("deploy").code == 0


def test_a_service_that_is_not_there_cannot_be_held(web: Project) -> None:
    done = web.inv("lock.take --note=maintenance")
    assert done.code == 1
    assert "web does not exist yet, so there is nothing to hold" in done.err


def test_the_lock_of_one_who_was_killed_is_ended_by_lock_release(
    web: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    web.deployed("v1")
    put(web, token=f"{proof.machine()}-00")
    proof.folder().mkdir(parents=True, exist_ok=True)
    (proof.folder() / f"{proof.machine()}-00").touch()
    done = web.inv("lock.release --json")
    assert done.code == 0, done.err
    assert web.lock == ""


def test_an_annotation_that_nobody_can_read_is_a_lock_that_can_be_stolen(web: Project) -> None:
    web.deployed("v1")

    def edit(document: dict[str, Any]) -> None:
        document.setdefault("annotations", {})["dockyard.lock"] = "no JSON"

    web.cloud.run.edit("web", edit, wait=True)
    web.pin("v2")
    assert web.inv("deploy").code == 5
    assert web.inv("lock.release --steal").code == 0
    assert web.inv("deploy").code == 0


def test_a_refused_lock_costs_one_look(web: Project) -> None:
    web.deployed("v1")
    put(web)
    web.pin("v2")
    web.cloud.forget()
    assert web.inv("deploy").code == 5
    assert web.calls == ["services.get"]


def test_migrations_are_run_under_the_lock(web: Project) -> None:
    web.deployed("v1")
    web.set(RELEASE_COMMAND="alembic upgrade head")
    web.pin("v2")
    done = web.inv("deploy")
    assert done.code == 0, done.err
    changes = [each for each in web.changes if not each.startswith("jobs.executions")]
    assert changes[:4] == ["services.patch", "services.patch", "jobs.create", "jobs.run"]
    validated, locked = [each.request for each in web.cloud.calls if each.method.endswith("services.patch")][:2]
    assert validated["validateOnly"]
    assert locked["updateMask"] == "annotations"
    assert web.lock == ""


def test_migrations_of_a_service_that_somebody_else_releases_are_not_run(web: Project) -> None:
    web.deployed("v1")
    web.set(RELEASE_COMMAND="alembic upgrade head")
    web.pin("v2")
    web.cloud.meanwhile("run", "services.patch", lambda: put(web), after=1)
    assert web.inv("deploy").code == 5
    assert not [each for each in web.calls if each.startswith("jobs")]


def test_a_long_release_gives_signs_of_life(web: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    web.deployed("v1")
    web.pin("v2")
    web.cloud.run.rollout = 2.0
    monkeypatch.setattr(Annotation, "every", 0.4)
    done = web.inv("deploy --json")
    assert done.code == 0, done.err
    written = [each.request["body"].get("annotations", {}) for each in web.cloud.calls if "body" in each.request]
    signs = [json.loads(each["dockyard.lock"])["sign"] for each in written if "dockyard.lock" in each]
    assert len(signs) >= 3
    assert signs == sorted(set(signs))
    assert (web.traffic, web.lock) == ({done.document["revision"]: 100}, "")
