"""Who speaks to Google: a token that was given, a key, a login, and nobody."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tasks.errors import DockyardError
from tasks.gcp import credentials
from tasks.gcp.credentials import FILE, SCOPE, TOKEN
from tests.fakes.gcp.cloud import Cloud
from tests.fakes.gcp.tokens import ROBOT


def test_a_token_that_was_given_comes_first(gcp: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FILE, str(gcp.tokens.key_file(tmp_path)))
    assert credentials.authorization() == f"Bearer {gcp.token}"
    assert credentials.authorization(plain=True) == f"Bearer {gcp.token}"
    assert credentials.who() == "CLOUDSDK_AUTH_ACCESS_TOKEN"
    assert gcp.tokens.asked == []


def test_a_key_s_token_is_asked_for_once_and_renewed_where_it_has_expired(
    gcp: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(TOKEN)
    monkeypatch.setenv(FILE, str(gcp.tokens.key_file(tmp_path)))
    with ThreadPoolExecutor(8) as side_by_side:
        found = {*side_by_side.map(lambda _: credentials.authorization(), range(8))}
    assert len(found) == 1
    assert gcp.tokens.knows(found.pop().removeprefix("Bearer "))
    assert gcp.tokens.asked == [{"grant": "jwt", "scope": SCOPE}]
    assert credentials.who() == ROBOT
    gcp.tokens.seconds = 1
    monkeypatch.setenv(FILE, str(gcp.tokens.key_file(tmp_path, "other@p.iam.gserviceaccount.com")))
    first, second = credentials.authorization(), credentials.authorization()
    assert first != second


def test_other_credentials_are_never_sent_unencrypted(
    gcp: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(TOKEN)
    monkeypatch.setenv(FILE, str(gcp.tokens.key_file(tmp_path)))
    assert credentials.authorization(plain=True) == ""
    assert gcp.tokens.asked == []


def test_a_person_s_login_is_found_where_gcloud_leaves_it(
    gcp: Cloud, login: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(TOKEN)
    assert not credentials.at_hand()
    (tmp_path / "gcloud").mkdir()
    gcp.tokens.user_file(tmp_path / "gcloud")
    assert credentials.at_hand()
    assert gcp.tokens.knows(credentials.authorization().removeprefix("Bearer "))
    assert credentials.who() == "application default credentials of a user"


def test_without_any_it_says_what_to_type() -> None:
    assert not credentials.at_hand()
    with pytest.raises(DockyardError, match=r"no Google credentials .*: type gcloud auth application-default login\.$"):
        credentials.authorization()
    assert credentials.authorization(plain=True) == ""


@pytest.mark.parametrize("content", [None, "", "{}", '{"type": "service_account"}'])
def test_a_key_file_that_is_none_is_said(content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "key.json"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv(FILE, str(path))
    with pytest.raises(DockyardError, match=rf"{path}.*type gcloud auth application-default login"):
        credentials.credentials()


def test_a_key_that_was_revoked_is_a_sentence_without_the_key(
    gcp: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(TOKEN)
    path = gcp.tokens.key_file(tmp_path, "gone@p.iam.gserviceaccount.com")
    monkeypatch.setenv(FILE, str(path))
    gcp.tokens.revoke("gone@p.iam.gserviceaccount.com")
    with pytest.raises(DockyardError) as caught:
        credentials.authorization()
    assert "The Google credentials could not be renewed (" in str(caught.value)
    assert "account not found" in str(caught.value)
    assert json.loads(path.read_text())["private_key"][30:60] not in str(caught.value)
