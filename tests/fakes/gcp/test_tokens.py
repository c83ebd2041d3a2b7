"""The token endpoint of the fake: what Google's own library gets from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from google.auth import jwt
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google.oauth2 import _client, credentials, service_account

from .cloud import Cloud
from .tokens import CLIENT, ROBOT

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
AUDIENCE = "https://web-abc.run.app"
keys: Any = service_account  # google-auth has no types
logins: Any = credentials
client: Any = _client
tokens: Any = jwt


def test_a_service_account_s_key_gets_access_tokens(gcp: Cloud, tmp_path: Path) -> None:
    path = gcp.tokens.key_file(tmp_path)
    found = keys.Credentials.from_service_account_file(str(path), scopes=[SCOPE])
    found.refresh(Request())
    assert gcp.tokens.knows(found.token)
    assert not gcp.tokens.valid_for(found.token, AUDIENCE)
    assert gcp.tokens.asked == [{"grant": "jwt", "scope": SCOPE}]
    assert path.stat().st_mode & 0o077 == 0


def test_a_service_account_s_key_gets_id_tokens_for_one_audience(gcp: Cloud, tmp_path: Path) -> None:
    path = gcp.tokens.key_file(tmp_path)
    found = keys.IDTokenCredentials.from_service_account_file(str(path), target_audience=AUDIENCE)
    found.refresh(Request())
    assert gcp.tokens.valid_for(found.token, AUDIENCE)
    assert not gcp.tokens.valid_for(found.token, "https://other.run.app")
    assert not gcp.tokens.knows(found.token)
    claims = tokens.decode(found.token, verify=False)
    assert (claims["aud"], claims["email"], claims["iss"]) == (AUDIENCE, ROBOT, "https://accounts.google.com")


def test_a_person_s_login_gets_both_at_once(gcp: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logins, "_GOOGLE_OAUTH2_TOKEN_ENDPOINT", gcp.tokens.endpoint)
    found = logins.Credentials.from_authorized_user_file(str(gcp.tokens.user_file(tmp_path)), [SCOPE])
    found.refresh(Request())
    assert gcp.tokens.knows(found.token)
    assert tokens.decode(found.id_token, verify=False)["aud"] == CLIENT
    assert gcp.tokens.valid_for(found.id_token, AUDIENCE)


def test_tokens_expire_and_are_revoked(gcp: Cloud, tmp_path: Path) -> None:
    first = gcp.tokens.access("ann@example.com")
    gcp.later(3599)
    assert gcp.tokens.knows(first)
    gcp.later(2)
    assert not gcp.tokens.knows(first)
    path = gcp.tokens.key_file(tmp_path)
    second = gcp.tokens.access(ROBOT)
    gcp.tokens.revoke(ROBOT)
    assert not gcp.tokens.knows(second)
    found = keys.Credentials.from_service_account_file(str(path), scopes=[SCOPE])
    with pytest.raises(RefreshError, match="account not found"):
        found.refresh(Request())


def test_an_assertion_that_nobody_signed_or_for_somebody_else_is_refused(gcp: Cloud, tmp_path: Path) -> None:
    info = json.loads(gcp.tokens.key_file(tmp_path).read_text())
    found = keys.Credentials.from_service_account_info(info, scopes=[SCOPE])
    head, body, _signature = found._make_authorization_grant_assertion().decode().split(".")
    with pytest.raises(RefreshError, match="account not found"):
        asked(gcp, f"{head}.{body}.AAAA")
    elsewhere = found.with_claims({"aud": "https://example.com/token"})
    with pytest.raises(RefreshError, match="Invalid JWT"):
        asked(gcp, elsewhere._make_authorization_grant_assertion().decode())
    assert gcp.tokens.issued == {}


def asked(gcp: Cloud, assertion: str) -> None:
    client.jwt_grant(Request(), gcp.tokens.endpoint, assertion)


def test_google_s_apis_take_what_was_issued_and_nothing_else(gcp: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    from google.api_core.exceptions import Unauthorized
    from google.cloud import secretmanager_v1

    from tasks.gcp import clients

    gcp.secrets.add("key", "one")
    name = f"projects/{gcp.project}/secrets/key"
    monkeypatch.setenv("CLOUDSDK_AUTH_ACCESS_TOKEN", gcp.tokens.access(ROBOT))
    assert clients.make(secretmanager_v1.SecretManagerServiceClient, "SECRETMANAGER").get_secret(name=name).name
    monkeypatch.setenv("CLOUDSDK_AUTH_ACCESS_TOKEN", "made up")
    with pytest.raises((Unauthorized, RefreshError)):
        clients.make(secretmanager_v1.SecretManagerServiceClient, "SECRETMANAGER").get_secret(name=name)
