"""`logs`: every flag, over two replicas and two workers, for people and for programs, and what ends it."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import docker
import pytest

from tests.conftest import Dockyard, Inv
from tests.service import Service, clean, free_port

TICKS = "python3 -uc 'import time; [(print(\"tick\", n), time.sleep(0.1)) for n in range(99999)]'"
BYTES = (
    "python3 -uc 'import sys, time; sys.stdout.buffer.write(b\"caf\\xe9 \\xf0\\x9f\\x9a\\xa2\\n\"); time.sleep(999)'"
)


@contextmanager
def running(api: Service, line: str, **more: str) -> Iterator[subprocess.Popen[str]]:
    """Dockyard in a process of its own; whatever is left of it is ended."""
    process = api.start(*shlex.split(line), **more)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def released(api: Service, line: str = "release --env=local") -> str:
    """The revision that a release, or another verb, brought up."""
    with running(api, f"{line} --json") as process:
        out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return str(json.loads(out)["revision"])


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory, engine: docker.DockerClient, registry: str
) -> Iterator[tuple[Service, str, str]]:
    """A service of two replicas and two workers, its first revision and the one that serves."""
    name = f"t{uuid.uuid4().hex[:8]}"
    api = Service(tmp_path_factory.mktemp("logs") / "project", name, f"{registry}/test/{name}", free_port())
    api.write()
    try:
        api.set(ENV_LOG="I am one")
        first = released(api)
        api.set(ENV_LOG="I am two", REPLICAS="2", PROCESS_TICKS=TICKS, PROCESS_BYTES=BYTES)
        second = released(api)
        for n in range(4):
            api.get(f"/log?text=request%20{n}")
        yield api, first, second
    finally:
        clean(engine, name, api.repository)


@pytest.fixture
def logs(served: tuple[Service, str, str], dockyard: Dockyard) -> Inv:
    """`logs` with these flags, in that project."""
    return lambda flags: dockyard(f"logs --env=local {flags}", served[0].root)


def texts(out: str) -> list[str]:
    """What the lines for people say, without time and source."""
    return [line.partition(" | ")[2] for line in out.splitlines()]


def objects(out: str) -> list[dict[str, str]]:
    """The lines for programs."""
    return [json.loads(line) for line in out.splitlines()]


def test_replicas_and_workers_are_interleaved_in_order_of_time(served: tuple[Service, str, str], logs: Inv) -> None:
    _, _, second = served
    found = objects(logs("--limit=0 --json").out)
    assert all(list(line) == ["at", "source", "text", "severity"] for line in found)
    assert [line["at"] for line in found] == sorted(line["at"] for line in found)
    assert {line["source"] for line in found} == {f"{second}{end}" for end in ("", "-2", "-ticks", "-bytes")}
    requests = [line for line in found if line["text"].startswith("request")]
    assert [line["text"] for line in requests] == [f"request {n}" for n in range(4)]
    assert {line["source"] for line in requests} == {second, f"{second}-2"}


def test_a_line_for_people_has_time_source_and_text(served: tuple[Service, str, str], logs: Inv) -> None:
    _, _, second = served
    [line] = logs("--filter='request 0'").out.splitlines()
    [same] = objects(logs("--filter='request 0' --json").out)
    assert line == f"{same['at'][11:19]} {same['source']} | request 0"
    assert same["source"] in (second, f"{second}-2")


def test_limit_is_the_newest_lines_of_all(logs: Inv) -> None:
    assert len(logs("").out.splitlines()) <= 100
    assert len(logs("--limit=3").out.splitlines()) == 3
    assert len(objects(logs("--limit=3 --json").out)) == 3
    assert texts(logs("--filter=request --limit=2").out) == ["request 2", "request 3"]
    assert [line["text"] for line in objects(logs("--filter=request --limit=2 --json").out)] == [
        "request 2",
        "request 3",
    ]


def test_since_is_a_while_before_now(served: tuple[Service, str, str], logs: Inv) -> None:
    assert "request 0" not in texts(logs("--since=0 --limit=0").out)
    assert texts(logs("--since=1h --filter=request").out) == [f"request {n}" for n in range(4)]
    assert [line["text"] for line in objects(logs("--since=99999999d --filter='request 3' --json").out)] == [
        "request 3"
    ]


def test_previous_is_the_revision_that_served_before(served: tuple[Service, str, str], logs: Inv) -> None:
    _, first, _ = served
    assert texts(logs("--filter='I am'").out) == ["I am two", "I am two"]
    assert texts(logs("--previous --filter='I am'").out) == ["I am one"]
    [line] = objects(logs("--previous --filter='I am' --json").out)
    assert (line["source"], line["text"]) == (first, "I am one")


def test_bytes_that_are_no_text_are_shown_as_such(logs: Inv) -> None:
    assert texts(logs("--filter=caf").out) == ["caf\N{REPLACEMENT CHARACTER} \N{SHIP}"]
    assert [line["text"] for line in objects(logs("--filter=caf --json").out)] == [
        "caf\N{REPLACEMENT CHARACTER} \N{SHIP}"
    ]


def test_a_terminal_that_cannot_show_a_character_gets_another_one(served: tuple[Service, str, str]) -> None:
    said = {}
    for flags in ("", "--json"):
        with running(served[0], f"logs --env=local --filter=caf {flags}", PYTHONIOENCODING="ascii") as process:
            said[flags], err = process.communicate(timeout=20)
        assert process.returncode == 0, err
    assert texts(said[""]) == ["caf? ?"]
    assert [line["text"] for line in objects(said["--json"])] == ["caf\N{REPLACEMENT CHARACTER} \N{SHIP}"]


@pytest.mark.parametrize(
    ("flag", "sentence"),
    [
        ("--since=soon", "--since=soon: 'soon' is no duration: write 60s"),
        ("--since=-5m", "--since=-5m: '-5m' is no duration"),
        ("--limit=many", "--limit=many is not a number of lines; try --limit=100, or --limit=0 for all."),
        ("--limit=-1", "--limit=-1 is not a number of lines"),
        ("--limit=99999999999999999999", "is not a number of lines"),
        (f"--since={'9' * 400}d", "--since=999"),
    ],
)
def test_what_is_no_duration_or_number_is_said_so(logs: Inv, flag: str, sentence: str) -> None:
    for more in ("", " --json"):
        refused = logs(flag + more)
        assert refused.code == 1
        assert sentence in refused.err
        assert len(refused.err.strip().splitlines()) == 1


@pytest.mark.parametrize("flags", ["", "--json"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_is_the_end_of_following(served: tuple[Service, str, str], number: signal.Signals, flags: str) -> None:
    with running(served[0], f"logs --env=local --follow --limit=1 --filter=tick {flags}") as process:
        assert process.stdout
        came = [process.stdout.readline() for _ in range(4)]
        process.send_signal(number)
        rest, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert err == ""
    lines = (*came, *rest.splitlines())
    said = [json.loads(line)["text"] if flags else line.partition(" | ")[2].strip() for line in lines]
    first = int(said[0].removeprefix("tick "))
    assert said == [f"tick {n}" for n in range(first, first + len(said))], "none twice, none left out"


def test_a_reader_that_leaves_ends_it_quietly(served: tuple[Service, str, str]) -> None:
    with running(served[0], "logs --env=local --follow --limit=0") as process:
        assert process.stdout
        assert process.stdout.readline()
        process.stdout.close()
        process.stdout = None
        _, err = process.communicate(timeout=20)
    assert process.returncode == 128 + signal.SIGPIPE
    assert err == ""


def test_following_goes_on_over_a_release_and_a_rollback(api: Service) -> None:
    api.set(REPLICAS="2", ENV_LOG="I am one")
    first = released(api)
    came: list[dict[str, str]] = []
    news = threading.Condition()

    def read(process: subprocess.Popen[str]) -> None:
        assert process.stdout
        for line in process.stdout:
            with news:
                came.append(json.loads(line))
                news.notify()

    def says(text: str, times: int, source: str) -> bool:
        with news:
            return news.wait_for(
                lambda: (
                    [text for each in came if each["text"] == text and each["source"].startswith(source)]
                    == [text] * times
                ),
                timeout=20,
            )

    with running(api, "logs --env=local --follow --json") as process:
        reader = threading.Thread(target=read, args=(process,))
        reader.start()
        assert says("I am one", 2, first)
        api.set(ENV_LOG="I am two")
        second = released(api)
        assert says("I am two", 2, second)
        assert says("stopping", 2, first)
        api.get("/log?text=still")
        assert says("still", 1, second)
        assert released(api, "rollback --env=local") == first
        assert says("I am one", 4, first), "the kept containers' new lines, the old ones not again"
        assert says("stopping", 2, second)
        process.send_signal(signal.SIGINT)
        reader.join(20)
        assert process.wait(20) == 0
