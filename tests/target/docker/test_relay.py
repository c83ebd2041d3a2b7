"""Words carried into the edge, against containers that answer well, badly, or not at all."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import docker
import pytest
import requests
from docker.errors import APIError
from docker.models.containers import Container

from tasks.environment.forms import Check
from tasks.target import Rollout
from tasks.target.docker import names
from tasks.target.docker.channel import Channel
from tasks.target.docker.dial import LIMIT, Answer, NoAnswer, Request, send
from tasks.target.docker.exchange import Frames
from tasks.target.docker.relay import Trouble
from tests.service import REPOSITORY
from tests.target.docker.conftest import Bench, until

SERVER = """
import socketserver, time
class Peer(socketserver.StreamRequestHandler):
    def handle(self):
        method, path, _ = self.rfile.readline().decode().split()
        length = 0
        while (line := self.rfile.readline().strip()):
            if line.lower().startswith(b"content-length:"): length = int(line.split()[1])
        body = self.rfile.read(length)
        if path == "/close": return
        if path == "/hang": time.sleep(60)
        if path == "/other": return self.wfile.write(b"220 refused mail")
        if path == "/big": body = b"b" * 5_000_000
        if path == "/seen": body = repr(body).encode()
        self.wfile.write(b"HTTP/1.1 201 Made\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body))
        if method != "HEAD": self.wfile.write(body)
        if path == "/open": time.sleep(60)
server = socketserver.ThreadingTCPServer(("", 8000), Peer)
print("up", flush=True)
server.serve_forever()
"""


@dataclass
class Inside:
    """A container of the edge's image, in which nothing runs, and the address of one that answers."""

    edge: Container
    address: str
    channel: Channel

    def ask(self, path: str, body: bytes = b"", *, method: str = "POST", timeout: float = 5.0) -> Answer:
        return send(self.channel, self.address, Request(method, path, {}, body), timeout)

    def relays(self) -> int:
        return sum("perl" in process[-1] for process in self.edge.top()["Processes"])

    def run(self, *argv: str) -> str:
        done: Any = self.edge.exec_run(list(argv), workdir="/var/lib/dockyard")
        return str(done.output.decode())


@pytest.fixture(scope="module")
def containers(engine: docker.DockerClient, shared: tuple[Bench, Rollout]) -> Iterator[tuple[Container, str]]:
    """Both containers, for the tests of this module."""
    bench, rollout = shared
    network = names.network(bench.service)
    made: list[Container] = []

    def run(beside: str, command: list[str], **options: Any) -> Container:
        image: Any = engine.containers.get(beside).image
        made.append(engine.containers.run(image, entrypoint=command, network=network, detach=True, **options))
        return made[-1]

    try:
        peer = run(rollout.revision, ["python3", "-c", SERVER])
        files = {"/var/lib/dockyard": "size=64k"}
        edge = run(names.edge(bench.service), ["sleep", "600"], init=True, user="0", tmpfs=files)
        until(lambda: b"up" in peer.logs())
        peer.reload()
        yield edge, f"{peer.attrs['NetworkSettings']['Networks'][network]['IPAddress']}:8000"
    finally:
        for container in made:
            container.remove(force=True)


@pytest.fixture
def inside(engine: docker.DockerClient, containers: tuple[Container, str]) -> Iterator[Inside]:
    """Both, with a channel of this test's own."""
    edge, address = containers
    channel = Channel(engine, str(edge.name))
    yield Inside(edge, address, channel)
    channel.close()


def test_bytes_arrive_as_they_are_and_one_relay_carries_them_all(inside: Inside) -> None:
    every = bytes(range(256)) * 4096
    assert inside.ask("/seen", b"\0\n\xff 3\r\n") == Answer(201, r"b'\x00\n\xff 3\r\n'")
    assert inside.ask("/echo", every) == Answer(201, every.decode(errors="replace"))
    assert inside.ask("/echo") == Answer(201, "")
    assert inside.ask("/big", method="HEAD") == Answer(201, "")
    assert inside.ask("/big") == Answer(201, "b" * LIMIT)
    assert inside.ask("/echo", b"last") == Answer(201, "last")
    until(lambda: inside.relays() == 1)


def test_what_went_wrong(inside: Inside) -> None:
    host = inside.address.partition(":")[0]
    for address, path, said in (
        (f"{host}:1", "/", "refused the connection"),
        (f"{host.rpartition('.')[0]}.254:80", "/", "could not be reached"),
        (inside.address, "/close", "closed the connection without an answer"),
        (inside.address, "/other", "answered what is no HTTP: '220 refused mail'"),
    ):
        with pytest.raises(NoAnswer) as failed:
            send(inside.channel, address, Request("GET", path), 5)
        assert str(failed.value) == said
    assert inside.relays() == 1


def test_one_that_hangs_holds_nobody_up(inside: Inside) -> None:
    with ThreadPoolExecutor(4) as beside:
        hanging = beside.submit(inside.ask, "/hang", timeout=1.5)
        time.sleep(0.2)
        began = time.monotonic()
        answers = list(beside.map(lambda n: inside.ask("/echo", f"{n}".encode()).body, range(60)))
        assert time.monotonic() - began < 1
        assert answers == [f"{n}" for n in range(60)]
        assert not hanging.done()
        with pytest.raises(NoAnswer, match=r"^did not answer within 1.5 s$"):
            hanging.result()
    assert inside.ask("/echo", b"on") == Answer(201, "on")
    until(lambda: inside.relays() <= 3)


def test_one_that_keeps_its_connection_open_is_not_waited_for(inside: Inside) -> None:
    began = time.monotonic()
    assert inside.ask("/open", b"body") == Answer(201, "body")
    assert inside.ask("/echo", b"next") == Answer(201, "next")
    assert time.monotonic() - began < 2


def test_an_edge_that_is_killed_and_comes_back(inside: Inside) -> None:
    assert inside.ask("/echo", b"before").body == "before"
    with ThreadPoolExecutor(1) as beside:
        hanging = beside.submit(inside.ask, "/hang", timeout=20)
        time.sleep(0.1)
        inside.edge.kill()
        with pytest.raises(NoAnswer, match="closed the connection without an answer"):
            hanging.result()
    with pytest.raises(APIError, match="not running"):
        inside.ask("/echo")
    inside.edge.start()
    assert inside.ask("/echo", b"after").body == "after"


def test_files_are_written_whole_or_not_at_all(inside: Inside) -> None:
    inside.channel.write({"a": "one\n", "b": "ünô\n", "empty": ""})
    assert inside.run("cat", "a", "b", "empty") == "one\nünô\n"
    with pytest.raises(Trouble, match="No space left on device"):
        inside.channel.write({"a": "two\n", "b": "x" * 100_000})
    assert inside.run("cat", "a", "b") == "one\nünô\n"
    inside.channel.write({"a": "three\n"})
    assert inside.run("cat", "a") == "three\n"
    assert inside.run("ls").split() == ["a", "b", "empty"]
    assert inside.relays() == 1


def test_nothing_stays_behind_a_process_that_is_killed(inside: Inside) -> None:
    code = (
        "import docker, time; from tasks.target.docker.channel import Channel\n"
        f"c = Channel(docker.from_env(), {inside.edge.name!r}); c.write({{'a': ''}}); print('on', flush=True)\n"
        "time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=REPOSITORY, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"on\n"
        assert inside.relays() == 1
        process.kill()
    until(lambda: inside.relays() == 0)


def test_a_conversation_that_was_interrupted_is_not_gone_on_with(
    inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: Frames) -> tuple[int, bytes]:
        raise KeyboardInterrupt

    with monkeypatch.context() as moment:
        moment.setattr(Frames, "frame", interrupted)
        with pytest.raises(KeyboardInterrupt):
            inside.ask("/echo", b"one")
    assert inside.ask("/echo", b"two").body == "two"


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The last words of the paths that the engine is asked for."""
    asked: list[str] = []
    really = requests.Session.send

    def count(session: requests.Session, request: Any, **options: Any) -> Any:
        asked.append(request.path_url.partition("?")[0].rpartition("/")[2])
        return really(session, request, **options)

    monkeypatch.setattr(requests.Session, "send", count)
    yield asked
    monkeypatch.undo()


def test_a_whole_release_needs_one_exec_and_no_archive(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.deploy("1")
    with counted(monkeypatch) as asked:
        target, rollout = bench.deploy("2")
        for _ in range(3):  # a canary is asked each second
            assert target.probe(Check("ROOT", "GET", "/", 200), rollout.revision).ok
    assert (asked.count("exec"), asked.count("archive")) == (1, 0)
    assert bench.revision() == rollout.revision
