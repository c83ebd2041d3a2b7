"""HTTP with a registry: proxies, certificates, redirects, connections, and what is said where no answer comes."""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from urllib3 import HTTPResponse
from urllib3.exceptions import HTTPError, ReadTimeoutError
from urllib3.util import Timeout

from tasks.errors import DockyardError
from tasks.image import session
from tasks.image.manifest import digest_of
from tasks.image.registry import Registry
from tasks.target.probe import trusted

from .between import between
from .guarded import LOGIN, MANIFEST, Guarded, serving
from .handmade import push
from .tunnel import Tunnel, certify, tunnelling

NAME = "registry.example.com"


@pytest.fixture(autouse=True)
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No login, and no proxy but a test's own."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def guarded() -> Iterator[Guarded]:
    with serving(Guarded(anonymous=True)) as server:
        yield server


@pytest.fixture
def tunnel(guarded: Guarded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tunnel]:
    """The proxy for all that is TLS, with a login, and `registry.example.com` behind it, which is trusted."""
    certificate = certify(tmp_path, NAME)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    trusted.cache_clear()
    guarded.realm = f"https://{NAME}/token"
    with tunnelling(Tunnel(guarded.host, certificate)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://ann:pass%20word@{proxy.host}")
        yield proxy
    trusted.cache_clear()


def login(guarded: Guarded, tmp_path: Path) -> None:
    auth = base64.b64encode(b"ann:pass word").decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {guarded.host: {"auth": auth}}}))


def test_a_registry_is_spoken_to_without_httpx() -> None:
    code = "import sys, tasks.image.registries, tasks.image.copying; assert 'httpx' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_the_environments_proxy_is_gone_through_with_its_login(guarded: Guarded, tunnel: Tunnel) -> None:
    assert Registry(f"{NAME}/team/api").digest("v1") == digest_of(MANIFEST)
    assert set(tunnel.asked) == {(f"{NAME}:443", LOGIN)}
    assert [(method, path.partition("?")[0], who) for method, path, who, _ in guarded.asked] == [
        ("HEAD", "/v2/team/api/manifests/v1", ""),
        ("GET", "/token", ""),
        ("HEAD", "/v2/team/api/manifests/v1", "Bearer good"),
    ]


