"""Services: created, changed under their etags, reconciled after that."""

from __future__ import annotations

import pytest
from google.api_core import exceptions
from google.cloud import run_v2

from .asking import IMAGE, OTHER, ask, created, services, template, to
from .cloud import Cloud

TRANSPORTS = pytest.mark.parametrize("gcp_transport", ["rest", "grpc"])
SUCCEEDED, FAILED = run_v2.Condition.State.CONDITION_SUCCEEDED, run_v2.Condition.State.CONDITION_FAILED


def changed(live: run_v2.Service, image: str = OTHER, revision: str = "web-00002-bbb") -> run_v2.Service:
    """The service with a second revision at 0 %, tagged."""
    live.template.containers[0].image, live.template.revision = image, revision
    live.traffic = [to("web-00001-aaa", 100), to(revision, 0, "candidate")]
    return live


@TRANSPORTS
def test_a_service_that_was_created_is_ready_once_somebody_looks(gcp: Cloud) -> None:
    service = run_v2.Service(template=template())
    operation = services().create_service(parent=gcp.run.parent, service_id="web", service=service)
    assert operation.metadata.reconciling
    assert (operation.metadata.generation, operation.metadata.observed_generation) == (1, 0)
    found = services().get_service(name=f"{gcp.run.parent}/services/web")
    assert not found.reconciling
    assert (found.generation, found.observed_generation) == (1, 1)
    assert found.terminal_condition.state == SUCCEEDED
    assert found.latest_ready_revision == found.latest_created_revision
    assert operation.result(timeout=5).uri == found.uri  # type: ignore[no-untyped-call]


def test_the_server_fills_in_what_was_not_said(gcp: Cloud) -> None:
    found = created(gcp)
    container = found.template.containers[0]
    assert dict(container.resources.limits) == {"cpu": "1000m", "memory": "512Mi"}
    assert container.resources.cpu_idle
    assert container.ports[0].container_port == 8080
    assert container.startup_probe.tcp_socket.port == 8080
    assert found.template.timeout.seconds == 300
    assert found.template.max_instance_request_concurrency == 80
    assert found.template.service_account == "123456789012-compute@developer.gserviceaccount.com"


def test_a_service_that_is_there_is_not_created_again(gcp: Cloud) -> None:
    created(gcp)
    with pytest.raises(exceptions.Conflict, match="already exists"):
        created(gcp)


def test_cpu_is_always_allocated_where_resources_are_given_and_do_not_say_otherwise(gcp: Cloud) -> None:
    body = {"template": {"containers": [{"image": IMAGE, "resources": {"limits": {"cpu": "1"}}}]}}
    ask(gcp, "POST", f"/v2/{gcp.run.parent}/services?serviceId=web", body)
    assert "cpuIdle" not in gcp.run.service("web")["template"]["containers"][0]["resources"]


@TRANSPORTS
def test_a_second_revision_comes_up_beside_the_first_in_one_update(gcp: Cloud) -> None:
    services().update_service(service=changed(created(gcp)))
    found = services().get_service(name=f"{gcp.run.parent}/services/web")
    shares = [(each.revision, each.percent, each.tag) for each in found.traffic_statuses]
    assert shares == [("web-00001-aaa", 100, ""), ("web-00002-bbb", 0, "candidate")]
    assert found.traffic_statuses[1].uri.startswith("http://127.0.0.1:")


def test_the_revision_is_ready_after_the_rollout(gcp: Cloud) -> None:
    live = created(gcp)
    gcp.set(rollout=60.0)
    services().update_service(service=changed(live))
    found = gcp.run.service("web")
    assert (found["reconciling"], found["observedGeneration"]) == (True, "1")
    assert [each["revision"] for each in found["trafficStatuses"]] == ["web-00001-aaa"]
    gcp.later(60.0)
    assert not gcp.run.service("web")["reconciling"]
    assert gcp.run.service("web")["latestReadyRevision"].endswith("/web-00002-bbb")


@TRANSPORTS
def test_a_revision_that_fails_leaves_traffic_where_it_was(gcp: Cloud) -> None:
    live = created(gcp)
    gcp.run.broken(OTHER, "crash", logs=["Traceback (most recent call last):"])
    operation = services().update_service(service=changed(live))
    found = services().get_service(name=live.name)
    assert [(each.revision, each.percent) for each in found.traffic_statuses] == [("web-00001-aaa", 100)]
    assert found.terminal_condition.state == FAILED
    assert found.terminal_condition.message.startswith(
        "Revision 'web-00002-bbb' is not ready and cannot serve traffic. The user-provided container failed to start"
    )
    assert found.latest_ready_revision.endswith("/web-00001-aaa")
    assert found.observed_generation == found.generation
    with pytest.raises(exceptions.GoogleAPICallError, match="web-00002-bbb") as refused:
        operation.result(timeout=5)  # type: ignore[no-untyped-call]
    assert isinstance(refused.value, exceptions.FailedPrecondition)


