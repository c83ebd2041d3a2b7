"""Deploys that fail on Cloud Run: traffic stays where it was, and the operator is told why."""

from __future__ import annotations

import pytest

from tests.target.cloudrun.project import Project

pytestmark = pytest.mark.usefixtures("hasty")
BOTH = pytest.mark.parametrize("gcp_transport", ["rest", "grpc"])


@BOTH
def test_a_revision_that_does_not_start_leaves_the_traffic_where_it_was(web: Project) -> None:
    (old,) = web.deployed("v1")
    web.cloud.run.broken(web.pin("v2"), logs=["exec /app/start: exec format error"])
    done = web.inv("deploy --json")
    assert done.code == 4
    assert "failed to start and listen on the port" in done.err
    assert "exec format error" in done.err
    assert f"It was undone; {old} serves." in done.err
    assert (web.traffic, web.tags, web.lock) == ({old: 100}, {}, "")


def test_the_same_command_after_a_failure_tries_a_new_revision(web: Project) -> None:
    web.deployed("v1")
    web.cloud.run.broken(web.pin("v2"))
    assert web.inv("deploy").code == 4
    web.cloud.run.mended()
    done = web.inv("deploy --json")
    assert done.code == 0, done.err
    assert web.traffic == {done.document["revision"]: 100}
    assert len(web.inv("history --json").document["releases"]) == 3


def test_a_first_revision_that_does_not_start_takes_its_service_away_again(web: Project) -> None:
    web.cloud.run.broken(web.pin("v1"))
    done = web.inv("deploy")
    assert done.code == 4
    assert "nothing serves" in done.err
    assert web.cloud.run.services == {}
    web.cloud.run.mended()
    assert web.inv("deploy").code == 0


def test_a_revision_that_never_gets_ready_is_given_up_after_deploy_timeout(web: Project) -> None:
    (old,) = web.deployed("v1")
    web.set(DEPLOY_TIMEOUT="2s")
    web.cloud.run.broken(web.pin("v2"), how="never")
    done = web.inv("deploy")
    assert done.code == 4
    assert "within DEPLOY_TIMEOUT (2 s)" in done.err
    assert web.traffic == {old: 100}


def test_a_revision_that_answers_badly_on_its_own_address_gets_no_traffic(web: Project) -> None:
    (old,) = web.deployed("v1")
    web.set(HEALTH_PATH="/health", HEALTH_TIMEOUT="1s")
    digest = web.pin("v2")
    web.cloud.run.respond(digest, status=500)
    done = web.inv("deploy")
    assert done.code == 4
    assert "GET /health answered 500" in done.err
    assert (web.traffic, web.tags) == ({old: 100}, {})
    assert len([each for each in web.changes if each == "services.patch"]) == 3  # up, back, the lock away


def test_a_check_that_fails_after_a_canary_step_puts_the_traffic_back(web: Project) -> None:
    (old,) = web.deployed("v1")
    web.set(CANARY="10", BAKE="0s", CHECK_HOME="GET /home 200")
    digest = web.pin("v2")

    def spoil() -> None:
        web.cloud.run.respond(digest, status=503, path="/home")

    web.cloud.meanwhile("run", "services.patch", spoil, after=1)
    done = web.inv("deploy")
    assert done.code == 4
    assert "GET /home answered 503" in done.err
    shares = [call.request["body"].get("traffic") for call in web.cloud.calls if call.method.endswith("patch")]
    assert [{each["revision"]: each.get("percent", 0) for each in share}[old] for share in shares if share] == [
        100,
        90,
        100,
    ]
    assert (web.traffic, web.tags) == ({old: 100}, {})


