"""Log entries as lines, and how Cloud Logging is asked for them."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.cloud.audit import audit_log_pb2  # type: ignore[import-untyped]
from google.cloud.logging_v2.types import LogEntry

from tasks.errors import Unreadable
from tasks.target import LogLine
from tasks.target.cloudrun import entries, selection
from tests.fakes.gcp.cloud import Cloud
from tests.target.cloudrun.looking import fleet, revision_of

ONE = "web-00001-abc"


def line(**fields: object) -> LogLine:
    return entries.line(LogEntry.pb(LogEntry(**fields)))


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"text_payload": "hello\r\n"}, "hello"),
        ({"text_payload": "Traceback\n  in x\n"}, "Traceback\n  in x"),
        ({"json_payload": {"message": "bad", "user": 3, "ratio": 0.5}}, 'bad {"ratio":0.5,"user":3}'),
        ({"json_payload": {"message": "just this"}}, "just this"),
        ({"json_payload": {"event": "no message"}}, '{"event":"no message"}'),
        ({}, ""),
    ],
)
def test_what_a_line_says(fields: dict[str, object], text: str) -> None:
    found = line(**fields)
    assert found.text in (text, text.replace('{"ratio":0.5,"user":3}', '{"user":3,"ratio":0.5}'))


def test_a_request_is_told_in_a_line() -> None:
    request = {
        "request_method": "GET",
        "request_url": "https://w/health",
        "status": 503,
        "latency": {"nanos": 12000000},
    }
    assert line(http_request=request).text == "GET 503 https://w/health 0.012s"


def test_an_audit_log_tells_what_was_done_and_what_became_of_it() -> None:
    log = audit_log_pb2.AuditLog(method_name="/Services.ReplaceService", resource_name="services/web")
    log.status.message = "Ready condition status changed to False"
    entry = LogEntry.pb(LogEntry())
    entry.proto_payload.Pack(log)
    assert entries.line(entry).text == ("/Services.ReplaceService services/web Ready condition status changed to False")
    entry.proto_payload.type_url = "x/unknown"
    assert entries.line(entry).text == "x/unknown"


def test_time_source_and_severity_are_kept() -> None:
    found = line(
        text_payload="x",
        timestamp={"seconds": 1795337260, "nanos": 123456789},
        severity=500,
        resource={"type": "cloud_run_revision", "labels": {"service_name": "web", "revision_name": ONE}},
    )
    assert found == LogLine("2026-11-22T08:47:40.123456789Z", ONE, "x", "ERROR")
    assert line(text_payload="x", severity=0).severity == ""


@pytest.mark.parametrize(
    ("found", "least", "is_so"),
    [("ERROR", "warning", True), ("ERROR", "ERROR", True), ("INFO", "ERROR", False), ("", "DEBUG", False)],
)
def test_a_severity_is_compared(found: str, least: str, is_so: bool) -> None:
    assert entries.at_least(found, least) is is_so


def test_a_text_that_is_no_severity_is_compared_with_none() -> None:
    assert not entries.at_least("ERROR", "boom")


def test_all_pages_are_read_the_oldest_first_or_only_the_newest(gcp: Cloud, tmp_path: Path) -> None:
    of = fleet(gcp, tmp_path)
    gcp.set(logging_page=3)
    for number in range(8):
        gcp.logging.write(str(number), resource=revision_of(gcp, ONE))
    asked = selection.whole([selection.service("web", gcp.region)], 0)
    assert [each.text_payload for each in entries.read(of.clients, asked)] == list("01234567")
    gcp.forget()
    assert [each.text_payload for each in entries.read(of.clients, asked, newest=2)] == list("67")
    (call,) = gcp.calls
    assert (call.request["body"]["pageSize"], call.request["body"]["orderBy"]) == (2, "timestamp desc")
    assert call.request["body"]["resourceNames"] == [f"projects/{gcp.project}"]
    odd = entries.read(of.clients, asked, newest=3, mine=lambda each: int(each.text_payload) % 2 == 1)
    assert [each.text_payload for each in odd] == list("357")


def test_an_empty_page_is_not_the_end(gcp: Cloud, tmp_path: Path) -> None:
    gcp.set(logging_gaps=True)
    gcp.logging.write("there", resource=revision_of(gcp, ONE))
    asked = selection.whole([selection.service("web", gcp.region)], 0)
    assert [each.text_payload for each in entries.read(fleet(gcp, tmp_path).clients, asked, newest=5)] == ["there"]


def test_a_used_up_quota_is_waited_for(gcp: Cloud, tmp_path: Path) -> None:
    gcp.logging.write("there", resource=revision_of(gcp, ONE))
    gcp.fault("logging", "entries.list", 429, times=2)
    asked = selection.whole([selection.service("web", gcp.region)], 0)
    assert len(list(entries.read(fleet(gcp, tmp_path).clients, asked))) == 1
    assert gcp.counted()["logging.entries.list"] == 3


def test_whoever_is_in_a_hurry_does_not_wait_for_it(gcp: Cloud, tmp_path: Path) -> None:
    gcp.fault("logging", "entries.list", 429)
    asked = selection.whole([selection.service("web", gcp.region)], 0)
    with pytest.raises(Unreadable, match="quota"):
        list(entries.read(fleet(gcp, tmp_path).clients, asked, patient=False))


def test_a_log_that_may_not_be_read_is_unreadable(gcp: Cloud, tmp_path: Path) -> None:
    gcp.deny("logging.*")
    asked = selection.whole([selection.service("web", gcp.region)], 0)
    with pytest.raises(Unreadable, match="Google denies"):
        list(entries.read(fleet(gcp, tmp_path).clients, asked))
