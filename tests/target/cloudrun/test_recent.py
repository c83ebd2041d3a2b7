"""What Cloud Run says lately: revisions with their states, and conditions that are not OK."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.target import Recent, Traffic
from tasks.target.cloudrun import recent
from tests.fakes.gcp.cloud import Cloud
from tests.target.cloudrun.looking import deployed, fleet

ONE, TWO = "web-00001-abc", "web-00002-abd"


def test_nothing_is_told_of_no_service(gcp: Cloud, tmp_path: Path) -> None:
    assert recent.recent(fleet(gcp, tmp_path)) == Recent()


def test_revisions_that_serve_or_are_ready_are_told_without_events(gcp: Cloud, tmp_path: Path) -> None:
    of = fleet(gcp, tmp_path)
    deployed(gcp, of, ONE, "v1")
    deployed(gcp, of, TWO, "v2")
    found = recent.recent(of)
    assert [(each.revision, each.state) for each in found.deployments] == [(TWO, "serving"), (ONE, "ready")]
    assert all(each.at for each in found.deployments)
    assert found.events == ()


def test_traffic_that_is_pinned_to_an_older_revision_is_told(gcp: Cloud, tmp_path: Path) -> None:
    of = fleet(gcp, tmp_path)
    deployed(gcp, of, ONE, "v1")
    deployed(gcp, of, TWO, "v2", [Traffic(ONE, 100), Traffic(TWO, 0, "candidate")])
    (event,) = recent.recent(of).events
    assert event.text == f"the traffic is pinned to {ONE} 100 %; {TWO} is newer, and has none"
    assert event.at


@pytest.mark.parametrize("gcp_transport", ["rest", "grpc"])
def test_a_revision_that_failed_is_told_with_its_own_message(gcp: Cloud, tmp_path: Path) -> None:
    of = fleet(gcp, tmp_path)
    deployed(gcp, of, ONE, "v1")
    gcp.run.broken("web-00002", message="the container did not listen on 8080")
    deployed(gcp, of, TWO, "v2", [Traffic(ONE, 100), Traffic(TWO, 0, "candidate")])
    found = recent.recent(of)
    failed, serving = found.deployments
    assert (failed.revision, failed.state) == (TWO, "HEALTH_CHECK_CONTAINER_ERROR")
    assert failed.detail == "the container did not listen on 8080"
    assert (serving.revision, serving.state) == (ONE, "serving")
    assert any(each.text.startswith(f"{TWO}: Ready HEALTH_CHECK_CONTAINER_ERROR: the con") for each in found.events)
    assert len({each.text for each in found.events}) == len(found.events)