def test_a_service_stays_not_ready_while_its_latest_revision_is_a_failed_one(gcp: Cloud) -> None:
    live = created(gcp)
    gcp.run.broken(OTHER, "image")
    services().update_service(service=changed(live))
    gcp.run.edit("web", lambda found: found.update(traffic=found["traffic"][:1]))
    found = gcp.run.service("web")
    assert [each["state"] for each in found["conditions"]] == ["CONDITION_FAILED", "CONDITION_SUCCEEDED"]
    assert found["terminalCondition"]["message"].endswith(f"Image '{OTHER}' not found.")


@TRANSPORTS
def test_an_etag_that_is_not_the_current_one_is_a_conflict(gcp: Cloud) -> None:
    live = created(gcp)
    gcp.run.edit("web", lambda found: found.update(description="theirs"))
    with pytest.raises(exceptions.Conflict, match="Conflict for resource 'web'"):
        services().update_service(service=changed(live))
    assert gcp.calls[-1].reason == "ABORTED"
    live.etag = ""
    services().update_service(service=changed(live))


def test_annotations_and_traffic_make_no_revision_and_another_generation(gcp: Cloud) -> None:
    live = created(gcp)
    live.annotations["dockyard.lock"] = "{}"
    services().update_service(service=live)
    found = services().get_service(name=live.name)
    assert (found.generation, found.latest_created_revision) == (2, live.latest_created_revision)
    assert found.etag != live.etag


def test_a_name_that_another_revision_has_is_a_conflict(gcp: Cloud) -> None:
    live = created(gcp)
    live.template.containers[0].image = OTHER
    with pytest.raises(exceptions.Conflict, match="Revision named 'web-00001-aaa' with different configuration"):
        services().update_service(service=live)
    assert gcp.calls[-1].reason == "ALREADY_EXISTS"
    live.template.revision = ""
    services().update_service(service=live)
    assert gcp.run.service("web")["latestCreatedRevision"].rpartition("/")[2].startswith("web-00002-")


def test_an_update_without_a_mask_replaces_all(gcp: Cloud) -> None:
    created(gcp, description="mine")
    path = f"/v2/{gcp.run.parent}/services/web"
    ask(gcp, "PATCH", path, {"template": {"containers": [{"image": IMAGE}]}})
    found = gcp.run.service("web")
    assert "description" not in found
    assert [each["type"] for each in found["traffic"]] == ["TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"]


def test_an_update_with_a_mask_replaces_that(gcp: Cloud) -> None:
    live = created(gcp, description="mine")
    path = f"/v2/{live.name}?updateMask=template.timeout"
    assert ask(gcp, "PATCH", path, {"template": {"timeout": "9s"}})[0] == 409  # for the revision's name is left in
    assert ask(gcp, "PATCH", f"{path},template.revision", {"template": {"timeout": "9s"}})[0] == 200
    found = gcp.run.service("web")
    assert (found["description"], found["template"]["timeout"]) == ("mine", "9s")
    assert found["template"]["containers"][0]["image"] == IMAGE


@TRANSPORTS
def test_validate_only_fills_in_and_stores_nothing(gcp: Cloud) -> None:
    live = created(gcp)
    before = gcp.run.service("web")
    operation = services().update_service(request={"service": changed(live), "validate_only": True})
    assert operation.metadata.template.containers[0].image == OTHER
    assert operation.metadata.template.containers[0].ports[0].container_port == 8080
    assert gcp.run.service("web") == before
    assert list(gcp.run.services[live.name].revisions) == ["web-00001-aaa"]


def test_validate_only_refuses_what_an_update_refuses(gcp: Cloud) -> None:
    live = created(gcp)
    live.traffic = [to("web-00001-aaa", 90)]
    with pytest.raises(exceptions.BadRequest, match="must be 100"):
        services().update_service(request={"service": live, "validate_only": True})


def test_a_service_that_was_deleted_is_gone(gcp: Cloud) -> None:
    live = created(gcp)
    services().delete_service(name=live.name)
    with pytest.raises(exceptions.NotFound):
        services().get_service(name=live.name)


def test_a_revision_that_never_comes_up_leaves_other_traffic_movable(gcp: Cloud) -> None:
    live = created(gcp)
    gcp.run.broken(OTHER, "never")
    services().update_service(service=changed(live))
    gcp.run.edit("web", lambda found: found.update(traffic=[{**found["traffic"][0], "tag": "old"}]))
    found = gcp.run.service("web")
    assert found["reconciling"]
    assert [each["tag"] for each in found["trafficStatuses"]] == ["old"]
