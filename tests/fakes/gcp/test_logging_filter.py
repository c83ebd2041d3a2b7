"""The Logging query language, as far as the fake speaks it."""

from __future__ import annotations

from typing import Any

import pytest

from .logging_filter import parse
from .logging_scanner import Unparseable

ENTRY: dict[str, Any] = {
    "logName": "projects/p/logs/run.googleapis.com%2Fstdout",
    "resource": {"type": "cloud_run_revision", "labels": {"service_name": "web", "revision_name": "web-00002-abc"}},
    "labels": {"run.googleapis.com/execution_name": "once-x1"},
    "timestamp": "2026-01-02T03:04:05.500000001Z",
    "severity": "ERROR",
    "textPayload": 'GET /items/7 said "no": C:\\temp exec format error',
    "httpRequest": {"status": 503, "requestMethod": "GET", "cacheHit": False},
}


@pytest.mark.parametrize(
    "filter",
    [
        "",
        "-- only a comment",
        'resource.type="cloud_run_revision"',
        "resource.type = cloud_run_revision",
        'resource.labels.service_name="WEB"',
        'labels."run.googleapis.com/execution_name"="once-x1"',
        'resource.type="x" OR resource.type="cloud_run_revision"',
        'resource.type=("x" OR "cloud_run_revision")',
        'textPayload:("exec" AND "format")',
        "severity>=WARNING AND severity<CRITICAL",
        "severity=error",
        "severity>=400",
        'timestamp>="2026-01-02T03:04:05.5Z"',
        'timestamp>"2026-01-02T03:04:05.5Z" timestamp<="2026-01-02T05:04:05.500000001+02:00"',
        'timestamp>="2026-01-02"',
        "httpRequest.status>=500",
        "httpRequest.cacheHit=false",
        'textPayload:"FORMAT"',
        'textPayload:"said \\"no\\": C:\\\\temp"',
        'textPayload=~"/items/[0-9]+ "',
        'textPayload=~"\\d C|/items/\\d"',
        'textPayload!~"^POST"',
        '"exec format"',
        "format NOT POST",
        '-"POST" exec',
        'SEARCH("error exec")',
        'SEARCH(textPayload, "`exec format`")',
        'log_id("run.googleapis.com/stdout")',
        'logName="projects/p/logs/run.googleapis.com%2Fstdout"',
        "labels:*",
        'NOT labels."gone"="x"',
        "jsonPayload.message:x OR textPayload:exec",
        # OR binds tighter than AND
        'resource.type="cloud_run_revision" OR severity=DEBUG AND severity=ERROR',
        "(severity=DEBUG AND severity=INFO) OR\n  severity=ERROR",
    ],
)
def test_an_entry_is_meant(filter: str) -> None:
    assert parse(filter)(ENTRY)


@pytest.mark.parametrize(
    "filter",
    [
        'resource.type="cloud_run_job"',
        'resource.type!="cloud_run_revision"',
        'labels."gone"!="x"',
        "jsonPayload.message:*",
        'severity>ERROR OR "POST"',
        'NOT "exec"',
        'timestamp<"2026-01-02T03:04:05.5Z"',
        'timestamp>"2026-01-02T03:04:05.500000001Z"',
        "httpRequest.status<500",
        "httpRequest.status=50",
        'textPayload=~"^get"',
        'textPayload="exec format error"',
        'SEARCH("erro")',
        'SEARCH(textPayload, "`Exec format`")',
        'SEARCH(textPayload, "stdout")',
        'log_id("run.googleapis.com/stderr")',
        'resource.type="cloud_run_revision" OR severity=ERROR AND severity=DEBUG',
        # what looks like more of a filter, but stands in quotes
        'textPayload:"x\\" OR severity=\\"ERROR"',
    ],
)
def test_an_entry_is_not_meant(filter: str) -> None:
    assert not parse(filter)(ENTRY)


def test_an_entry_without_a_severity_has_the_default_one() -> None:
    plain = {"textPayload": "x"}
    assert parse("severity=DEFAULT")(plain)
    assert not parse("severity>=DEBUG")(plain)


@pytest.mark.parametrize(
    ("filter", "words"),
    [
        ("severity=", "syntax error at line 1, column 10, end of input"),
        ("a AND", "column 6, end of input"),
        ("(a", "end of input"),
        ("a)", 'column 2, token ")"'),
        ('textPayload:"open', "column 13, token"),
        ('textPayload:"two\nlines"', "column 13, token"),
        ("textPayload=12:45", 'column 15, token ":"'),
        ("timestamp>=2026-01-02T03:04:05Z", "invalid timestamp"),
        ("a\nseverity = = c", 'line 2, column 12, token "="'),
        ("OR a", 'column 1, token "OR"'),
        ('timestamp>="yesterday"', "invalid timestamp 'yesterday'"),
        ("severity>=LOUD", "invalid severity 'LOUD'"),
        ('textPayload=~"("', "invalid regular expression"),
        ('revision_name="x"', "Field not found: 'revision_name'"),
        ('resource.label.service_name="x"', "Field not found: 'resource.label.service_name'"),
        ('contains("x")', "unsupported function contains"),
        ('"textPayload"="x"', "needs a field on its left side"),
        ("x" * 20_001, "longer than 20000 characters"),
    ],
)
def test_what_makes_no_sense_is_refused(filter: str, words: str) -> None:
    with pytest.raises(Unparseable) as refused:
        parse(filter)
    assert words in str(refused.value)
