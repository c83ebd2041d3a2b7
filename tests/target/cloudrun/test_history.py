"""What ran before: every revision that Cloud Run keeps, with what the ledger says of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.cloud import run_v2

from tasks.target import Traffic
from tasks.target.cloudrun import history
from tasks.target.cloudrun.running import LATEST
from tests.fakes.gcp.cloud import Cloud
from tests.target.cloudrun.looking import change, deployed, digest, fleet, release, verified

ONE, TWO, THREE = "web-00001-abc", "web-00002-abd", "web-00003-abf"


@pytest.mark.parametrize("gcp_transport", ["rest", "grpc"])
def test_revisions_are_listed_newest_first_with_what_was_verified(gcp: Cloud, tmp_path: Path) -> None:
    of = fleet(gcp, tmp_path)
    deployed(gcp, of, ONE, "v1")
    verified(of, ONE)
    deployed(gcp, of, TWO, "v2", [Traffic(ONE, 90), Traffic(TWO, 10, "candidate")])
    gcp.forget()
    found = history.history(of)
    assert sorted(gcp.methods()) == [
        "run.projects.locations.services.get",
        "run.projects.locations.services.revisions.list",
    ]
    assert [(each.name, each.verified, each.percent, each.traffic_tag, each.running) for each in found] == [
        (TWO, False, 10, "candidate", True),
        (ONE, True, 90, "", True),
    ]
    assert [each.release for each in found] == [release(gcp, "v2"), release(gcp, "v1")]
    assert found[0].spec == found[1].spec != ""


def test_a_revision_that_dockyard_never_made_can_be_gone_back_to(gcp: Cloud, tmp_path: Path) -> None:
    of = fleet(gcp, tmp_path)
    deployed(gcp, of, ONE, "v1")
    live = of.read()
    assert live is not None
    live.template.annotations.clear()
    live.template.containers[0].image = f"{of.environment.image}@{digest('foreign')}"
    change(of, template=live.template, traffic=[run_v2.TrafficTarget(type_=LATEST, percent=100)])
    newest, _ = history.history(of)
    assert (newest.release.digest, newest.release.tag, newest.startable) == (digest("foreign"), "", True)
    assert newest.release.by


def test_nothing_ran_where_there_is_no_service(gcp: Cloud, tmp_path: Path) -> None:
    of = fleet(gcp, tmp_path)
    assert list(history.history(of)) == []
    assert history.previous(of) == ""


def test_what_served_before_is_the_last_verified_other_one(gcp: Cloud, tmp_path: Path) -> None:
    of = fleet(gcp, tmp_path)
    for name, tag in ((ONE, "v1"), (TWO, "v2"), (THREE, "v3")):
        deployed(gcp, of, name, tag)
    assert history.previous(of) == TWO  # nothing is verified: the newest other one
    verified(of, ONE, THREE)
    assert history.previous(of) == ONE


def test_what_served_before_may_be_deleted_for_its_log_is_kept(gcp: Cloud, tmp_path: Path) -> None:
    of = fleet(gcp, tmp_path)
    for name, tag in ((ONE, "v1"), (TWO, "v2"), (THREE, "v3")):
        deployed(gcp, of, name, tag)
    verified(of, ONE, TWO)
    of.clients.revisions.delete_revision(name=f"{of.name}/revisions/{TWO}")
    of.forget()
    gcp.forget()
    assert history.previous(of) == TWO
    assert gcp.methods() == ["run.projects.locations.services.get"]