def test_who_serves_is_given_back_with_its_tags(web: Project) -> None:
    first, second = web.deployed("v1", "v2")

    def split(document: dict[str, object]) -> None:
        by_name = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
        document["traffic"] = [
            {"type": by_name, "revision": first, "percent": 30, "tag": "old"},
            {"type": by_name, "revision": second, "percent": 70},
            {"type": by_name, "revision": second, "tag": "new"},
        ]

    web.cloud.run.edit("web", split, wait=True)
    web.set(CHECK_HOME="GET / 200", CANARY="50", BAKE="0s")
    web.cloud.run.respond(web.pin("v3"), status=500)
    done = web.inv("deploy")
    assert done.code == 4, done.err
    assert web.traffic == {first: 30, second: 70}
    assert web.tags == {"old": first, "new": second}


def test_who_may_call_it_is_given_back_too(web: Project) -> None:
    web.deployed("v1")
    web.set(PUBLIC="false")
    web.cloud.run.broken(web.pin("v2"))
    assert web.inv("deploy").code == 4
    assert web.service["invokerIamDisabled"]


def test_a_revision_that_serves_and_fails_stays_where_auto_rollback_says_so(web: Project) -> None:
    (old,) = web.deployed("v1")
    web.set(AUTO_ROLLBACK="false", HEALTH_PATH="/health", HEALTH_TIMEOUT="1s")
    digest = web.pin("v2")
    web.cloud.meanwhile("run", "services.patch", lambda: web.cloud.run.respond(digest, status=500), after=1)
    done = web.inv("deploy")
    assert done.code == 4
    assert "AUTO_ROLLBACK=false" in done.err
    assert old not in web.traffic


def test_a_secret_that_is_not_there_is_named(web: Project) -> None:
    web.deployed("v1")
    web.set(SECRET_TOKEN="nothing-of-that-name")
    web.pin("v2")
    done = web.inv("deploy")
    assert done.code == 4
    assert "nothing-of-that-name" in done.err


def test_traffic_that_is_taken_away_meanwhile_is_said(web: Project) -> None:
    (old,) = web.deployed("v1")
    web.set(CANARY="50", BAKE="1s", HEALTH_PATH="/health")
    web.pin("v2")

    def take(document: dict[str, object]) -> None:
        document["traffic"] = [{"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", "revision": old, "percent": 100}]

    web.cloud.meanwhile(
        "run", "services.get", lambda: web.cloud.run.edit("web", take, who="bob@example.com", wait=True), after=3
    )
    done = web.inv("deploy")
    assert done.code == 4
    assert "no traffic any more" in done.err
    assert web.traffic == {old: 100}


@BOTH
@pytest.mark.parametrize("part", ["services.get", "services.patch"])
@pytest.mark.parametrize("status", [429, 503])
def test_what_google_cannot_do_just_now_is_asked_again(web: Project, part: str, status: int) -> None:
    web.deployed("v1")
    web.pin("v2")
    web.cloud.fault("run", part, status, times=2)
    done = web.inv("deploy --json")
    assert done.code == 0, done.err
    assert web.traffic == {done.document["revision"]: 100}


@BOTH
@pytest.mark.parametrize("step", [0, 1, 2])
def test_a_write_whose_answer_is_lost_is_recognised(web: Project, step: int) -> None:
    web.deployed("v1")
    web.pin("v2")
    web.cloud.fault("run", "services.patch", 503, lost=True, after=step)
    done = web.inv("deploy --json")
    assert done.code == 0, done.err
    assert web.traffic == {done.document["revision"]: 100}
    assert len(web.inv("history --json").document["releases"]) == 2
    assert web.lock == ""


def test_a_service_whose_creation_is_not_answered_is_recognised(web: Project) -> None:
    web.pin("v1")
    web.cloud.fault("run", "services.create", 503, lost=True)
    done = web.inv("deploy --json")
    assert done.code == 0, done.err
    assert web.traffic == {done.document["revision"]: 100}
    assert web.lock == ""


@pytest.mark.parametrize("gcp_transport", ["rest", "grpc"])
def test_an_etag_that_reconciling_changes_is_no_conflict(web: Project) -> None:
    web.cloud.run.status_etags = True
    web.deployed("v1")
    web.cloud.run.rollout = 0.3
    web.pin("v2")
    done = web.inv("deploy --json")
    assert done.code == 0, done.err
    assert web.traffic == {done.document["revision"]: 100}
