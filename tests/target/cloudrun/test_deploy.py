"""A deploy on Cloud Run: what is asked of it, in which order, and what an operator is told when it fails."""

from __future__ import annotations

import pytest

from tests.target.cloudrun.project import Project

BOTH = pytest.mark.parametrize("gcp_transport", ["rest", "grpc"])


@BOTH
def test_a_first_deploy_creates_the_service(web: Project) -> None:
    digest = web.pin("v1")
    done = web.inv("deploy --json --note=why")
    assert done.code == 0, done.err
    document = done.document
    assert (document["previous"], document["digest"], document["changed"]) == (None, digest, True)
    assert web.traffic == {document["revision"]: 100}
    assert web.tags == {}
    assert web.lock == ""
    (release,) = web.inv("history --json").document["releases"]
    assert (release["revision"], release["verified"], release["note"], release["git_sha"]) == (
        document["revision"],
        True,
        "why",
        "c0ffee",
    )


@BOTH
def test_a_deploy_comes_up_at_0_percent_then_gets_the_traffic_by_name(web: Project) -> None:
    (old,) = web.deployed("v1")
    web.pin("v2")
    done = web.inv("deploy --json")
    assert done.code == 0, done.err
    new = done.document["revision"]
    assert (done.document["previous"], web.traffic) == (old, {new: 100})
    up, moved, recorded = [each for each in web.cloud.calls if each.method.endswith("services.patch")]
    by_name = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
    assert up.request["body"]["template"]["revision"] == new
    assert up.request["body"]["traffic"] == [
        {"type": by_name, "revision": old, "percent": 100},
        {"type": by_name, "revision": new, "tag": "candidate"},
    ]
    assert "dockyard.lock" in up.request["body"]["annotations"]
    assert moved.request["updateMask"] == "traffic"
    assert moved.request["body"]["traffic"] == [{"type": by_name, "revision": new, "percent": 100}]
    assert recorded.request["updateMask"] == "annotations"
    assert set(recorded.request["body"]["annotations"]) == {"dockyard.releases"}
    assert web.tags == {}


def test_the_calls_of_a_first_deploy(web: Project) -> None:
    web.pin("v1")
    web.cloud.forget()
    assert web.inv("deploy").code == 0
    assert web.calls == ["services.get", "services.create", "services.get", "services.patch"]


def test_the_calls_of_a_deploy(web: Project) -> None:
    web.deployed("v1")
    web.pin("v2")
    assert web.inv("deploy").code == 0
    assert web.calls == [
        "services.get",
        "services.patch",  # the template at 0 %, and the lock
        "services.get",
        "services.patch",  # the traffic
        "services.get",
        "services.patch",  # verified, and the lock away
    ]


@pytest.mark.parametrize(("line", "code"), [("deploy --dry", 0), ("deploy.plan", 2), ("deploy.plan --json", 2)])
def test_a_plan_is_validated_and_changes_nothing(web: Project, line: str, code: int) -> None:
    (old,) = web.deployed("v1")
    web.pin("v2")
    web.set(ENV_LOG_LEVEL="debug")
    before = web.service
    done = web.inv(line)
    assert done.code == code, done.err
    assert "LOG_LEVEL" in done.err
    assert web.calls == ["services.get", "services.patch"]
    assert web.cloud.calls[-1].request["validateOnly"]
    assert web.service == before
    assert web.traffic == {old: 100}


def test_the_plan_of_a_service_that_is_not_there_yet_is_validated_too(web: Project) -> None:
    web.pin("v1")
    assert web.inv("deploy.plan").code == 2
    assert web.calls == ["services.get", "services.create"]
    assert web.cloud.run.services == {}


def test_a_plan_without_changes_changes_nothing(web: Project) -> None:
    (old,) = web.deployed("v1")
    done = web.inv("deploy --json")
    assert (done.code, done.document["changed"]) == (0, False), done.err
    assert web.inv("deploy.plan").code == 0
    assert web.changes == []
    assert web.traffic == {old: 100}


def test_force_deploys_the_same_pin_anew(web: Project) -> None:
    (old,) = web.deployed("v1")
    done = web.inv("deploy --json --force")
    assert done.code == 0, done.err
    assert done.document["revision"] != old
    assert web.traffic == {done.document["revision"]: 100}


def test_what_cloud_run_refuses_is_refused_before_the_migrations(web: Project) -> None:
    web.deployed("v1")
    web.pin("v2")
    web.set(RELEASE_COMMAND="alembic upgrade head")
    web.cloud.fault("run", "services.patch", 400, "spec.template is wrong")
    done = web.inv("deploy")
    assert done.code == 1
    assert "spec.template is wrong" in done.err
    assert not [each for each in web.calls if each.startswith("jobs")]


