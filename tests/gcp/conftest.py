"""The Google Cloud fake, and an environment without anybody's own credentials."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.gcp import credentials, identity
from tasks.gcp.credentials import FILE, TOKEN
from tasks.gcp.endpoints import HOSTS, OVERRIDE
from tests.fakes.gcp.cloud import Cloud
from tests.fakes.gcp.fixtures import gcp, gcp_transport

__all__ = ["gcp", "gcp_transport"]


@pytest.fixture(autouse=True)
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No token, no key, no login of gcloud, no metadata server, and Google's own endpoints."""
    for name in (TOKEN, FILE, *(f"{OVERRIDE}{api}" for api in HOSTS)):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "gcloud"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    credentials._credentials.cache_clear()  # what gcloud's folder holds is read once
    identity._source.cache_clear()


@pytest.fixture
def login(gcp: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Google's library ask the fake for a person's tokens: it has no setting for that."""
    monkeypatch.setattr("google.oauth2.credentials._GOOGLE_OAUTH2_TOKEN_ENDPOINT", gcp.tokens.endpoint)
