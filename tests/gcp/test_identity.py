"""ID tokens for a private service."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from google.auth import identity_pool, impersonated_credentials
from google.oauth2 import service_account

from tasks.gcp import identity
from tasks.gcp.credentials import FILE, TOKEN
from tests.fakes.gcp import metadata
from tests.fakes.gcp.cloud import Cloud
from tests.fakes.gcp.tokens import ROBOT

AUDIENCE = "https://web-abc.a.run.app"


def test_a_key_gives_one_for_each_audience_asked_for_once(
    gcp: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FILE, str(gcp.tokens.key_file(tmp_path)))
    first, again = identity.id_token(AUDIENCE), identity.id_token(AUDIENCE)
    other = identity.id_token("https://other.a.run.app")
    assert gcp.tokens.valid_for(first, AUDIENCE)
    assert first == again
    assert gcp.tokens.valid_for(other, "https://other.a.run.app")
    assert not gcp.tokens.valid_for(other, AUDIENCE)
    asked = [each["target_audience"] for each in gcp.tokens.asked]
    assert asked == [AUDIENCE, "https://other.a.run.app"]


def test_a_person_s_is_that_of_the_login(
    gcp: Cloud, login: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(TOKEN)
    monkeypatch.setenv(FILE, str(gcp.tokens.user_file(tmp_path)))
    assert gcp.tokens.valid_for(identity.id_token(AUDIENCE), AUDIENCE)


def test_an_access_token_alone_and_nobody_have_none(gcp: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    assert identity.id_token(AUDIENCE) == ""
    monkeypatch.delenv(TOKEN)
    assert identity.id_token(AUDIENCE) == ""
    assert gcp.tokens.asked == []


def test_a_key_that_is_not_taken_any_more_has_none(gcp: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FILE, str(gcp.tokens.key_file(tmp_path, "gone@p.iam.gserviceaccount.com")))
    gcp.tokens.revoke("gone@p.iam.gserviceaccount.com")
    assert identity.id_token(AUDIENCE) == ""


def test_an_impersonated_and_a_federated_account_are_asked_for_at_iam(gcp: Cloud, tmp_path: Path) -> None:
    url = f"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{ROBOT}:generateAccessToken"
    pool = {
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/providers/git",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": "https://sts.googleapis.com/v1/token",
        "credential_source": {"file": str(tmp_path / "subject")},
    }
    pools: Any = identity_pool.Credentials
    keys: Any = service_account.Credentials
    acting: Any = impersonated_credentials.Credentials
    federated = pools.from_info({**pool, "service_account_impersonation_url": url})
    key = keys.from_service_account_file(str(gcp.tokens.key_file(tmp_path, "ci@p.example")))
    for found in (federated, acting(key, ROBOT, [])):
        given = identity.source(found, AUDIENCE)
        assert isinstance(given, impersonated_credentials.IDTokenCredentials)
        assert given._target_credentials.service_account_email == ROBOT
    itself = identity.source(federated, AUDIENCE)._target_credentials._source_credentials
    assert itself.service_account_email is None
    assert identity.source(pools.from_info(pool), AUDIENCE) is None


def test_a_machine_of_google_s_is_its_service_account(gcp: Cloud) -> None:
    code = (
        "from tasks.gcp import credentials, identity\n"
        f"print(credentials.who(), credentials.authorization()[7:], identity.id_token({AUDIENCE!r}))"
    )
    own = {name: value for name, value in os.environ.items() if name not in (TOKEN, "NO_GCE_CHECK")}
    program = [sys.executable, "-W", "error", "-c", code]
    found = subprocess.run(program, check=False, env={**own, **metadata.environ(gcp)}, capture_output=True, text=True)
    assert found.stderr == ""
    account, access, token = found.stdout.split()
    assert account == metadata.ACCOUNT
    assert gcp.tokens.knows(access)
    assert gcp.tokens.valid_for(token, AUDIENCE)
