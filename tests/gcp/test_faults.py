"""What Google refuses, as sentences with a way out."""

from __future__ import annotations

from typing import Any

import pytest
from google.api_core import exceptions
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError, RefreshError, TransportError
from google.cloud import artifactregistry_v1

from tasks.errors import DockyardError, SettingError
from tasks.gcp import clients
from tasks.gcp.credentials import TOKEN
from tasks.gcp.faults import sentence, told
from tests.fakes.gcp.cloud import Cloud

LOGIN = "gcloud auth application-default login"
UNUSED = (
    "Cloud Run Admin API has not been used in project 1 before or it is disabled. Enable it by visiting "
    "https://console.developers.google.com/apis/api/run.googleapis.com/overview?project=1 then retry."
)


@pytest.mark.parametrize(
    ("kind", "words", "said"),
    [
        (DefaultCredentialsError, "none", f"There are no Google credentials to use (none): type {LOGIN}."),
        (
            RefreshError,
            "invalid_grant",
            f"The Google credentials could not be renewed (invalid_grant): type {LOGIN}, then type the same again.",
        ),
        (
            GoogleAuthError,
            "odd",
            f"The Google credentials are not usable (odd): type {LOGIN}, then type the same again.",
        ),
        (
            TransportError,
            "no route",
            "Google could not be reached (no route): see REGION and the network, then type the same again.",
        ),
        (
            exceptions.ServiceUnavailable,
            "down.",
            "Google could not be reached (down): see REGION and the network, then type the same again.",
        ),
        (
            exceptions.Unauthorized,
            "expired",
            f"Google does not take these credentials (expired): log in again ({LOGIN}), or renew the token, "
            "then type the same again.",
        ),
        (
            exceptions.PermissionDenied,
            "Permission 'run.services.get' denied on resource 'x' (or it may not exist).",
            "Google denies run.services.get (Permission 'run.services.get' denied on resource 'x' (or it may not "
            "exist)): give the account a role that may, then type the same again.",
        ),
        (
            exceptions.Forbidden,
            "The caller does not have permission",
            "Google denies it (The caller does not have permission): give the account a role that may, "
            "then type the same again.",
        ),
        (
            exceptions.Forbidden,
            UNUSED,
            f"run.googleapis.com is not enabled ({UNUSED.rstrip('.')}): type gcloud services enable "
            "run.googleapis.com, then type the same again.",
        ),
        (
            exceptions.ResourceExhausted,
            "Quota exceeded",
            "Google's quota is used up (Quota exceeded): wait until others are done or have it raised, "
            "then type the same again.",
        ),
        (
            exceptions.DeadlineExceeded,
            "late",
            "Google did not answer in time (late): see the network, then type the same again.",
        ),
        (exceptions.InvalidArgument, "bad field.", "Google refused the request: bad field."),
    ],
)
def test_each_kind_has_its_own(kind: Any, words: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(TOKEN, raising=False)
    assert sentence(kind(words)) == said


@pytest.mark.parametrize("kind", [RefreshError, exceptions.Unauthenticated, exceptions.Unauthorized])
def test_a_token_that_was_given_is_to_be_given_anew(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN, "a secret")
    assert sentence(kind("expired")) == (
        "Google does not take the token of CLOUDSDK_AUTH_ACCESS_TOKEN (expired): one lasts an hour, so set it "
        'anew ("$(gcloud auth print-access-token)"), then type the same again.'
    )


@pytest.mark.parametrize("gcp_transport", ["rest", "grpc"])
@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "Google does not take the token of CLOUDSDK_AUTH_ACCESS_TOKEN"),
        (403, "Google denies artifactregistry.repositories.get ("),
        (429, "Google's quota is used up ("),
        (501, "Google refused the request: "),
    ],
)
def test_both_transports_lead_to_the_same_sentence(gcp: Cloud, status: int, words: str) -> None:
    gcp.fault("artifactregistry", "repositories.get", status, times=9)
    client = clients.make(artifactregistry_v1.ArtifactRegistryClient, "ARTIFACTREGISTRY")
    with pytest.raises(DockyardError) as caught, told():
        client.get_repository(name=f"projects/{gcp.project}/locations/{gcp.region}/repositories/apps")
    assert str(caught.value).startswith(words)
    assert gcp.token not in str(caught.value)


def test_the_kind_of_error_is_the_caller_s_and_others_pass() -> None:
    refused: Any = exceptions.BadRequest
    with pytest.raises(SettingError, match="bad"), told(SettingError):
        raise refused("bad")
    with pytest.raises(ZeroDivisionError), told():
        raise ZeroDivisionError


def test_googles_words_are_told_without_the_request_of_rest() -> None:
    kind: Any = exceptions.Conflict
    error = kind("POST http://127.0.0.1:80/v2/projects/p?a=%2F: Conflict for http://x: version 1.")
    assert sentence(error) == "Google refused the request: Conflict for http://x: version 1."
