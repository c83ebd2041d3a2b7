"""How Cloud Run may be turned: slower, stricter, more forgiving."""

from __future__ import annotations

from typing import Any

import pytest
from google.api_core import exceptions

from .asking import IMAGE, OTHER, ask, created, services, to
from .cloud import Cloud


def second(cloud: Cloud) -> dict[str, Any]:
    """A service of two revisions, the first of which has all traffic."""
    live = created(cloud)
    live.template.containers[0].image, live.template.revision = OTHER, "web-00002-bbb"
    live.traffic = [to("web-00001-aaa", 100), to("web-00002-bbb", 0, "candidate")]
    services().update_service(service=live)
    found: dict[str, Any] = cloud.run.service("web")
    return found


def shares(cloud: Cloud) -> dict[str, int]:
    """What each revision gets, in percent."""
    return {each["revision"]: each.get("percent", 0) for each in cloud.run.service("web")["trafficStatuses"]}


def test_traffic_may_take_a_while_to_move(gcp: Cloud) -> None:
    second(gcp)
    gcp.set(routing=5.0)
    live = services().get_service(name=f"{gcp.run.parent}/services/web")
    live.traffic = [to("web-00002-bbb", 100)]
    services().update_service(service=live)
    assert shares(gcp) == {"web-00001-aaa": 100, "web-00002-bbb": 0}
    assert gcp.run.service("web")["reconciling"]
    gcp.later(5.0)
    assert shares(gcp) == {"web-00002-bbb": 100}
    assert not gcp.run.service("web")["reconciling"]


@pytest.mark.parametrize(("sticky", "state"), [(True, "CONDITION_FAILED"), (False, "CONDITION_SUCCEEDED")])
def test_a_failed_revision_may_be_forgotten_with_the_next_change(gcp: Cloud, sticky: bool, state: str) -> None:
    gcp.set(sticky=sticky)
    gcp.run.broken(OTHER)
    second(gcp)
    gcp.run.edit("web", lambda found: found.update(traffic=found["traffic"][:1]))
    assert gcp.run.service("web")["terminalCondition"]["state"] == state


def test_reconciling_may_change_the_etag(gcp: Cloud) -> None:
    live = created(gcp)
    gcp.set(status_etags=True)
    operation = services().update_service(service=live)
    given = operation.metadata.etag
    assert gcp.run.service("web")["etag"] != given
    live.etag = given
    with pytest.raises(exceptions.Conflict):
        services().update_service(service=live)


def test_a_revision_may_be_forced_of_the_same_template(gcp: Cloud) -> None:
    gcp.run.make("web", IMAGE)
    found = gcp.run.service("web")
    path = f"/v2/{found['name']}"
    body = {"template": found["template"], "traffic": found["traffic"]}
    assert ask(gcp, "PATCH", path, body)[1]["metadata"]["latestCreatedRevision"] == found["latestCreatedRevision"]
    forced = ask(gcp, "PATCH", f"{path}?forceNewRevision=true", body)[1]["metadata"]
    assert forced["latestCreatedRevision"] != found["latestCreatedRevision"]


def test_a_patch_may_create(gcp: Cloud) -> None:
    path, body = f"/v2/{gcp.run.parent}/services/web", {"template": {"containers": [{"image": IMAGE}]}}
    assert ask(gcp, "PATCH", path, body)[0] == 404
    assert ask(gcp, "PATCH", f"{path}?allowMissing=true", body)[0] == 200
    assert gcp.run.service("web")["terminalCondition"]["state"] == "CONDITION_SUCCEEDED"


def test_operations_are_kept(gcp: Cloud) -> None:
    second(gcp)
    listed = ask(gcp, "GET", f"/v2/{gcp.run.parent}/operations")[1]["operations"]
    assert [each["done"] for each in listed] == [True, True]
    name = listed[0]["name"]
    assert ask(gcp, "POST", f"/v2/{name}:wait", {"timeout": "1s"})[1]["response"]["name"].endswith("/services/web")
    assert ask(gcp, "DELETE", f"/v2/{name}")[0] == 200
    assert ask(gcp, "GET", f"/v2/{name}")[0] == 404


def test_images_of_a_host_may_lie_elsewhere(gcp: Cloud) -> None:
    gcp.set(registries={"europe-west1-docker.pkg.dev": "127.0.0.1:5000"})
    assert gcp.run.located(f"europe-west1-docker.pkg.dev/p/r/web@{'sha256:' + '1' * 64}").startswith(
        "127.0.0.1:5000/p/"
    )
    assert gcp.run.located(IMAGE) == IMAGE
