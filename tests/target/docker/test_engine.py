"""Which engine, and a second one: everything works through `DOCKER_HOST`, a context and SSH as it does here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from tasks.errors import DockyardError, SettingError
from tasks.target import LogQuery, Traffic
from tasks.target.docker import edge_image
from tasks.target.docker.engine import connect, host, instant, locate
from tests.another import Another, beside
from tests.service import clean, free_port
from tests.target.docker.conftest import Bench, until

SSH = """\
#!{python}
import os, socket, sys, threading
open({said!r}, "w").write(" ".join(sys.argv[1:]))
if "refused" in sys.argv[-1]:
    sys.exit("ssh: connect to host refused port 22: Connection refused")
here, _, there = sys.argv[sys.argv.index("-L") + 1].partition(":")
def copy(source, sink):
    while data := source.recv(65536):
        sink.sendall(data)
    sink.shutdown(socket.SHUT_WR)
server = socket.socket(socket.AF_UNIX)
server.bind(here)
server.listen()
while True:
    near, _ = server.accept()
    far = socket.socket(socket.AF_UNIX)
    far.connect(there)
    for pair in ((near, far), (far, near)):
        threading.Thread(target=copy, args=pair, daemon=True).start()
"""


@pytest.fixture(scope="module")
def second(engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Another]:
    with beside(tmp_path_factory.mktemp("engine")) as made:
        yield made


@pytest.fixture
def context(second: Another, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A context for that engine, made by Docker's own CLI."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "config"))
    made = ["docker", "context", "create", "second", "--docker", f"host={second.address}"]
    subprocess.run(made, check=True, capture_output=True)
    return "second"


def test_a_context_takes_a_release_to_another_engine(
    bench: Bench, second: Another, context: str, engine: docker.DockerClient
) -> None:
    """It builds nothing there: the edge's image is moved, the application's comes from the registry."""
    there = docker.DockerClient(second.address)
    try:
        target, one = bench.deploy("1", DOCKER_CONTEXT=context)
        assert bench.revision() == one.revision
        assert {str(each.name) for each in there.containers.list()} == {
            one.revision,
            f"{bench.service}-edge",
        }
        assert engine.containers.list(all=True, filters={"label": f"dockyard.service={bench.service}"}) == []
        target, two = bench.deploy("2")
        assert bench.revision() == two.revision
        assert target.current().instances[0].digest == bench.application.digests["2"]
        assert f"{two.revision} listens on 8080" in [line.text for line in target.logs(LogQuery())]
        assert target.run_once(["true"], bench.application.release()) == 0
        assert [each.name for each in target.history()] == [two.revision, one.revision]
        assert bench.target(URL="").current().url == "http://127.0.0.1:8080", "the engine's own host"
    finally:
        clean(there, bench.service)
        there.close()


def test_docker_host_names_another_engine(
    bench: Bench, second: Another, monkeypatch: pytest.MonkeyPatch, engine: docker.DockerClient
) -> None:
    there = docker.DockerClient(second.address)
    target = bench.target()
    image = edge_image.name(edge_image.recipe(target.environment, f"linux/{engine.version()['Arch']}"))
    monkeypatch.setenv("DOCKER_HOST", second.address)
    try:
        if not edge_image.has(there, image):
            there.images.load(b"".join(engine.images.get("debian:bookworm-slim").save(named="debian:bookworm-slim")))
        target, one = bench.deploy("1")
        target, two = bench.start("2")
        shares = (Traffic(one.revision, 60), Traffic(two.revision, 40, "next"))
        assert target.shift(shares) == shares
        assert bench.shares(10) == {one.revision: 6, two.revision: 4}

        target.service.channel.close()
        second.stop()
        with pytest.raises(DockyardError, match=r"^No Docker engine answers|stopped answering"):
            target.current()
        second.start()
        until(lambda: target.current().traffic == shares and bench.ask("/health").status_code == 200)
        assert bench.shares(10) == {one.revision: 6, two.revision: 4}, "a reboot changes nothing"
        assert bench.revision("next") == two.revision
    finally:
        clean(there, bench.service)
        there.close()


def test_what_names_the_engine(tmp_path: Path) -> None:
    meta = tmp_path / "contexts" / "meta" / "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    meta.mkdir(parents=True)
    endpoints = {"docker": {"Host": "tcp://10.0.0.5:2375", "SkipTLSVerify": False}}
    (meta / "meta.json").write_text(json.dumps({"Name": "test", "Metadata": {}, "Endpoints": endpoints}))
    config = {"DOCKER_CONFIG": str(tmp_path)}
    local, remote = ("unix:///var/run/docker.sock", None), ("tcp://10.0.0.5:2375", None)

    assert locate("", config) == local
    assert locate("test", {**config, "DOCKER_HOST": "unix:///a.sock", "DOCKER_CONTEXT": "default"}) == remote
    assert locate("", {**config, "DOCKER_HOST": "unix:///a.sock", "DOCKER_CONTEXT": "test"}) == ("unix:///a.sock", None)
    assert locate("", {**config, "DOCKER_CONTEXT": "test"}) == remote
    assert locate("default", {**config, "DOCKER_CONTEXT": "test"}) == local
    (tmp_path / "config.json").write_text('{"currentContext": "test"}')
    assert locate("", config) == remote
    with pytest.raises(SettingError, match=r"no Docker context 'tset' \(there is default, test\)"):
        locate("tset", config)
    (meta / "meta.json").write_text("{}")
    with pytest.raises(SettingError, match=r"'test' cannot be read"):
        locate("test", config)


def test_a_context_with_certificates(tmp_path: Path) -> None:
    meta = tmp_path / "contexts" / "meta" / "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    material = tmp_path / "contexts" / "tls" / meta.name / "docker"
    for folder in (meta, material):
        folder.mkdir(parents=True)
    endpoints = {"docker": {"Host": "tcp://engine:2376", "SkipTLSVerify": False}}
    (meta / "meta.json").write_text(json.dumps({"Name": "test", "Metadata": {}, "Endpoints": endpoints}))
    for name in ("ca", "cert", "key"):
        (material / f"{name}.pem").write_text("")
    address, tls = locate("test", {"DOCKER_CONFIG": str(tmp_path)})
    assert address == "tcp://engine:2376"
    assert tls
    assert (tls.ca_cert, tls.verify) == (str(material / "ca.pem"), True)
    assert tls.cert == (str(material / "cert.pem"), str(material / "key.pem"))


def test_ssh_is_forwarded_by_openssh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: docker.DockerClient
) -> None:
    said = tmp_path / "said"
    (tmp_path / "ssh").write_text(SSH.format(python=sys.executable, said=str(said)))
    (tmp_path / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("DOCKER_HOST", "ssh://ann@engine.example.com:2222")
    client = connect()
    try:
        assert client.info()["ID"] == engine.info()["ID"]
        assert host(client) == "engine.example.com"
    finally:
        client.close()
    argv = said.read_text().split()
    assert argv[argv.index("-L") + 1].endswith("/engine.sock:/var/run/docker.sock")
    assert argv[-2:] == ["--", "ann@engine.example.com"]
    assert argv[argv.index("-p") + 1] == "2222"

    monkeypatch.setenv("DOCKER_HOST", "ssh://refused")
    with pytest.raises(DockyardError, match=r"No Docker engine answers at ssh://refused: ssh: .*Connection refused"):
        connect()


def test_an_engine_that_is_down_by_context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{free_port()}")
    began = time.monotonic()
    with pytest.raises(
        DockyardError, match=r"at tcp://127.0.0.1:\d+: Connection refused; start it or check DOCKER_HOST"
    ):
        connect()
    assert time.monotonic() - began < 5


def test_the_engines_own_time() -> None:
    assert instant("1970-01-01T00:01:00.500000000Z") == 60.5
    assert instant("1970-01-01T02:00:00+02:00") == 0.0
