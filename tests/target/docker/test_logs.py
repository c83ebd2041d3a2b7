"""Logs of all instances, in order of time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import docker
import pytest

from tasks.errors import DockyardError
from tasks.target import LogLine, LogQuery
from tasks.target.docker.logs import lines
from tests.target.docker.conftest import Bench

pytestmark = pytest.mark.usefixtures("hurried")

CHATTER = "python3 -uc 'import time; [(print(\"tick\", n), time.sleep(0.05)) for n in range(9999)]'"


def test_lines_of_replicas_and_workers_are_interleaved(bench: Bench) -> None:
    target, rollout = bench.deploy("1", REPLICAS="2", PROCESS_CHATTER=CHATTER)
    for n in range(6):
        bench.ask(f"/log?text=request {n}")
    found = list(target.logs(LogQuery(limit=0)))

    assert [line.at for line in found] == sorted(line.at for line in found)
    assert {line.source for line in found} == {f"{rollout.revision}{end}" for end in ("", "-2", "-chatter")}
    requests = [line for line in found if line.text.startswith("request")]
    assert [line.text for line in requests] == [f"request {n}" for n in range(6)]
    assert [line.source for line in requests[:2]] != [requests[0].source] * 2
    assert [line.text for line in target.logs(LogQuery(filter="request", limit=2))] == ["request 4", "request 5"]
    assert len(list(target.logs(LogQuery(limit=3)))) == 3
    time.sleep(1.1)
    bench.ask("/log?text=late")
    recent = [line.text for line in target.logs(LogQuery(since=1.0, limit=0))]
    assert "late" in recent
    assert "request 0" not in recent


def test_previous_and_named_revisions(bench: Bench) -> None:
    _, one = bench.deploy("1", ENV_LOG="I am one")
    with pytest.raises(DockyardError, match="No container of a revision before"):
        next(bench.target().logs(LogQuery(previous=True)))
    target, _ = bench.deploy("2", ENV_LOG="I am two")
    assert [line.text for line in target.logs(LogQuery(filter="I am"))] == ["I am two"]
    assert [line.text for line in target.logs(LogQuery(filter="I am", previous=True))] == ["I am one"]
    assert [line.text for line in target.logs(LogQuery(filter="I am", revision=one.revision))] == ["I am one"]


def test_following_goes_on_until_the_containers_end(bench: Bench, engine: docker.DockerClient) -> None:
    target, rollout = bench.deploy("1", REPLICAS="2", ENV_LOG="# early")
    came: list[LogLine] = []
    arrived = threading.Event()

    def follow() -> None:
        for line in target.logs(LogQuery(follow=True, limit=1, filter="# ")):
            came.append(line)
            arrived.set()

    follower = threading.Thread(target=follow)
    follower.start()
    assert arrived.wait(10)
    for n in range(4):
        bench.ask(f"/log?text=%23 again {n}")
    for name in (rollout.revision, f"{rollout.revision}-2"):
        engine.containers.get(name).stop(timeout=2)
    follower.join(15)
    assert not follower.is_alive()
    assert [line.text for line in came] == ["# early", *(f"# again {n}" for n in range(4))]
    assert {line.source for line in came[1:]} == {rollout.revision, f"{rollout.revision}-2"}


def test_following_ends_with_its_reader(bench: Bench) -> None:
    target, _ = bench.deploy("1", PROCESS_CHATTER=CHATTER)
    before = threading.active_count()
    stream = target.logs(LogQuery(follow=True, limit=1))
    assert isinstance(stream, Iterator)
    assert [next(stream).text[:4] for _ in range(5)][1:] == ["tick"] * 4
    stream.close()  # type: ignore[attr-defined]  # as Ctrl-C does
    assert threading.active_count() == before


def test_without_a_revision_there_is_no_log(bench: Bench) -> None:
    with pytest.raises(DockyardError, match=r"inv history --env=local"):
        next(bench.target().logs(LogQuery()))


def test_a_long_line_comes_in_one_piece() -> None:
    chunks = [
        b"2026-01-01T00:00:00.1Z " + b"x" * 9,
        b"2026-01-01T00:00:00.2Z y\r\n",
        b"2026-01-01T00:00:01Z \xe2\x80\xa8z",
    ]
    assert list(lines("api", chunks)) == [
        LogLine("2026-01-01T00:00:00.1Z", "api", "xxxxxxxxxy"),
        LogLine("2026-01-01T00:00:01Z", "api", "\u2028z"),
    ]
