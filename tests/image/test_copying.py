"""Images from repository to repository, on real registries: mounted, uploaded, given up and begun again."""

from __future__ import annotations

import base64
import io
import json
import os
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import docker
import pytest
from urllib3 import BaseHTTPResponse, HTTPResponse

from tasks import loopback
from tasks.errors import DockyardError
from tasks.image import copying
from tasks.image.copying import Copy
from tasks.image.credentials import Challenged
from tasks.image.manifest import Manifest, digest_of
from tasks.image.reference import parse
from tasks.image.registry import Registry
from tests.image.between import between
from tests.image.gate import Gate, guarding
from tests.image.handmade import index, push
from tests.service import free_port
from tests.target.docker.conftest import until

HTPASSWD = b"ann:$2b$05$QRwu7fxTwdQAQ9RPP.Y8xemIONjKbTN2J0hsOv4wz2klO2RBKgFd6\n"  # pass word


def listening(registry: Registry) -> list[str]:
    """The requests that change something there, from now on, without what is random about them."""
    asked: list[str] = []

    def once(method: str, url: str, *rest: Any) -> BaseHTTPResponse:
        if method not in ("GET", "HEAD"):
            path = urlsplit(url).path.removeprefix(f"/v2/{registry.repository.path}/")
            mounted = "?mount" if "mount=" in url else ""
            asked.append(f"{method} {'/'.join(path.split('/')[:2])}{mounted}")
        return send(method, url, *rest)

    send = registry.session.once
    registry.session.once = once  # type: ignore[method-assign, assignment]
    return asked


@pytest.fixture
def here(repository: str) -> Registry:
    return Registry(f"{repository}/here")


@pytest.fixture
def there(repository: str) -> Registry:
    return Registry(f"{repository}/there")


@pytest.fixture(scope="module")
def elsewhere(engine: docker.DockerClient, registry: str) -> Iterator[str]:
    """Another registry, which nobody has to log in to."""
    port = free_port()
    address = f"127.0.0.1:{port}"
    ports = {"5000/tcp": ("127.0.0.1", port)}
    engine.containers.run(loopback.IMAGE, detach=True, name=loopback.name(address), ports=ports)
    try:
        until(lambda: loopback.answers(address))
        yield address
    finally:
        engine.containers.get(loopback.name(address)).remove(force=True, v=True)


def copied(here: Registry, there: Registry, manifest: Manifest) -> Copy:
    """Copy, and show that it is the same, byte for byte."""
    copy = copying.plan(here, there, manifest)
    copying.carry_out(here, there, copy)
    anew = Registry(there.repository.familiar)
    assert anew.manifest(manifest.digest) == manifest
    for each in anew.images(manifest):
        for blob in each.blobs:
            assert b"".join(anew.blob(blob)) == b"".join(here.blob(blob))
    return copy


def test_within_one_registry_blobs_are_mounted(here: Registry, there: Registry) -> None:
    manifest = push(here, "", [b"one" * 1000, b"two" * 1000])
    asked = listening(there)
    copy = copied(here, there, manifest)
    assert copy.says == "1 manifest and 3 blobs (0.0 MB)"
    assert asked == [
        *["POST blobs/uploads?mount"] * 3,
        f"PUT manifests/{manifest.digest}",
    ]
    assert copying.plan(here, there, manifest) == Copy()


def test_within_one_repository_there_is_nothing_to_copy(here: Registry) -> None:
    assert copying.plan(here, Registry(here.repository.familiar), push(here, "", [b"one"])) == Copy()


def test_a_blob_that_cannot_be_mounted_is_uploaded(here: Registry, there: Registry, elsewhere: str) -> None:
    manifest = push(here, "", [os.urandom(3_000_000)])
    asked = listening(there)
    other = Registry(f"{here.repository.host}/no/such")
    other.blob = here.blob  # type: ignore[method-assign]  # so that the registry finds nothing to mount
    copying.carry_out(other, there, copying.plan(here, there, manifest))
    assert sorted(asked) == sorted(
        [*["POST blobs/uploads?mount"] * 2, *["PUT blobs/uploads"] * 2, f"PUT manifests/{manifest.digest}"]
    )
    assert there.manifest(manifest.digest) == manifest


