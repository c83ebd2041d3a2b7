"""Credentials that may not do one thing: a sentence that names it, and nothing half done."""

from __future__ import annotations

import pytest

from tests.target.cloudrun.project import Project

pytestmark = pytest.mark.usefixtures("hasty")
BOTH = pytest.mark.parametrize("gcp_transport", ["rest", "grpc"])


@BOTH
@pytest.mark.parametrize("permission", ["run.services.get", "run.services.update"])
def test_a_permission_that_is_not_there_is_named_and_nothing_is_changed(web: Project, permission: str) -> None:
    (old,) = web.deployed("v1")
    web.pin("v2")
    before = web.service
    web.cloud.deny(permission)
    done = web.inv("deploy")
    assert done.code == 1, done.err
    assert f"Google denies {permission}" in done.err
    assert "Traceback" not in done.err
    assert web.service == before
    web.cloud.healthy()
    assert web.traffic == {old: 100}


def test_a_service_that_may_not_be_created_is_said(web: Project) -> None:
    web.pin("v1")
    web.cloud.deny("run.services.create")
    done = web.inv("deploy")
    assert done.code == 1
    assert "Google denies run.services.create" in done.err


@pytest.mark.parametrize("step", [1, 2])
def test_a_permission_that_is_lost_on_the_way_leaves_the_traffic_where_it_was(web: Project, step: int) -> None:
    (old,) = web.deployed("v1")
    web.pin("v2")
    web.cloud.fault("run", "services.patch", 403, after=step)
    done = web.inv("deploy")
    assert done.code == 4
    assert "Google denies run.services.update" in done.err
    assert (web.traffic, web.tags, web.lock) == ({old: 100}, {}, "")


def test_an_undo_that_is_refused_says_who_has_the_traffic(web: Project) -> None:
    (old,) = web.deployed("v1")
    web.pin("v2")
    web.cloud.fault("run", "services.patch", 403, after=1, times=9)
    done = web.inv("deploy")
    assert done.code == 4
    assert f"could NOT be undone; {old} has the traffic" in done.err


def test_revisions_that_may_not_be_listed_keep_nobody_from_deploying(web: Project) -> None:
    web.deployed("v1")
    web.pin("v2")
    web.cloud.deny("run.revisions.list")
    assert web.inv("deploy").code == 0


def test_credentials_that_google_does_not_take_are_said(web: Project) -> None:
    web.pin("v1")
    web.cloud.expired = True
    done = web.inv("deploy")
    assert done.code == 1
    assert "Google does not take the token of CLOUDSDK_AUTH_ACCESS_TOKEN" in done.err
    assert "Traceback" not in done.err


def test_a_cloud_that_is_not_there_is_said(web: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from tasks.target.cloudrun import calls

    web.pin("v1")
    monkeypatch.setattr(calls.READ, "_timeout", 0.5)
    monkeypatch.setenv("CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN", "http://127.0.0.1:9")
    done = web.inv("deploy")
    assert done.code == 1
    assert "Google could not be reached" in done.err
    assert "Traceback" not in done.err


@BOTH
def test_a_quota_that_stays_used_up_is_said(web: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from tasks.target.cloudrun import calls

    web.pin("v1")
    monkeypatch.setattr(calls.READ, "_timeout", 0.5)
    web.cloud.fault("run", "services.get", 429, times=99)
    done = web.inv("deploy")
    assert done.code == 1
    assert "Google's quota is used up" in done.err
