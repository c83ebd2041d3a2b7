"""What users of a service reach."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from google.cloud import run_v2

from .asking import IMAGE, OTHER, created, opened, services, status, template, to
from .cloud import Cloud


def split(cloud: Cloud, first: int) -> dict[str, Any]:
    """Two revisions; the first gets so many percent, and the second has the tag `next`."""
    live = created(cloud)
    live.template.containers[0].image, live.template.revision = OTHER, "web-00002-bbb"
    live.traffic = [to("web-00001-aaa", first), to("web-00002-bbb", 100 - first, "next")]
    services().update_service(service=live)
    found: dict[str, Any] = cloud.run.service("web")
    return found


def test_requests_are_shared_by_percents(gcp: Cloud) -> None:
    found = split(gcp, 80)
    answered = Counter(opened(found["uri"])[1]["revision"] for _ in range(50))
    assert answered == {"web-00001-aaa": 40, "web-00002-bbb": 10}


def test_a_tag_has_an_address_of_its_own(gcp: Cloud) -> None:
    found = split(gcp, 100)
    tagged = found["trafficStatuses"][1]
    assert {opened(found["uri"])[1]["revision"] for _ in range(5)} == {"web-00001-aaa"}
    assert opened(f"{tagged['uri']}/health")[1] == {
        "service": "web", "revision": "web-00002-bbb", "image": OTHER, "path": "/health"
    }  # fmt: skip


def test_a_tag_that_was_taken_away_answers_no_more(gcp: Cloud) -> None:
    url = split(gcp, 100)["trafficStatuses"][1]["uri"]
    gcp.run.edit("web", lambda found: found.update(traffic=found["traffic"][:1]))
    gcp.run.service("web")
    assert status(url) == 404


def test_a_service_without_names_in_its_traffic_follows_the_latest_revision(gcp: Cloud) -> None:
    gcp.run.make("web", IMAGE, invokerIamDisabled=True)
    gcp.run.make("web", OTHER, invokerIamDisabled=True, revision="web-00070-2ch")
    found = gcp.run.service("web")
    assert [(each["type"][-6:], each["revision"]) for each in found["trafficStatuses"]] == [("LATEST", "web-00070-2ch")]
    assert opened(found["uri"])[1]["image"] == OTHER


def test_revisions_answer_as_a_test_says(gcp: Cloud) -> None:
    url = created(gcp).uri
    gcp.run.respond("1" * 64, 500, "/health")
    gcp.run.respond("2" * 64, 404)
    assert (status(url), status(f"{url}/health/detailed")) == (200, 500)
    gcp.run.respond("", 200)
    assert status(f"{url}/health") == 200


def test_a_private_service_wants_a_token_for_its_address(gcp: Cloud) -> None:
    service = run_v2.Service(template=template())
    services().create_service(parent=gcp.run.parent, service_id="web", service=service)
    url = gcp.run.service("web")["uri"]
    token = gcp.tokens.identity("ci@test-project.iam.gserviceaccount.com", url)
    other = gcp.tokens.identity("ci@test-project.iam.gserviceaccount.com", "https://elsewhere.example.com")
    assert status(url) == 403
    assert status(url, {"Authorization": f"Bearer {other}"}) == 401
    assert status(url, {"Authorization": f"Bearer {token}"}) == 200


def test_a_policy_for_all_users_makes_a_service_public(gcp: Cloud) -> None:
    services().create_service(parent=gcp.run.parent, service_id="web", service=run_v2.Service(template=template()))
    binding = {"role": "roles/run.invoker", "members": ["allUsers"]}
    name = f"{gcp.run.parent}/services/web"
    services().set_iam_policy(request={"resource": name, "policy": {"bindings": [binding]}})
    assert services().get_iam_policy(request={"resource": name}).bindings[0].members == ["allUsers"]
    assert status(gcp.run.service("web")["uri"]) == 200


def test_from_outside_an_internal_service_is_not_there(gcp: Cloud) -> None:
    url = created(gcp, ingress=run_v2.IngressTraffic.INGRESS_TRAFFIC_INTERNAL_ONLY).uri
    assert status(url) == 404
    gcp.set(inside=True)
    assert status(url) == 200


@pytest.mark.parametrize(("code", "severity"), [(200, "INFO"), (404, "WARNING"), (500, "ERROR")])
def test_requests_are_logged(gcp: Cloud, code: int, severity: str) -> None:
    url = created(gcp).uri
    gcp.run.respond("", code)
    status(f"{url}/a?b=c")
    entry = gcp.logging.listed(
        {"resourceNames": ["projects/test-project"], "filter": 'log_id("run.googleapis.com/requests")'}
    )["entries"][0]
    assert entry["resource"]["labels"] == {
        "project_id": "test-project", "location": "europe-west1", "service_name": "web",
        "configuration_name": "web", "revision_name": "web-00001-aaa",
    }  # fmt: skip
    assert (entry["httpRequest"]["status"], entry["severity"]) == (code, severity)
    assert entry["httpRequest"]["requestUrl"] == f"{url}/a?b=c"