def test_an_index_goes_to_another_registry_with_all_that_it_names(here: Registry, elsewhere: str) -> None:
    there = Registry(f"{elsewhere}/team/api")
    shared = os.urandom(2_000_000)
    one = push(here, "", [shared, b"amd"])
    two = push(here, "", [shared, b"arm"], {"architecture": "arm64"})
    signed = push(here, "", [b"attested"])
    both = index(here, amd64=one, arm64=two, unknown=signed)
    asked = listening(there)
    copy = copied(here, there, both)
    assert [each.digest for each in copy.manifests] == [one.digest, two.digest, signed.digest, both.digest]
    assert len(copy.blobs) == 6
    assert sum("PUT manifests" in each for each in asked) == 4
    assert not any("mount" in each for each in asked)
    nested = index(here, amd64=both)
    assert copied(here, there, nested).manifests[-1] == nested
    later = push(here, "", [shared, b"newer"])
    assert copying.plan(here, there, later).blobs == {digest_of(b"newer"): 5}


def test_a_part_that_is_gone_is_said(here: Registry, there: Registry) -> None:
    one = push(here, "", [b"one"])
    both = index(here, amd64=one)
    assert here.session.send("DELETE", f"{here.repository.url}/manifests/{one.digest}").status == 202
    with pytest.raises(DockyardError, match=rf"@{both.digest} names {one.digest}, which is gone from the registry"):
        copying.plan(Registry(here.repository.familiar), there, both)


def test_other_bytes_than_the_digests_are_not_taken(there: Registry) -> None:
    location = copying.begin(Registry("127.0.0.1:1/x"), there, digest_of(b"right"))
    with pytest.raises(DockyardError, match=f"did not take {digest_of(b'right')}: .* Type the command again"):
        copying.upload(there, location, digest_of(b"right"), 5, iter([b"wrong"]))
    assert not copying.holds(there, digest_of(b"right"))


@pytest.mark.parametrize(("content", "has"), [([b"o", b"ne"], "3"), ([b"one", b"two"], "more")])
def test_a_blob_of_another_size_is_not_waited_for(there: Registry, content: list[bytes], has: str) -> None:
    digest = digest_of(b"right")
    location = copying.begin(Registry("127.0.0.1:1/x"), there, digest)
    words = f"did not take {digest}: its manifest says 5 bytes, and it has {has}; Type the command again"
    with pytest.raises(DockyardError, match=words):
        copying.upload(there, location, digest, 5, iter(content))


def test_a_registry_that_goes_down_meanwhile_gets_the_rest_later(
    here: Registry, elsewhere: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "AT_ONCE", 1)  # the small ones have arrived by then
    large = os.urandom(8_000_000)
    manifest = push(here, "", [b"small", large])
    with between(elsewhere, lasts=2_000_000) as front:
        there = Registry(f"{front.host}/team/broken")
        with pytest.raises(DockyardError, match=r"did not take sha256:|does not answer"):
            copying.carry_out(here, there, copying.plan(here, there, manifest))
    there = Registry(f"{elsewhere}/team/broken")
    assert there.digest(manifest.digest) == ""
    assert copied(here, there, manifest).blobs == {digest_of(large): len(large)}


