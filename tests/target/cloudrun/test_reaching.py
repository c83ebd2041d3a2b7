"""Asking a service over HTTP: private ones with an ID token, and what cannot be reached is no failure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.target.cloudrun.project import Project

pytestmark = pytest.mark.usefixtures("hasty")


def results(document: dict[str, Any]) -> dict[str, tuple[bool | None, str]]:
    """What each check said."""
    return {each["name"]: (each["ok"], each["detail"]) for each in document["checks"]}


def test_a_public_service_is_asked_without_a_token(web: Project) -> None:
    web.set(HEALTH_PATH="/health", CHECK_HOME="GET / 200 web")
    web.pin("v1")
    done = web.inv("deploy --json")
    assert done.code == 0, done.err
    found = results(done.document)
    assert found["health"] == (True, "GET /health answered 200")
    assert found["home"][0] is True
    assert web.cloud.tokens.asked == []


def test_a_private_service_without_an_id_token_is_unverified(web: Project) -> None:
    web.set(PUBLIC="", HEALTH_PATH="/health", CHECK_HOME="GET / 403")
    web.pin("v1")
    done = web.inv("deploy --json")
    assert done.code == 0, done.err
    found = results(done.document)
    for name in ("health", "home"):
        ok, detail = found[name]
        assert ok is None
        assert "the service is private, and these credentials give no ID token" in detail
        assert "roles/run.invoker" in detail


def test_a_private_service_is_asked_with_an_id_token_for_its_own_address(
    web: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(web.cloud.tokens.key_file(tmp_path)))
    web.set(PUBLIC="false", HEALTH_PATH="/health")
    web.deployed("v1")
    web.set(CHECK_HOME="GET / 200", CANARY="50", BAKE="0s")
    web.pin("v2")
    done = web.inv("deploy --json")
    assert done.code == 0, done.err
    assert {name: ok for name, (ok, _) in results(done.document).items() if name in ("health", "home")} == {
        "health": True,
        "home": True,
    }
    assert {each.get("target_audience") for each in web.cloud.tokens.asked if "target_audience" in each} <= {
        web.service["uri"]
    }


def test_a_failure_of_the_service_itself_is_one(web: Project) -> None:
    web.set(HEALTH_PATH="/health")
    web.deployed("v1")
    web.cloud.run.respond("", status=403)
    done = web.inv("verify --json")
    assert done.code == 3
    assert results(done.document)["health"] == (False, "GET /health answered 403")


def test_an_ingress_that_lets_nobody_in_is_unverified(web: Project) -> None:
    web.set(HEALTH_PATH="/health")
    web.deployed("v1")

    def close(document: dict[str, Any]) -> None:
        document["ingress"] = "INGRESS_TRAFFIC_INTERNAL_ONLY"

    web.cloud.run.edit("web", close, wait=True)
    done = web.inv("verify --json")
    ok, detail = results(done.document)["health"]
    assert ok is None, detail
    assert "INGRESS_TRAFFIC_INTERNAL_ONLY" in detail


def test_an_address_that_is_not_to_be_reached_is_unverified(web: Project) -> None:
    web.set(HEALTH_PATH="/health")
    web.deployed("v1")
    web.set(URL="http://127.0.0.1:9")
    ok, detail = results(web.inv("verify --json").document)["health"]
    assert ok is None
    assert "not to be reached from here (Connection refused)" in detail


def test_a_service_that_gets_healthy_after_a_while_is_waited_for(web: Project) -> None:
    web.deployed("v1")
    web.set(HEALTH_PATH="/health", HEALTH_TIMEOUT="20s")
    digest = web.pin("v2")
    web.cloud.run.respond(digest, status=503)
    web.cloud.meanwhile("run", "services.get", lambda: None, after=99)
    import threading

    threading.Timer(2.0, web.cloud.run.respond, [digest], {"status": 200}).start()
    done = web.inv("deploy --json")
    assert done.code == 0, done.err


def test_a_check_with_its_own_authorization_goes_beside_the_token() -> None:
    from tasks.target.cloudrun.reaching import authorized

    assert authorized({}, "t") == {"Authorization": "Bearer t"}
    assert authorized({"authorization": "Basic x"}, "t") == {
        "authorization": "Basic x",
        "X-Serverless-Authorization": "Bearer t",
    }
    assert authorized({"A": "b"}, "") == {"A": "b"}
