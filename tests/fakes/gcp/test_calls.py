"""What stands in the way of calls."""

from __future__ import annotations

import time

import pytest
from google.api_core import exceptions
from google.auth.exceptions import RefreshError

from .asking import ask, created, services
from .cloud import Cloud

TRANSPORTS = pytest.mark.parametrize("gcp_transport", ["rest", "grpc"])
GET = "/v2/projects/test-project/locations/europe-west1/services/web"


@TRANSPORTS
@pytest.mark.parametrize(
    ("status", "error"),
    [
        (403, exceptions.Forbidden),
        (409, exceptions.Conflict),
        (429, exceptions.TooManyRequests),
        (503, exceptions.ServiceUnavailable),
    ],
)
def test_a_call_is_refused_as_often_as_was_said(gcp: Cloud, status: int, error: type[Exception]) -> None:
    name = created(gcp).name
    gcp.fault("run", "services.get", status, "Not now.")
    with pytest.raises(error, match="Not now"):
        services().get_service(name=name, retry=None)
    assert gcp.calls[-1].status == status
    assert services().get_service(name=name).name == name


def test_a_fault_may_come_after_some_calls_and_is_about_one_method(gcp: Cloud) -> None:
    created(gcp)
    gcp.fault("run", "services.get", 500, after=1)
    assert ask(gcp, "GET", GET.rpartition("/")[0])[0] == 200
    assert [ask(gcp, "GET", GET)[0] for _ in range(3)] == [200, 500, 200]


def test_a_call_whose_answer_is_lost_was_done(gcp: Cloud) -> None:
    created(gcp)
    gcp.fault("run", "services.delete", 503, lost=True)
    assert ask(gcp, "DELETE", GET)[0] == 503
    assert ask(gcp, "GET", GET)[0] == 404


def test_a_delay_refuses_nothing(gcp: Cloud) -> None:
    created(gcp)
    gcp.fault("run", "services.get", 0, delay=0.2)
    began = time.monotonic()
    assert ask(gcp, "GET", GET)[0] == 200
    assert time.monotonic() - began >= 0.2


def test_a_permission_that_is_denied_is_named(gcp: Cloud) -> None:
    created(gcp)
    gcp.deny("run.services.update")
    status, found = ask(gcp, "PATCH", GET, {"template": {"containers": [{"image": "a"}]}})
    assert status == 403
    assert found["error"]["message"] == (
        "Permission 'run.services.update' denied on resource "
        "'projects/test-project/locations/europe-west1/services/web' (or it may not exist)."
    )
    assert ask(gcp, "GET", GET)[0] == 200


def test_a_quota_is_used_up(gcp: Cloud) -> None:
    created(gcp)
    gcp.quota("run:run.projects", per_minute=2)
    assert [ask(gcp, "GET", GET)[0] for _ in range(3)] == [200, 200, 429]
    gcp.healthy()
    assert ask(gcp, "GET", GET)[0] == 200


def test_somebody_else_comes_right_before_a_call(gcp: Cloud) -> None:
    created(gcp)
    gcp.meanwhile("run", "services.get", lambda: gcp.run.edit("web", lambda found: found.update(description="theirs")))
    assert ask(gcp, "GET", GET)[1]["description"] == "theirs"
    assert gcp.run.service("web")["lastModifier"] == "somebody@example.com"


@TRANSPORTS
def test_a_token_that_was_not_given_out_is_refused(gcp: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    name = created(gcp).name
    monkeypatch.setenv("CLOUDSDK_AUTH_ACCESS_TOKEN", "ya29.another")
    with pytest.raises((exceptions.Unauthorized, RefreshError)):  # over REST a new token is tried for first
        services().get_service(name=name)
    assert (gcp.calls[-1].status, gcp.calls[-1].reason) == (401, "UNAUTHENTICATED")


def test_calls_are_counted_and_forgotten(gcp: Cloud) -> None:
    created(gcp)
    assert gcp.counted() == {"run.projects.locations.services.create": 1, "run.projects.locations.services.get": 1}
    gcp.forget()
    assert gcp.methods() == []