def test_a_certificate_that_is_not_trusted(
    guarded: Guarded, tunnel: Tunnel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tunnel.certificate = certify(tmp_path, "other.example.com")
    with pytest.raises(DockyardError, match=rf"{NAME} does not answer: .*CERTIFICATE_VERIFY_FAILED.*; check IMAGE"):
        Registry(f"{NAME}/team/api").digest("v1")
    monkeypatch.setenv("SSL_CERT_FILE", str(tunnel.certificate))
    trusted.cache_clear()
    with pytest.raises(DockyardError, match=rf"certificate is not valid for '{NAME}'"):
        Registry(f"{NAME}/team/api").digest("v1")
    assert guarded.asked == []


def test_certificates_are_read_once_and_only_for_tls() -> None:
    one, two = (session.connections(f"https://{name}{NAME}/").connection_pool_kw for name in ("", "storage."))
    assert one["ssl_context"] is two["ssl_context"] is trusted()
    assert "ssl_context" not in session.connections("http://127.0.0.1:1/").connection_pool_kw


def test_a_proxy_that_lets_nobody_through(tunnel: Tunnel) -> None:
    tunnel.status = 407
    with pytest.raises(DockyardError) as caught:
        Registry(f"{NAME}/team/api").digest("v1")
    assert str(caught.value) == (
        f"The registry {NAME} does not answer: the proxy {tunnel.host}: Tunnel connection failed: "
        "407 Proxy Authentication Required; check IMAGE and the network."
    )


def test_a_proxy_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
        monkeypatch.setenv("HTTPS_PROXY", f"http://ann:secret@{host}")
        with pytest.raises(DockyardError, match=f"does not answer: the proxy {host}: Connection refused; check"):
            Registry(f"{NAME}/team/api").digest("v1")


@pytest.mark.parametrize(
    ("given", "proxy"),
    [
        ({}, ""),
        ({"HTTP_PROXY": "http://other:1"}, ""),
        ({"HTTPS_PROXY": "http://proxy:1"}, "http://proxy:1"),
        ({"https_proxy": "proxy:1"}, "http://proxy:1"),
        ({"ALL_PROXY": "http://proxy:1"}, "http://proxy:1"),
        ({"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "other,example.com"}, ""),
        ({"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": f"{NAME}:444"}, ""),
        ({"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": f"{NAME}:443"}, "http://proxy:1"),
        ({"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": "*"}, ""),
    ],
)
def test_which_proxy_is_gone_through(given: Mapping[str, str], proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert session.proxy_of(f"https://{NAME}:444/v2/") == proxy
    assert session.proxy_of("https://127.0.0.1:5000/v2/") == ""
    assert session.proxy_of("http://localhost/v2/") == ""


def test_a_redirect_takes_the_login_along_only_on_the_same_host(guarded: Guarded, tmp_path: Path) -> None:
    login(guarded, tmp_path)
    guarded.content = b"layer"
    with serving(Guarded(scheme="open", content=b"layer")) as storage:
        for where in ("/moved", f"http://{storage.host}/blob"):
            guarded.elsewhere = where
            assert b"".join(Registry(guarded.image).blob(digest_of(b"layer"))) == b"layer"
    assert guarded.asked[-4][:3] == ("GET", "/moved", "Bearer good")
    assert storage.asked == [("GET", "/blob", "", "")]


def test_a_login_does_not_follow_a_link_elsewhere(guarded: Guarded) -> None:
    guarded.content = b'{"tags":["v1"]}'
    with serving(Guarded(scheme="open", content=b'{"tags":["v2"]}')) as other:
        guarded.links = [f'<http://{other.host}/tags>; rel="next"']
        assert Registry(guarded.image).tags() == ["v1", "v2"]
    assert guarded.asked[-1][2] == "Bearer good"
    assert other.asked == [("GET", "/tags", "", "")]


@pytest.mark.parametrize(
    ("status", "location", "followed"),
    [(307, "/moved", True), (308, "/moved", True), (302, "/moved", False), (307, "http://127.0.0.2:1/moved", False)],
)
def test_what_writes_follows_a_redirect_on_the_same_host_with_all_of_it(
    status: int, location: str, followed: bool
) -> None:
    sent: list[tuple[str, str, object]] = []

    def once(method: str, url: str, headers: Mapping[str, str], content: object, *_: object) -> HTTPResponse:
        sent.append((method, url, content))
        moved = HTTPResponse(headers={"Location": location}, status=status)
        return moved if len(sent) == 1 else HTTPResponse(status=201)

    registry = Registry("127.0.0.1:1/team/api")
    registry.session.once = once  # type: ignore[method-assign, assignment]
    answer = registry.session.send("PUT", "http://127.0.0.1:1/here", content=b"all")
    again = [("PUT", "http://127.0.0.1:1/moved", b"all")] if followed else []
    assert sent == [("PUT", "http://127.0.0.1:1/here", b"all"), *again]
    assert answer.status == (201 if followed else status)


def test_redirects_in_a_circle_end(guarded: Guarded) -> None:
    guarded.elsewhere = "/v2/team/api/blobs/again"
    with pytest.raises(DockyardError, match=r"cannot answer GET blobs/sha256:0: status 307\."):
        next(Registry(guarded.image).blob("sha256:0"))


def test_content_that_cannot_be_sent_again_leaves_the_new_login_for_the_next(guarded: Guarded, tmp_path: Path) -> None:
    guarded.scheme = "basic"
    login(guarded, tmp_path)
    registry = Registry(guarded.image)

    def put() -> int:
        size = {"Content-Length": "3"}
        url = f"{registry.repository.url}/blobs/uploads/1"
        return registry.session.send("PUT", url, headers=size, content=iter([b"o", b"ne"])).status

    with pytest.raises(HTTPError, match="the login ran out meanwhile"):
        put()
    assert put() == 200
    assert [(who, body) for _, _, who, body in guarded.asked] == [("", "one"), (LOGIN, "one")]


def test_one_connection_serves_until_it_has_been_idle(
    repository: str, registry: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with between(registry) as front:
        asked = Registry(f"{front.host}/{repository.partition('/')[2]}")
        for _ in range(5):
            assert asked.digest("v1") == ""
        assert len(front.open) == 2  # its two ends
        monkeypatch.setattr(session, "IDLE", -1.0)
        assert asked.digest("v1") == ""
        assert len(front.open) == 4


def test_threads_share_a_session(repository: str) -> None:
    layers = [bytes([number]) * 300_000 for number in range(12)]
    shared = Registry(repository)
    push(shared, "", layers)
    anew = Registry(repository)
    with ThreadPoolExecutor(12) as side_by_side:
        read = side_by_side.map(lambda layer: b"".join(anew.blob(digest_of(layer))), layers)
        assert list(read) == layers


def test_an_answer_that_does_not_come_in_time(guarded: Guarded) -> None:
    registry = Registry(guarded.image)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(ReadTimeoutError) as caught:
            registry.session.send("GET", url, timeout=Timeout(connect=5.0, read=0.1))
    assert session.reason(caught.value, url) == "timed out"


def test_a_body_that_ends_too_soon(guarded: Guarded) -> None:
    guarded.headers = {"Content-Length": "1000"}
    words = "does not answer: the connection broke off in the middle of an answer; `inv"
    with pytest.raises(DockyardError, match=words):
        list(Registry(guarded.image).blob(digest_of(MANIFEST)))
    with pytest.raises(DockyardError, match=words):
        Registry(guarded.image).manifest("v1")


@pytest.mark.parametrize(
    ("links", "url"),
    [
        ("", ""),
        ('</a?last=x,y>; rel="next"', "/a?last=x,y"),
        ("</a>; rel=next", "/a"),
        ('</first>; rel="prev", </a>; title="t"; rel="next"', "/a"),
        ('</first>; rel="prev"', ""),
    ],
)
def test_the_next_page(links: str, url: str) -> None:
    assert session.following_page(links) == url
