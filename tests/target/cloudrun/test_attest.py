"""What Cloud Run itself says of a rollout, beyond what runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.cloud import run_v2

from tasks.target import Traffic
from tasks.target.cloudrun import attest, pool
from tasks.target.cloudrun.running import LATEST
from tasks.target.cloudrun.service import Fleet
from tests.fakes.gcp.cloud import Cloud
from tests.target.cloudrun.looking import change, deployed, digest, fleet, release

ONE, TWO = "web-00001-abc", "web-00002-abd"
WORKER = "PROCESS_MAIL=python mail.py\n"


def checks(of: Fleet, tag: str = "v1") -> dict[str, tuple[bool | None, str]]:
    of.forget()
    return {each.name: (each.ok, each.detail) for each in attest.attest(of, of.look(), digest(tag))}


@pytest.mark.parametrize("gcp_transport", ["rest", "grpc"])
def test_a_service_that_serves_as_asked_is_ready_and_pinned(gcp: Cloud, tmp_path: Path) -> None:
    of = fleet(gcp, tmp_path)
    deployed(gcp, of, ONE, "v1")
    assert checks(of) == {"service": (True, "generation 1 is ready"), "pinned": (True, f"{ONE} 100 %")}


def test_a_service_under_way_tells_nothing_yet(gcp: Cloud, tmp_path: Path) -> None:
    of = fleet(gcp, tmp_path)
    deployed(gcp, of, ONE, "v1")
    gcp.set(rollout=30.0)
    deployed(gcp, of, TWO, "v2")
    found = checks(of)
    assert found["service"] == (None, "generation 2 is under way, 1 is what runs")
    assert found["pinned"][0] is False
    assert found["pinned"][1] == f"{ONE} 100 %, where {TWO} 100 % was asked"


def test_a_newest_revision_that_failed_without_traffic_fails_nothing(gcp: Cloud, tmp_path: Path) -> None:
    of = fleet(gcp, tmp_path)
    deployed(gcp, of, ONE, "v1")
    gcp.run.broken(TWO, message="it crashed")
    deployed(gcp, of, TWO, "v2", [Traffic(ONE, 100), Traffic(TWO, 0, "candidate")])
    ok, detail = checks(of)["service"]
    assert ok is True
    assert f"{TWO}: " in detail
    assert detail.endswith("it has no traffic")


def test_a_newer_revision_without_traffic_is_said(gcp: Cloud, tmp_path: Path) -> None:
    of = fleet(gcp, tmp_path)
    deployed(gcp, of, ONE, "v1")
    deployed(gcp, of, TWO, "v2", [Traffic(ONE, 100)])
    assert checks(of)["pinned"] == (True, f"{ONE} 100 %; {TWO} is newer, and has no traffic")


def test_traffic_that_follows_the_latest_revision_is_unverified(gcp: Cloud, tmp_path: Path) -> None:
    of = fleet(gcp, tmp_path)
    deployed(gcp, of, ONE, "v1")
    change(of, traffic=[run_v2.TrafficTarget(type_=LATEST, percent=100)])
    ok, detail = checks(of)["pinned"]
    assert ok is None
    assert detail.startswith(f"{ONE} 100 %: it follows the latest revision")


def test_no_service_is_a_failure(gcp: Cloud, tmp_path: Path) -> None:
    assert checks(fleet(gcp, tmp_path)) == {"service": (False, "there is no service web")}


def test_a_worker_without_a_pool_or_with_another_digest_fails(gcp: Cloud, tmp_path: Path) -> None:
    of = fleet(gcp, tmp_path, WORKER)
    deployed(gcp, of, ONE, "v1")
    assert checks(of)["worker mail"] == (False, "there is no worker pool web-mail")
    wanted = pool.wanted(
        None, of.environment, release(gcp, "v0"), "mail", ["python"], of=ONE, revision="web-mail-00001-abc"
    )
    of.clients.pools.create_worker_pool(parent=of.clients.parent, worker_pool=wanted, worker_pool_id="web-mail")
    assert checks(of)["worker mail"] == (True, "generation 1 is ready")
    ok, detail = checks(of)["digest of mail"]
    assert (ok, detail) == (False, f"web-mail-00001-abc runs {digest('v0')}, not {digest('v1')}")
    assert checks(of, "v0")["digest of mail"][0] is True