def test_ctrl_c_ends_what_is_under_way(here: Registry, elsewhere: str) -> None:
    manifest = push(here, "", [os.urandom(4_000_000)])
    there = Registry(f"{elsewhere}/team/interrupted")
    begun, going_on = threading.Event(), threading.Event()
    whole = here.blob

    def slow(digest: str) -> Iterator[bytes]:
        for part in whole(digest):
            begun.set()
            going_on.wait(10)
            yield part

    here.blob = slow  # type: ignore[method-assign, assignment]
    over = threading.Event()
    blob = max(manifest.blobs, key=manifest.blobs.__getitem__)
    failures: list[BaseException] = []

    def carry() -> None:
        try:
            copying.carry(here, there, blob, manifest.blobs[blob], over)
        except DockyardError as error:
            failures.append(error)

    thread = threading.Thread(target=carry)
    thread.start()
    assert begun.wait(10)
    over.set()
    going_on.set()
    thread.join(10)
    assert [str(each) for each in failures] == ["The copy was given up."]
    assert not copying.holds(there, blob)


def test_a_token_for_both_repositories_mounts(here: Registry, registry: str) -> None:
    manifest = push(here, "", [b"one"])
    with guarding(Gate(registry)) as gate:
        source = Registry(f"{gate.host}/{here.repository.path}")
        there = Registry(f"{gate.host}/{here.repository.path}-two")
        copied(source, there, manifest)
    assert [f"repository:{there.repository.path}:pull,push", f"repository:{here.repository.path}:pull"] in gate.scopes
    assert not any(each.startswith("PUT") and "/blobs/" in each for each in gate.asked)


def test_without_a_token_for_the_other_repository_blobs_are_uploaded(here: Registry, registry: str) -> None:
    manifest = push(here, "", [os.urandom(1_000_000)])
    mine = f"repository:{here.repository.path}-two"
    with guarding(Gate(registry, frozenset({f"{mine}:pull", f"{mine}:pull,push"}))) as gate:
        there = Registry(f"{gate.host}/{here.repository.path}-two")
        source = Registry(f"{gate.host}/{here.repository.path}")
        source.blob = here.blob  # type: ignore[method-assign]  # the gate lets nobody read there
        copying.carry_out(source, there, copying.plan(here, there, manifest))
        assert there.digest(manifest.digest) == manifest.digest
    assert sum(each.startswith("PUT") and "/blobs/" in each for each in gate.asked) == 2


def test_each_scope_is_asked_for_by_itself() -> None:
    asked = {
        "realm": "https://auth.example.com/token",
        "service": "reg",
        "scope": "repository:a:pull,push repository:b:pull",
    }
    urls: list[str] = []

    def ask(method: str, url: str, *rest: object) -> HTTPResponse:
        urls.append(url)
        return HTTPResponse()

    Challenged(parse("registry.example.com/a")).token(asked, ask)
    assert [parse_qs(urlsplit(url).query)["scope"] for url in urls] == [["repository:a:pull,push", "repository:b:pull"]]


def test_a_registry_with_a_login(
    here: Registry, engine: docker.DockerClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = push(here, "", [b"one", os.urandom(1_000_000)])
    port = free_port()
    address = f"127.0.0.1:{port}"
    settings = {"": "htpasswd", "_HTPASSWD_REALM": "r", "_HTPASSWD_PATH": "/htpasswd"}
    box = engine.containers.create(
        loopback.IMAGE,
        name=loopback.name(address),
        ports={"5000/tcp": ("127.0.0.1", port)},
        environment={f"REGISTRY_AUTH{key}": value for key, value in settings.items()},
    )
    try:
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            member = tarfile.TarInfo("htpasswd")
            member.size, member.mode = len(HTPASSWD), 0o644
            tar.addfile(member, io.BytesIO(HTPASSWD))
        box.put_archive("/", archive.getvalue())
        box.start()
        until(lambda: loopback.answers(address))
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
        with pytest.raises(DockyardError, match=f"refuses team/api .*docker login {address}"):
            copying.plan(here, Registry(f"{address}/team/api"), manifest)
        login = base64.b64encode(b"ann:pass word").decode()
        (tmp_path / "config.json").write_text(json.dumps({"auths": {address: {"auth": login}}}))
        copied(here, Registry(f"{address}/team/api"), manifest)
    finally:
        box.remove(force=True, v=True)
