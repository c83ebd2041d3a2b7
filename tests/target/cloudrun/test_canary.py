"""Traffic that is shared: by tags, by steps, and by revisions that others have left in it."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.target.cloudrun import reaching
from tests.target.cloudrun.project import Project

pytestmark = pytest.mark.usefixtures("hasty")
BY_NAME = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"


def put(web: Project, *targets: dict[str, Any]) -> None:
    """Somebody sets the traffic."""
    web.cloud.run.edit("web", lambda document: document.update({"traffic": list(targets)}), wait=True)


def shared(web: Project) -> set[str]:
    """Every revision that a call has asked traffic for."""
    asked = [each.request.get("body", {}).get("traffic", []) for each in web.cloud.calls]
    return {each["revision"] for targets in asked for each in targets if each.get("percent")}


def test_a_setting_that_makes_no_revision_sends_nobody_to_the_release_before(web: Project) -> None:
    _, second = web.deployed("v1", "v2")
    web.set(PUBLIC="false", CANARY="10,50", BAKE="0s")
    done = web.inv("deploy --json")
    assert done.code == 0, done.err
    assert (done.document["revision"], web.traffic) == (second, {second: 100})
    assert shared(web) <= {second}
    assert not web.service.get("invokerIamDisabled")


def test_a_setting_that_makes_no_revision_and_fails_leaves_who_serves(
    web: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, second = web.deployed("v1", "v2")
    web.set(PUBLIC="false", CHECK_HOME="GET / 200")
    monkeypatch.setattr(reaching, "kept_out", lambda *_, **__: "")  # so that a 403 is a failure
    done = web.inv("deploy")
    assert done.code == 4, done.err
    assert f"It was undone; {second} serves." in done.err
    assert (web.traffic, web.service["invokerIamDisabled"], web.lock) == ({second: 100}, True, "")


def test_traffic_that_goes_to_the_latest_is_pinned_without_a_canary(web: Project) -> None:
    _, second = web.deployed("v1", "v2")
    web.set(CANARY="10", BAKE="0s")
    put(web, {"type": LATEST, "percent": 100})
    done = web.inv("deploy --json")
    assert done.code == 0, done.err
    assert (done.document["revision"], shared(web)) == (second, {second})
    assert web.inv("deploy.plan").code == 0


def test_a_revision_keeps_each_of_its_tags(web: Project) -> None:
    first, second = web.deployed("v1", "v2")
    put(
        web,
        {"type": BY_NAME, "revision": second, "percent": 100},
        {"type": BY_NAME, "revision": first, "tag": "blue"},
        {"type": BY_NAME, "revision": first, "tag": "green"},
    )
    assert web.inv(f"traffic.split --to={first} --percent=20").code == 0
    assert (web.traffic, web.tags) == ({first: 20, second: 80}, {"blue": first, "green": first})
    done = web.inv("rollback --to=" + first)
    assert done.code == 0, done.err
    assert (web.traffic, web.tags) == ({first: 100}, {"blue": first, "green": first})


def test_a_tag_of_ones_own_outlives_the_deploy_that_gives_it_the_traffic(web: Project) -> None:
    web.deployed("v1")
    web.pin("v2")
    up = web.inv("deploy --json --no-traffic --traffic-tag=staging").document["revision"]
    assert web.inv("deploy").code == 0
    assert (web.traffic, web.tags) == ({up: 100}, {"staging": up})


def test_a_tag_of_another_outlives_a_deploy_that_is_gone_on_with(web: Project) -> None:
    first, second = web.deployed("v1", "v2")
    web.cloud.run.edit("web", lambda document: document["annotations"].pop("dockyard.releases"), wait=True)
    put(
        web,
        {"type": BY_NAME, "revision": second, "percent": 100},
        {"type": BY_NAME, "revision": first, "tag": "old"},
    )
    assert web.inv("deploy").code == 0
    assert (web.traffic, web.tags) == ({second: 100}, {"old": first})


def test_a_revision_that_is_in_the_traffic_with_nothing_is_no_canary(web: Project) -> None:
    first, second = web.deployed("v1", "v2")
    web.cloud.run.make("web", "gcr.io/cloudrun/hello", revision="web-00009-bob")
    put(
        web,
        {"type": BY_NAME, "revision": second, "percent": 100},
        {"type": BY_NAME, "revision": "web-00009-bob", "percent": 0},
    )
    done = web.inv("rollback --json")
    assert done.code == 0, done.err
    assert (done.document["revision"], web.traffic) == (first, {first: 100})


def test_a_rollback_to_an_image_without_a_digest_leaves_the_pin(web: Project) -> None:
    web.cloud.run.make("web", "gcr.io/cloudrun/hello", revision="web-00070-2ch")
    (own,) = web.deployed("v1")
    done = web.inv("rollback --to=web-00070-2ch")
    assert done.code == 0, done.err
    assert "env/prod.lock stays as it is" in done.err
    again = web.inv("deploy --json")
    assert again.code == 0, again.err
    assert web.traffic == {again.document["revision"]: 100}
    assert own


def test_a_deploy_that_was_killed_before_its_health_was_asked_asks_it(web: Project) -> None:
    (old,) = web.deployed("v1")
    web.set(HEALTH_PATH="/health", HEALTH_TIMEOUT="1s")
    digest = web.pin("v2")
    assert web.inv("deploy --no-traffic").code == 0
    web.cloud.run.respond(digest, status=500)
    web.cloud.forget()
    done = web.inv("deploy")
    assert done.code == 4, done.err
    assert shared(web) == {old}
    assert web.traffic == {old: 100}


@pytest.mark.parametrize("length", [45, 46, 49])
def test_a_service_with_a_long_name_has_a_short_tag_or_none(web: Project, length: int) -> None:
    service = "w" * length
    web.set(SERVICE=service, CANARY="10", BAKE="0s")
    first, second = web.deployed("v1", "v2")
    assert web.inv("rollback --json").document["revision"] == first
    shares = web.cloud.run.service(service)["trafficStatuses"]
    assert [(each["revision"], each.get("percent")) for each in shares] == [(first, 100)]
    assert second != first
