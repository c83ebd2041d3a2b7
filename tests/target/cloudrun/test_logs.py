"""What a service wrote: of which revision, in which order, and what is left out."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tasks.errors import DockyardError, Unreadable
from tasks.target import LogQuery, Traffic
from tasks.target.cloudrun import logs, pool
from tasks.target.cloudrun.service import Fleet
from tests.fakes.gcp.cloud import Cloud
from tests.target.cloudrun.looking import deployed, fleet, pool_of, release, revision_of, verified

ONE, TWO = "web-00001-abc", "web-00002-abd"
REQUESTS = "run.googleapis.com%2Frequests"


@pytest.fixture
def of(gcp: Cloud, tmp_path: Path) -> Fleet:
    """A service that runs its second revision, and one line of each."""
    found = fleet(gcp, tmp_path, "PROCESS_MAIL=python mail.py\n")
    deployed(gcp, found, ONE, "v1")
    deployed(gcp, found, TWO, "v2")
    gcp.logging.write("I am one", resource=revision_of(gcp, ONE))
    gcp.logging.write("I am two", resource=revision_of(gcp, TWO))
    return found


def texts(of: Fleet, query: LogQuery) -> list[str]:
    return [line.text for line in logs.read(of, query)]


def asked(gcp: Cloud) -> list[str]:
    return [each.request["body"]["filter"] for each in gcp.calls if each.method == "logging.entries.list"]


def test_the_serving_revision_is_read(gcp: Cloud, of: Fleet) -> None:
    gcp.forget()
    (line,) = logs.read(of, LogQuery())
    assert (line.source, line.text, line.severity) == (TWO, "I am two", "")
    (sent,) = asked(gcp)
    assert sent.startswith(
        '(resource.type="cloud_run_revision" AND resource.labels.service_name="web" '
        f'AND resource.labels.location="{gcp.region}" AND resource.labels.revision_name="{TWO}") AND timestamp>="20'
    )


def test_all_that_share_the_traffic_are_read_in_order_of_time(gcp: Cloud, of: Fleet) -> None:
    deployed(gcp, of, "web-00003-abf", "v3", [Traffic(ONE, 80), Traffic(TWO, 20)])
    assert texts(of, LogQuery()) == ["I am one", "I am two"]


def test_a_named_revision_and_the_one_before_are_read(gcp: Cloud, of: Fleet) -> None:
    assert texts(of, LogQuery(revision=ONE)) == ["I am one"]
    assert texts(of, LogQuery(previous=True)) == ["I am one"]
    verified(of, TWO)
    assert texts(of, LogQuery(previous=True)) == ["I am one"]


def test_no_revision_before_is_said(gcp: Cloud, tmp_path: Path) -> None:
    only = fleet(gcp, tmp_path)
    with pytest.raises(DockyardError, match=r"There is no service web in .* yet; make one: inv release --env=prod"):
        list(logs.read(only, LogQuery()))
    deployed(gcp, only, ONE, "v1")
    with pytest.raises(DockyardError, match="No revision of web served before the one that does"):
        list(logs.read(only, LogQuery(previous=True)))


def test_a_filter_is_pushed_to_the_server_and_compared_to_the_letter(gcp: Cloud, of: Fleet) -> None:
    for text in ("Boom", "boom", "quiet"):
        gcp.logging.write(text, resource=revision_of(gcp, TWO))
    gcp.forget()
    assert texts(of, LogQuery(filter="boom")) == ["boom"]
    assert 'textPayload:"boom"' in asked(gcp)[0]


def test_a_severity_as_filter_takes_the_worse_ones_too(gcp: Cloud, of: Fleet) -> None:
    gcp.logging.write("bad", resource=revision_of(gcp, TWO), severity="CRITICAL")
    gcp.logging.write("odd", resource=revision_of(gcp, TWO), severity="WARNING")
    gcp.logging.write("says ERROR itself", resource=revision_of(gcp, TWO))
    found = list(logs.read(of, LogQuery(filter="ERROR")))
    assert [(each.text, each.severity) for each in found] == [("bad", "CRITICAL"), ("says ERROR itself", "")]


def test_since_and_limit_bound_what_is_read(gcp: Cloud, of: Fleet) -> None:
    time.sleep(1.2)
    gcp.logging.write("new", resource=revision_of(gcp, TWO))
    assert texts(of, LogQuery()) == ["I am two", "new"]
    assert texts(of, LogQuery(since=1)) == ["new"]
    assert texts(of, LogQuery(limit=1)) == ["new"]
    assert texts(of, LogQuery(limit=0)) == ["I am two", "new"]


def test_what_is_older_than_the_service_is_never_asked_for(gcp: Cloud, of: Fleet) -> None:
    gcp.logging.write("of a namesake long ago", resource=revision_of(gcp, TWO), at=time.time() - 90_000)
    assert texts(of, LogQuery(since=100_000)) == ["I am two"]


def test_workers_are_read_with_the_revision_that_they_belong_to(gcp: Cloud, of: Fleet) -> None:
    name = "web-mail-00001-abc"
    wanted = pool.wanted(None, of.environment, release(gcp, "v2"), "mail", ["python"], of=TWO, revision=name)
    of.clients.pools.create_worker_pool(parent=of.clients.parent, worker_pool=wanted, worker_pool_id="web-mail")
    of.forget()
    gcp.logging.write("mailed", resource=pool_of(gcp, "web-mail", name))
    assert [(line.source, line.text) for line in logs.read(of, LogQuery())] == [(TWO, "I am two"), (name, "mailed")]
    assert texts(of, LogQuery(revision=TWO)) == ["I am two", "mailed"]
    assert texts(of, LogQuery(revision=ONE)) == ["I am one"]


def test_what_is_sought_is_found_among_any_number_of_lines_by_two_questions_at_most(gcp: Cloud, of: Fleet) -> None:
    gcp.logging.write("load /app: exec format error", resource=revision_of(gcp, TWO))
    for number in range(30):
        gcp.logging.write(f"line {number}", resource=revision_of(gcp, TWO))
    gcp.forget()
    assert texts(of, LogQuery(limit=0, revision=TWO, sought=("nothing such", "Traceback"))) == ["line 29"]
    assert len(asked(gcp)) == 2
    gcp.forget()
    assert texts(of, LogQuery(limit=0, revision=TWO, sought=("exec format error", "Traceback"))) == [
        "load /app: exec format error"
    ]
    assert len(asked(gcp)) == 1


def test_what_is_sought_is_not_found_in_what_users_request(gcp: Cloud, of: Fleet) -> None:
    http = {"requestMethod": "GET", "requestUrl": "https://w/Traceback", "status": 404}
    gcp.logging.write(http=http, resource=revision_of(gcp, TWO), log=REQUESTS)
    assert texts(of, LogQuery(limit=0, revision=TWO, sought=("Traceback",))) == ["I am two"]
    assert texts(of, LogQuery(limit=0, revision="web-00009-abc", sought=("Traceback",))) == []


def test_who_may_not_read_logs_is_told(gcp: Cloud, of: Fleet) -> None:
    gcp.deny("logging.*")
    with pytest.raises(Unreadable, match="Google denies"):
        texts(of, LogQuery())


def test_the_last_lines_of_a_revision_that_failed_come_late_and_without_requests(gcp: Cloud, of: Fleet) -> None:
    gcp.set(logging_delay=0.5)
    for number in range(25):
        gcp.logging.write(f"line {number}", resource=revision_of(gcp, "web-00003-abf"))
    gcp.logging.write(http={"requestMethod": "GET"}, resource=revision_of(gcp, "web-00003-abf"), log=REQUESTS)
    found = logs.recent(of.clients, of.environment, "web-00003-abf")
    assert [each.text for each in found] == [f"line {number}" for number in range(5, 25)]


def test_a_diagnosis_goes_on_without_lines_that_cannot_be_read(gcp: Cloud, of: Fleet) -> None:
    gcp.deny("logging.*")
    assert logs.recent(of.clients, of.environment, ONE) == []
