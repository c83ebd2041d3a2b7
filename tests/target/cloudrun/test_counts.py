"""How many requests a revision answered, and how many badly, by the log that Cloud Run itself writes of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.target import Served, Traffic
from tasks.target.cloudrun import counts, running
from tasks.target.cloudrun.service import Fleet
from tests.fakes.gcp.cloud import Cloud
from tests.target.cloudrun.looking import deployed, fleet, revision_of

ONE, TWO = "web-00001-abc", "web-00002-abd"
JUDGED = "MAX_ERROR_RATE=1%\n"
LIST = "logging.entries.list"


def request(gcp: Cloud, revision: str, status: int, times: int = 1, **more: object) -> None:
    for _ in range(times):
        http = {"requestMethod": "GET", "requestUrl": "https://w/", **({"status": status} if status else {})}
        where = revision_of(gcp, revision)
        gcp.logging.write(http=http, resource=where, log="run.googleapis.com%2Frequests", **more)


@pytest.fixture
def of(gcp: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    monkeypatch.setattr(counts, "FRESH", 0.0)
    found = fleet(gcp, tmp_path, JUDGED)
    deployed(gcp, found, ONE, "v1")
    deployed(gcp, found, TWO, "v2", [Traffic(ONE, 90), Traffic(TWO, 10, "candidate")])
    return found


def served(of: Fleet) -> tuple[Served, ...]:
    return running.current(of, of.look()).served


def test_requests_and_errors_are_counted_by_revision(gcp: Cloud, of: Fleet) -> None:
    request(gcp, ONE, 200, 3)
    request(gcp, ONE, 404)
    request(gcp, TWO, 503, 2)
    request(gcp, TWO, 0)
    gcp.logging.write("no request", resource=revision_of(gcp, TWO))
    assert served(of) == (Served(ONE, 4, 0), Served(TWO, 3, 3))


def test_each_look_adds_what_came_since_and_counts_nothing_twice(gcp: Cloud, of: Fleet) -> None:
    request(gcp, TWO, 200, 5)
    assert served(of)[1] == Served(TWO, 5, 0)
    assert served(of)[1] == Served(TWO, 5, 0)
    request(gcp, TWO, 500, 2)
    gcp.forget()
    assert served(of)[1] == Served(TWO, 7, 2)
    (call,) = [each for each in gcp.calls if each.method == LIST]
    assert f'logName="projects/{gcp.project}/logs/run.googleapis.com%2Frequests"' in call.request["body"]["filter"]


def test_a_look_is_good_for_some_seconds(gcp: Cloud, of: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counts, "FRESH", 5.0)
    gcp.forget()
    for _ in range(20):
        served(of)
    assert gcp.counted()[LIST] == 1


def test_no_more_is_read_than_tells_enough(gcp: Cloud, of: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counts, "MOST", 20)
    gcp.set(logging_page=10)
    request(gcp, TWO, 200, 35)
    assert served(of)[1].requests == 20
    request(gcp, TWO, 200, 5)
    assert served(of)[1].requests == 25
    assert gcp.counted()[LIST] == 3


@pytest.mark.parametrize("setting", ["CANARY=10\n", "BAKE=5s\n", JUDGED])
def test_the_log_is_read_only_where_a_setting_judges_by_it(gcp: Cloud, tmp_path: Path, setting: str) -> None:
    without, judged = fleet(gcp, tmp_path), fleet(gcp, tmp_path, setting)
    deployed(gcp, without, ONE, "v1")
    gcp.forget()
    assert served(without) == ()
    assert LIST not in gcp.methods()
    assert running.current(judged, judged.look(), counted=False).served == ()
    assert LIST not in gcp.methods()
    assert served(judged) == (Served(ONE, 0, 0),)


def test_who_may_not_read_the_log_counts_nothing_and_is_told_once(
    gcp: Cloud, of: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    gcp.deny("logging.*")
    assert served(of) == served(of) == ()
    assert capsys.readouterr().err.count("How many requests fail is not counted") == 1


def test_a_used_up_quota_is_made_up_for_by_the_next_look(gcp: Cloud, of: Fleet) -> None:
    request(gcp, TWO, 200, 2)
    gcp.fault("logging", "entries.list", 429)
    assert served(of)[1] == Served(TWO, 0, 0)
    assert served(of)[1] == Served(TWO, 2, 0)
