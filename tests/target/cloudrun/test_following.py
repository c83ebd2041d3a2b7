"""Lines as they come: by the tail and without it, each of them once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tasks.target import LogQuery
from tasks.target.cloudrun import following, logs
from tasks.target.cloudrun.service import Fleet
from tests.fakes.gcp.cloud import Cloud
from tests.target.cloudrun.looking import deployed, fleet, revision_of

ONE, TWO = "web-00001-abc", "web-00002-abd"
END = "the end of the test"
LIST, TAIL = "logging.entries.list", "/google.logging.v2.LoggingServiceV2/TailLogEntries"


@pytest.fixture
def of(gcp: Cloud, tmp_path: Path) -> Fleet:
    found = fleet(gcp, tmp_path)
    deployed(gcp, found, ONE, "v1")
    return found


@contextmanager
def reading(gcp: Cloud, of: Fleet, query: LogQuery) -> Iterator[list[str]]:
    """The lines that have come up to now, read until the block ends."""
    found: list[str] = []

    def read() -> None:
        lines = logs.read(of, query)
        for line in lines:
            if line.text == END:
                break
            found.append(line.text)
        lines.close()  # type: ignore[attr-defined]

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        write(gcp, END)
        thread.join(15)
    assert not thread.is_alive()
    until(lambda: gcp.logging.sessions == 0)


def until(holds: Callable[[], object], seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def write(gcp: Cloud, *texts: str, revision: str = ONE, **more: object) -> None:
    for text in texts:
        gcp.logging.write(text, resource=revision_of(gcp, revision), **more)


def test_lines_come_by_the_tail_and_each_once(gcp: Cloud, of: Fleet) -> None:
    write(gcp, "before")
    with reading(gcp, of, LogQuery(follow=True)) as found:
        until(lambda: gcp.logging.sessions == 1 and "before" in found)
        write(gcp, *(f"line {number}" for number in range(50)))
        until(lambda: len(found) == 51)
        time.sleep(3)
        assert found == ["before", *(f"line {number}" for number in range(50))]
        assert gcp.counted()[LIST] <= 4
        assert gcp.counted()[TAIL] == 1


def test_a_release_while_following_is_followed(gcp: Cloud, of: Fleet) -> None:
    write(gcp, "one before")
    with reading(gcp, of, LogQuery(follow=True)) as found:
        until(lambda: gcp.logging.sessions == 1 and found)
        write(gcp, "two", revision=TWO)
        write(gcp, "one after")
        until(lambda: len(found) == 3)
    assert sorted(found) == ["one after", "one before", "two"]


def test_what_other_revisions_wrote_before_is_not_shown(gcp: Cloud, of: Fleet) -> None:
    deployed(gcp, of, TWO, "v2")
    write(gcp, "the old one", revision=ONE)
    write(gcp, "the new one", revision=TWO)
    with reading(gcp, of, LogQuery(follow=True)) as found:
        until(lambda: gcp.logging.sessions == 1 and found)
        write(gcp, "marker", revision=TWO)
        until(lambda: "marker" in found)
    assert found == ["the new one", "marker"]


def test_what_the_limit_left_out_stays_so(gcp: Cloud, of: Fleet) -> None:
    write(gcp, *(f"old {number}" for number in range(10)))
    with reading(gcp, of, LogQuery(follow=True, limit=2)) as found:
        until(lambda: gcp.logging.sessions == 1 and len(found) == 2)
        write(gcp, "late", at=time.time() - 20)
        write(gcp, "new")
        until(lambda: "new" in found)
        time.sleep(2.5)
    assert found[:2] == ["old 8", "old 9"]
    assert sorted(found[2:]) == ["late", "new"]


@pytest.mark.parametrize(
    ("status", "why"), [(403, "permission"), (501, "Unimplemented"), (429, "Quota exceeded: tail sessions")]
)
def test_a_tail_that_is_refused_is_polled_instead(
    gcp: Cloud, of: Fleet, status: int, why: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(following, "POLL", 0.2)
    gcp.fault("logging", "TailLogEntries", status, why, times=9)
    with reading(gcp, of, LogQuery(follow=True)) as found:
        for number in range(10):
            write(gcp, f"line {number}")
            time.sleep(0.1)
        until(lambda: len(found) == 10)
        assert found == [f"line {number}" for number in range(10)]
        assert gcp.counted()[TAIL] == 1
        assert f"Cloud Logging gives no tail ({why}" in capsys.readouterr().err


def test_all_sessions_in_use_are_waited_for(gcp: Cloud, of: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "POLL", 0.2)
    monkeypatch.setattr(following, "BUSY", 0.5)
    gcp.set(logging_tails=0)
    with reading(gcp, of, LogQuery(follow=True)) as found:
        write(gcp, "polled")
        until(lambda: "polled" in found)
        gcp.set(logging_tails=10)
        until(lambda: gcp.logging.sessions == 1)
        write(gcp, "tailed")
        until(lambda: "tailed" in found)
    assert found == ["polled", "tailed"]


def test_a_session_that_ends_is_followed_by_another_without_a_gap(
    gcp: Cloud, of: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "REOPEN", 0.2)
    gcp.set(logging_lasts=1.0)
    with reading(gcp, of, LogQuery(follow=True)) as found:
        for number in range(60):
            write(gcp, f"line {number}")
            time.sleep(0.05)
        until(lambda: len(found) >= 60)
        time.sleep(1)
    assert sorted(found) == sorted(f"line {number}" for number in range(60))
    assert gcp.counted()[TAIL] >= 2


def test_what_the_tail_leaves_out_is_asked_for(gcp: Cloud, of: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "BESIDE", (0.0, 60.0))
    with reading(gcp, of, LogQuery(follow=True)) as found:
        until(lambda: gcp.logging.sessions == 1 and gcp.counted().get(LIST) == 2)
        gcp.logging.suppress(3)
        write(gcp, *(f"line {number}" for number in range(6)))
        until(lambda: len(found) == 6)
    assert sorted(found) == [f"line {number}" for number in range(6)]


def test_a_line_dated_in_the_future_hides_none(gcp: Cloud, of: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "POLL", 0.2)
    gcp.fault("logging", "TailLogEntries", 403)
    with reading(gcp, of, LogQuery(follow=True)) as found:
        write(gcp, "tomorrow", at=time.time() + 86_400)
        until(lambda: "tomorrow" in found)
        write(gcp, "today")
        until(lambda: "today" in found)
    assert found == ["tomorrow", "today"]


def test_closing_ends_the_session(gcp: Cloud, of: Fleet) -> None:
    lines = logs.read(of, LogQuery(follow=True))
    write(gcp, "one")
    assert next(lines).text == "one"
    threading.Timer(1.5, lambda: write(gcp, "two")).start()
    assert next(lines).text == "two"
    assert gcp.logging.sessions == 1
    lines.close()  # type: ignore[attr-defined]
    until(lambda: gcp.logging.sessions == 0)
