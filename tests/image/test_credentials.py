"""How a registry is answered that asks who is there: tokens, logins, helpers, and nobody."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tasks.errors import DockyardError
from tasks.image import credentials
from tasks.image.credentials import Credentials
from tasks.image.manifest import digest_of
from tasks.image.reference import parse
from tasks.image.registry import Registry

from .guarded import LOGIN, MANIFEST, Guarded, serving

AUTH = base64.b64encode(b"ann:pass word").decode()


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, Any]], None]:
    """Write Docker's config; there is none at first."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))

    def write(document: dict[str, Any]) -> None:
        (tmp_path / "config.json").write_text(json.dumps(document))

    return write


@pytest.fixture
def guarded() -> Iterator[Guarded]:
    with serving(Guarded()) as server:
        yield server


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Put `docker-credential-NAME` on PATH, with what it does."""

    def write(name: str, script: str) -> None:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        program = folder / f"docker-credential-{name}"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    return write


def test_a_token_is_fetched_with_the_login_and_kept(guarded: Guarded, config: Callable[..., None]) -> None:
    config({"auths": {guarded.host: {"auth": AUTH}}})
    registry = Registry(guarded.image)
    assert registry.digest("v1") == digest_of(MANIFEST)
    assert registry.digest("v2") == digest_of(MANIFEST)
    token = "/token?service=reg&scope=repository%3Ateam%2Fapi%3Apull%2Cpush"
    assert guarded.asked == [
        ("HEAD", "/v2/team/api/manifests/v1", "", ""),
        ("GET", token, LOGIN, ""),
        ("HEAD", "/v2/team/api/manifests/v1", "Bearer good", ""),
        ("HEAD", "/v2/team/api/manifests/v2", "Bearer good", ""),
    ]


def test_anonymous_visitors_get_a_token_too(guarded: Guarded) -> None:
    guarded.anonymous = True
    assert Registry(guarded.image).digest("v1") == digest_of(MANIFEST)
    assert guarded.asked[1][2] == ""


def test_a_basic_login(guarded: Guarded, config: Callable[..., None]) -> None:
    guarded.scheme = "basic"
    config({"auths": {f"http://{guarded.host}/v1/": {"auth": AUTH}}})
    assert Registry(guarded.image).digest("v1") == digest_of(MANIFEST)
    assert [who for _, _, who, _ in guarded.asked] == ["", LOGIN]


def test_an_identity_token_is_traded(guarded: Guarded, config: Callable[..., None]) -> None:
    config({"auths": {guarded.host: {"identitytoken": "identity"}}})
    assert Registry(guarded.image).digest("v1") == digest_of(MANIFEST)
    method, path, who, body = guarded.asked[1]
    assert (method, path, who) == ("POST", "/token", "")
    assert "grant_type=refresh_token" in body
    assert "scope=repository%3Ateam%2Fapi%3Apull%2Cpush" in body


@pytest.mark.parametrize("key", ["credHelpers", "credsStore"])
def test_a_helper_gives_the_login(
    guarded: Guarded, config: Callable[..., None], helper: Callable[[str, str], None], key: str
) -> None:
    helper("vault", f"""grep -q '^{guarded.host}$' && echo '{{"Username":"ann","Secret":"pass word"}}'""")
    config({key: {guarded.host: "vault"} if key == "credHelpers" else "vault"})
    assert Registry(guarded.image).digest("v1") == digest_of(MANIFEST)
    assert guarded.asked[1][2] == LOGIN


def test_a_helpers_identity_token(
    guarded: Guarded, config: Callable[..., None], helper: Callable[[str, str], None]
) -> None:
    helper("vault", """echo '{"Username":"<token>","Secret":"identity"}'""")
    config({"credHelpers": {guarded.host: "vault"}})
    assert credentials.look_up(parse(guarded.image)) == Credentials(identity="identity")
    assert Registry(guarded.image).digest("v1") == digest_of(MANIFEST)


def test_nobody_is_told_to_log_in(guarded: Guarded) -> None:
    with pytest.raises(DockyardError) as caught:
        Registry(guarded.image).digest("v1")
    assert str(caught.value.message) == (
        f"The registry {guarded.host} refuses team/api (no token, status 401): type `docker login {guarded.host}` "
        "with a login that may use it."
    )
    guarded.scheme = "basic"
    with pytest.raises(DockyardError, match=r"refuses team/api \(status 401\): type `docker login"):
        Registry(guarded.image).digest("v1")


def test_a_wrong_login_is_told_to_log_in(guarded: Guarded, config: Callable[..., None]) -> None:
    config({"auths": {guarded.host: {"auth": base64.b64encode(b"ann:wrong").decode()}}})
    with pytest.raises(DockyardError, match="docker login") as caught:
        Registry(guarded.image).digest("v1")
    assert "wrong" not in str(caught.value.message)


def test_a_login_is_not_sent_in_the_clear(guarded: Guarded, config: Callable[..., None]) -> None:
    config({"auths": {guarded.host: {"auth": AUTH}}})
    guarded.realm = "http://auth.example.com/token"
    with pytest.raises(DockyardError, match=r"sends logins to http://auth.example.com/token, which is not encrypted"):
        Registry(guarded.image).digest("v1")


def test_a_login_does_not_follow_a_redirect_elsewhere(guarded: Guarded, config: Callable[..., None]) -> None:
    blob = b'{"os":"linux"}'
    guarded.content = json.dumps({"config": {"digest": digest_of(blob), "size": 1}, "layers": []}).encode()
    config({"auths": {guarded.host: {"auth": AUTH}}})
    with serving(Guarded()) as storage:
        guarded.elsewhere = f"http://{storage.host}/blob"
        registry = Registry(guarded.image)
        with pytest.raises(DockyardError, match="refuses team/api"):
            registry.config(digest_of(guarded.content))
        assert storage.asked == [("GET", "/blob", "", "")]


def test_a_broken_helper(config: Callable[..., None], helper: Callable[[str, str], None]) -> None:
    helper("broken", "echo no vault here; exit 1")
    for name in ("broken", "missing"):
        config({"credsStore": name})
        with pytest.raises(DockyardError, match=r"could not give credentials for ghcr.io: .*`docker login ghcr.io`"):
            credentials.look_up(parse("ghcr.io/team/api"))
        assert not credentials.look_up(parse("127.0.0.1:5000/api"))


def test_credentials_are_not_shown() -> None:
    found = Credentials("ann", "hunter2", "identity")
    assert "hunter2" not in repr(found)
    assert "identity" not in repr(found)
    assert Credentials("ann", "x").for_engine("h") == {"username": "ann", "password": "x", "serveraddress": "h"}
    assert Credentials(identity="t").for_engine("h") == {"identitytoken": "t", "serveraddress": "h"}
    assert Credentials().for_engine("h") == {}