def test_traffic_that_somebody_pinned_is_moved(web: Project) -> None:
    first, _ = web.deployed("v1", "v2")

    def pin(document: dict[str, object]) -> None:
        document["traffic"] = [{"type": "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", "revision": first, "percent": 100}]

    web.cloud.run.edit("web", pin, wait=True)
    assert web.traffic == {first: 100}
    assert web.inv("status --json").document["revision"] == first
    plan = web.inv("deploy.plan --json")
    assert plan.code == 2
    assert "traffic" in {each["what"] for each in plan.document["changes"]}
    done = web.inv("deploy --json")
    assert done.code == 0, done.err
    assert web.traffic == {done.document["revision"]: 100}
    assert done.document["previous"] == first


def test_a_service_whose_traffic_goes_to_the_latest_revision_is_pinned_by_the_first_deploy(web: Project) -> None:
    web.cloud.run.make("web", "gcr.io/cloudrun/hello", revision="web-00001-abc", labels={"team": "a"})
    web.pin("v1")
    done = web.inv("deploy --json")
    assert done.code == 0, done.err
    assert done.document["previous"] == "web-00001-abc"
    assert web.traffic == {done.document["revision"]: 100}
    assert {each["type"].rpartition("_")[2] for each in web.service["trafficStatuses"]} == {"REVISION"}
    assert web.service["labels"] == {"team": "a"}


def test_a_revision_without_traffic_is_reached_by_its_tag(web: Project) -> None:
    (old,) = web.deployed("v1")
    web.pin("v2")
    done = web.inv("deploy --json --no-traffic --traffic-tag=staging")
    assert done.code == 0, done.err
    new = done.document["revision"]
    assert (web.traffic, web.tags) == ({old: 100}, {"staging": new})
    assert web.lock == ""
    web.cloud.forget()
    assert web.inv("traffic.split --to=staging --percent=20").code == 0
    assert (web.traffic, web.tags) == ({old: 80, new: 20}, {"staging": new})
    assert web.inv("traffic.migrate --to=staging").code == 0
    assert (web.traffic, web.tags) == ({new: 100}, {"staging": new})
    assert web.lock == ""
    assert web.inv("deploy.plan").code == 0


def test_a_revision_without_traffic_has_a_tag_of_its_own_that_the_next_deploy_takes(web: Project) -> None:
    (old,) = web.deployed("v1")
    web.pin("v2")
    second = web.inv("deploy --json --no-traffic").document["revision"]
    assert web.tags == {"candidate": second}
    web.pin("v3")
    done = web.inv("deploy --json")
    assert done.code == 0, done.err
    assert (web.traffic, web.tags) == ({done.document["revision"]: 100}, {})
    assert done.document["previous"] == old


def test_a_release_that_is_up_without_traffic_gets_it_by_a_deploy(web: Project) -> None:
    web.deployed("v1")
    web.pin("v2")
    up = web.inv("deploy --json --no-traffic").document["revision"]
    done = web.inv("deploy --json")
    assert done.code == 0, done.err
    assert done.document["revision"] == up
    assert (web.traffic, web.tags) == ({up: 100}, {})


@pytest.mark.parametrize("tag", ["Staging", "9", "a" * 44])
def test_a_tag_that_cloud_run_does_not_take_is_refused_before_anything_is_asked(web: Project, tag: str) -> None:
    web.pin("v1")
    done = web.inv(f"deploy --traffic-tag={tag}")
    assert done.code == 1
    assert f"--traffic-tag={tag}" in done.err
    assert web.changes == []


def test_a_canary_goes_by_steps_and_is_probed_on_its_own_address(web: Project) -> None:
    (old,) = web.deployed("v1")
    web.set(CANARY="10,50", BAKE="0s", CHECK_HOME="GET / 200")
    web.pin("v2")
    done = web.inv("deploy --json")
    assert done.code == 0, done.err
    new = done.document["revision"]
    shares = [
        {each["revision"]: each.get("percent", 0) for each in call.request["body"]["traffic"]}
        for call in web.cloud.calls
        if call.method.endswith("services.patch") and "traffic" in call.request.get("updateMask", "traffic")
    ]
    assert shares == [{old: 100, new: 0}, {old: 90, new: 10}, {old: 50, new: 50}, {new: 100}]
    assert web.tags == {}


def test_a_setting_that_makes_no_revision_makes_none(web: Project) -> None:
    (old,) = web.deployed("v1")
    web.set(PUBLIC="false")
    done = web.inv("deploy --json")
    assert done.code == 0, done.err
    assert done.document["revision"] == old
    assert not web.service.get("invokerIamDisabled")
    assert len(web.inv("history --json").document["releases"]) == 1
