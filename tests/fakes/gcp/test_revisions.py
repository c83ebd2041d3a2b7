"""Revisions: listed, looked at, deleted."""

from __future__ import annotations

import pytest
from google.api_core import exceptions
from google.cloud import run_v2

from tasks.gcp.clients import make

from .asking import IMAGE, created
from .cloud import Cloud

FAILED = run_v2.Condition.State.CONDITION_FAILED


def revisions() -> run_v2.RevisionsClient:
    client: run_v2.RevisionsClient = make(run_v2.RevisionsClient, "RUN")
    return client


def more(cloud: Cloud, count: int) -> list[str]:
    """A service with so many revisions, the last of which has all traffic; their names, oldest first."""
    names = [f"web-{each:05d}-abc" for each in range(1, count + 1)]
    for name in names:
        cloud.run.make("web", f"{IMAGE[:-5]}{name[4:9]}", revision=name)
    return names


@pytest.mark.parametrize("gcp_transport", ["rest", "grpc"])
def test_revisions_are_listed_newest_first_in_pages(gcp: Cloud) -> None:
    names = more(gcp, 5)
    request = run_v2.ListRevisionsRequest(parent=f"{gcp.run.parent}/services/web", page_size=2)
    pages = [
        [each.name.rpartition("/")[2] for each in page.revisions] for page in revisions().list_revisions(request).pages
    ]
    assert pages == [names[:2:-1], names[2:0:-1], names[:1]]


def test_a_service_that_is_not_there_has_no_revisions(gcp: Cloud) -> None:
    assert list(revisions().list_revisions(parent=f"{gcp.run.parent}/services/web")) == []


@pytest.mark.parametrize("gcp_transport", ["rest", "grpc"])
@pytest.mark.parametrize(
    ("how", "reason", "message"),
    [
        ("crash", "HEALTH_CHECK_CONTAINER_ERROR", "failed to start and listen on the port"),
        ("image", "CONTAINER_MISSING", "' not found."),
        ("denied", "CONTAINER_IMAGE_UNAUTHORIZED", "must have permission to read the image"),
    ],
)
def test_a_revision_that_failed_says_why(gcp: Cloud, how: str, reason: str, message: str) -> None:
    gcp.run.broken(IMAGE, how)
    live = created(gcp)
    ready = revisions().get_revision(name=f"{live.name}/revisions/web-00001-aaa").conditions[0]
    assert (ready.type_, ready.state) == ("Ready", FAILED)
    assert reason in (ready.reason.name, ready.revision_reason.name)
    assert message in ready.message


def test_a_slow_revision_is_ready_later_and_a_stuck_one_is_given_up(gcp: Cloud) -> None:
    gcp.run.broken(IMAGE, "slow", seconds=30)
    created(gcp)
    gcp.run.broken("api", "never", seconds=600)
    gcp.run.edit("api", lambda found: found.update(template={"containers": [{"image": "api"}]}))
    assert gcp.run.service("web")["reconciling"]
    gcp.later(30)
    assert not gcp.run.service("web")["reconciling"]
    assert gcp.run.service("api")["reconciling"]
    gcp.later(600)
    assert gcp.run.service("api")["terminalCondition"]["state"] == "CONDITION_FAILED"


def test_what_a_revision_wrote_before_it_failed_is_logged(gcp: Cloud) -> None:
    gcp.run.broken(IMAGE, "crash", logs=["exec format error"])
    created(gcp)
    found = gcp.logging.listed({"resourceNames": ["projects/test-project"], "filter": '"exec format error"'})
    assert [each["resource"]["labels"]["revision_name"] for each in found["entries"]] == ["web-00001-aaa"]


def test_a_revision_without_traffic_can_be_deleted_and_no_other(gcp: Cloud) -> None:
    names = more(gcp, 3)
    parent = f"{gcp.run.parent}/services/web/revisions"
    gcp.run.edit("web", lambda found: found.update(traffic=[traffic(names[1], 100), traffic(names[0], 0, "old")]))
    for name, why in ((names[0], "serving traffic"), (names[1], "serving traffic"), (names[2], "latest created")):
        with pytest.raises(exceptions.BadRequest, match=why):
            revisions().delete_revision(name=f"{parent}/{name}")
    gcp.run.edit("web", lambda found: found.update(traffic=[traffic(names[1], 100)]))
    gcp.run.catch_up()
    revisions().delete_revision(name=f"{parent}/{names[0]}")
    with pytest.raises(exceptions.NotFound):
        revisions().get_revision(name=f"{parent}/{names[0]}")


def traffic(revision: str, percent: int, tag: str = "") -> dict[str, object]:
    kind = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
    return {"type": kind, "revision": revision, "percent": percent, **({"tag": tag} if tag else {})}
