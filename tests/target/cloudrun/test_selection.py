"""Filters for Cloud Logging, as they are sent; whatever a user types is looked for and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.errors import SettingError
from tasks.target.cloudrun import selection
from tests.fakes.gcp.logging_filter import parse

SERVICE = 'resource.type="cloud_run_revision" AND resource.labels.service_name="web" AND resource.labels.location="r"'


def entry(**more: object) -> dict[str, object]:
    labels = {"service_name": "web", "revision_name": "web-1", "location": "r"}
    return {
        "resource": {"type": "cloud_run_revision", "labels": labels},
        "timestamp": "2026-11-22T05:05:00Z",
        "insertId": "a",
        "logName": "projects/p/logs/run.googleapis.com%2Fstdout",
        **more,
    }


def test_a_service_with_and_without_revisions() -> None:
    assert selection.service("web", "r") == SERVICE
    assert selection.service("web", "r", ["web-1"]) == f'{SERVICE} AND resource.labels.revision_name="web-1"'
    assert selection.service("web", "r", ["a", "b"]) == f'{SERVICE} AND resource.labels.revision_name=("a" OR "b")'


def test_a_worker_pool_and_an_execution() -> None:
    assert selection.pool("web-mail", "r", ["web-mail-1"]) == (
        'resource.type="cloud_run_worker_pool" AND resource.labels.worker_pool_name="web-mail" '
        'AND resource.labels.location="r" AND resource.labels.revision_name="web-mail-1"'
    )
    assert selection.execution("web-once", "r", "web-once-x") == (
        'resource.type="cloud_run_job" AND resource.labels.job_name="web-once" AND resource.labels.location="r" '
        'AND labels."run.googleapis.com/execution_name"="web-once-x"'
    )


def test_a_whole_filter_has_a_bound_in_time_and_each_part_in_brackets() -> None:
    assert selection.whole(["a=1", "b=2"], 0.5, "c=3 OR d=4", "") == (
        '((a=1) OR (b=2)) AND timestamp>="1970-01-01T00:00:00.500000Z" AND (c=3 OR d=4)'
    )
    assert selection.whole(["a=1"], -1) == '(a=1) AND timestamp>="1970-01-01T00:00:00.000000Z"'


@pytest.mark.parametrize(
    ("asked", "payload"),
    [
        ("boom", {"textPayload": "it went boom here"}),
        ("boom", {"jsonPayload": {"message": "boom!"}}),
        ("boom", {"jsonPayload": {"message": "bad", "error": {"kind": "boom"}}}),
        ("user", {"jsonPayload": {"message": "bad", "user": 3}}),
        ('bad {"user":3', {"jsonPayload": {"message": "bad", "user": 3}}),
        ("exec format error", {"textPayload": "failed to load /app: exec format error"}),
        ("GET 503", {"httpRequest": {"requestMethod": "GET", "status": 503, "requestUrl": "https://w/x"}}),
        ("503 https://w", {"httpRequest": {"requestMethod": "GET", "status": 503, "requestUrl": "https://w/x"}}),
        ("ERROR", {"textPayload": "x", "severity": "CRITICAL"}),
        ("warning", {"textPayload": "x", "severity": "ERROR"}),
    ],
)
def test_what_a_line_contains_is_let_through(asked: str, payload: dict[str, object]) -> None:
    assert parse(selection.whole([SERVICE], 0, selection.containing(asked)))(entry(**payload))


@pytest.mark.parametrize(
    ("asked", "payload"),
    [
        ("boom", {"textPayload": "all is well"}),
        ("boom", {"jsonPayload": {"message": "all is well"}}),
        ("/y", {"httpRequest": {"requestMethod": "GET", "status": 503, "requestUrl": "https://w/x"}}),
        ("ERROR", {"textPayload": "x", "severity": "WARNING"}),
    ],
)
def test_what_no_line_contains_is_not_even_sent(asked: str, payload: dict[str, object]) -> None:
    assert not parse(selection.whole([SERVICE], 0, selection.containing(asked)))(entry(**payload))


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_whatever_is_typed_stays_a_text_that_is_looked_for(typed: str) -> None:
    matches = parse(selection.whole([SERVICE], 0, selection.containing(typed)))
    assert matches(entry(textPayload=f"before {typed} after"))
    foreign = entry(textPayload=typed)
    foreign["resource"] = {"type": "gce_instance", "labels": {}}
    assert not matches(foreign)


@pytest.mark.parametrize("typed", ['" OR resource.type="gce_instance', "x) OR (severity>=DEBUG", "\\", '\\" OR "', "*"])
def test_what_looks_like_a_filter_changes_none(typed: str) -> None:
    matches = parse(selection.whole([SERVICE], 0, selection.containing(typed)))
    assert not matches(entry(textPayload="all is well", severity="INFO"))
    assert matches(entry(textPayload=f"<{typed}>"))


def test_a_text_that_is_too_long_is_refused() -> None:
    with pytest.raises(SettingError, match="has 501 characters, and may have 500"):
        selection.containing("x" * 501)
