"""Logging of the fake, as Google's own client speaks to it."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.api_core import exceptions
from google.cloud.logging_v2.services.logging_service_v2 import LoggingServiceV2Client
from google.cloud.logging_v2.types import TailLogEntriesRequest

from .cloud import Cloud

START = 1_700_000_000
NAMES = ["projects/test-project"]
WEB = {"type": "cloud_run_revision", "labels": {"service_name": "web", "revision_name": "web-00001-abc"}}


@pytest.fixture
def client(gcp: Cloud) -> Iterator[LoggingServiceV2Client]:
    where = os.environ["CLOUDSDK_API_ENDPOINT_OVERRIDES_LOGGING"].removeprefix("http://")
    with grpc.insecure_channel(where) as channel:
        yield LoggingServiceV2Client(transport=LoggingServiceV2Client.get_transport_class("grpc")(channel=channel))


def found(client: LoggingServiceV2Client, filter: str = "", **more: Any) -> list[str]:
    request = {"resource_names": NAMES, "filter": filter, **more}
    return [each.text_payload for each in client.list_log_entries(request)]


def written(gcp: Cloud) -> None:
    gcp.logging.write("third", resource=WEB, at=START + 3)
    gcp.logging.write("first", resource=WEB, at=START + 1, severity="ERROR")
    gcp.logging.write("second", resource={"type": "build", "labels": {"build_id": "b"}}, at=START + 2)


def test_entries_are_ordered_by_time_either_way(gcp: Cloud, client: LoggingServiceV2Client) -> None:
    written(gcp)
    assert found(client) == ["first", "second", "third"]
    assert found(client, order_by="timestamp desc") == ["third", "second", "first"]
    with pytest.raises(exceptions.InvalidArgument, match="order_by"):
        found(client, order_by="severity desc")


def test_entries_are_chosen_by_a_filter(gcp: Cloud, client: LoggingServiceV2Client) -> None:
    written(gcp)
    assert found(client, 'resource.type="cloud_run_revision" AND resource.labels.service_name="web"') == [
        "first",
        "third",
    ]
    assert found(client, 'severity>=ERROR timestamp>="2023-11-14T22:13:20Z"') == ["first"]
    with pytest.raises(exceptions.InvalidArgument, match="Unparseable filter: syntax error at line 1, column 10"):
        found(client, "severity=")


def test_pages_follow_each_other_though_entries_arrive_between_them(gcp: Cloud, client: LoggingServiceV2Client) -> None:
    written(gcp)
    pages = client.list_log_entries({"resource_names": NAMES, "page_size": 2, "order_by": "timestamp desc"}).pages
    shown = [each.text_payload for each in next(pages).entries]
    gcp.logging.write("new", at=START + 9)
    assert shown + [each.text_payload for each in next(pages).entries] == ["third", "second", "first"]
    with pytest.raises(exceptions.InvalidArgument, match="page_token"):
        found(client, page_token="nonsense")


def test_a_page_may_be_empty_before_the_last(gcp: Cloud, client: LoggingServiceV2Client) -> None:
    written(gcp)
    gcp.logging.gaps = True
    pages = [len(page.entries) for page in client.list_log_entries({"resource_names": NAMES}).pages]
    assert pages == [0, 3]


def test_an_entry_is_listed_a_while_after_it_was_written(gcp: Cloud, client: LoggingServiceV2Client) -> None:
    gcp.logging.delay = 10
    gcp.logging.write("late")
    assert found(client) == []
    gcp.later(10)
    assert found(client) == ["late"]


def test_an_entry_carries_what_it_was_written_with(gcp: Cloud, client: LoggingServiceV2Client) -> None:
    gcp.logging.write(
        resource=WEB,
        severity="WARNING",
        labels={"instanceId": "i"},
        json={"message": "hello", "count": 2},
        http={"status": 503, "latency": "0.250s"},
        at="2026-01-02T03:04:05.000000006Z",
    )
    (entry,) = client.list_log_entries({"resource_names": NAMES})
    assert entry.log_name == "projects/test-project/logs/run.googleapis.com%2Fstdout"
    assert (entry.severity, entry.labels["instanceId"]) == (400, "i")
    assert dict(entry.json_payload.items()) == {"message": "hello", "count": 2.0}
    assert (entry.http_request.status, entry.http_request.latency.nanos) == (503, 250_000_000)
    assert entry.timestamp.nanosecond == 6
    assert entry.insert_id
    assert entry.receive_timestamp.year > 2025


def test_a_client_writes_too_and_the_same_entry_only_once(gcp: Cloud, client: LoggingServiceV2Client) -> None:
    entry = {"text_payload": "own", "insert_id": "a", "timestamp": {"seconds": START}}
    request = {"log_name": f"{NAMES[0]}/logs/own", "resource": {"type": "global"}, "entries": [entry, entry]}
    client.write_log_entries(request)
    client.write_log_entries(request)
    assert found(client, 'log_id("own")') == ["own"]


@pytest.mark.parametrize("names", [[], ["test-project"]], ids=["none", "no kind"])
def test_whose_entries_has_to_be_said(client: LoggingServiceV2Client, names: list[str]) -> None:
    with pytest.raises(exceptions.InvalidArgument):
        list(client.list_log_entries({"resource_names": names}))


def test_entries_of_another_project_are_denied(client: LoggingServiceV2Client) -> None:
    with pytest.raises(exceptions.PermissionDenied):
        list(client.list_log_entries({"resource_names": ["projects/other"]}))


def test_a_quota_of_reads_is_used_up(gcp: Cloud, client: LoggingServiceV2Client) -> None:
    gcp.quota("logging:logging.entries.list", per_minute=2)
    page = {"resource_names": NAMES}
    client.list_log_entries(page)
    client.list_log_entries(page)
    with pytest.raises(exceptions.ResourceExhausted):
        client.list_log_entries(page, retry=None)


class Tail:
    """A tail in a thread, as the call itself waits for the first answer; and what came of it."""

    def __init__(self, client: LoggingServiceV2Client, filter: str = "", window: float = 0.05) -> None:
        buffered = {"seconds": int(window), "nanos": int(window % 1 * 1e9)}
        self.asked = TailLogEntriesRequest(resource_names=NAMES, filter=filter, buffer_window=buffered)
        self.client, self.left = client, threading.Event()
        self.replies: queue.Queue[Any] = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def requests(self) -> Iterator[TailLogEntriesRequest]:
        yield self.asked
        self.left.wait()

    def read(self) -> None:
        try:
            for each in self.client.tail_log_entries(self.requests()):
                self.replies.put(each)
        except Exception as error:
            self.replies.put(error)
        self.replies.put(None)

    def reply(self) -> Any:
        found = self.replies.get(timeout=5)
        if isinstance(found, Exception):
            raise found
        return found

    def lines(self) -> list[str]:
        return [each.text_payload for each in self.reply().entries]


def tailing(gcp: Cloud, count: int = 1) -> None:
    deadline = time.monotonic() + 5
    while gcp.logging.sessions != count:
        assert time.monotonic() < deadline, gcp.logging.sessions
        time.sleep(0.01)


def test_a_tail_gives_what_is_written_from_then_on_in_order(gcp: Cloud, client: LoggingServiceV2Client) -> None:
    gcp.logging.write("before", resource=WEB)
    tail = Tail(client, 'resource.type="cloud_run_revision"')
    tailing(gcp)
    now = gcp.now()
    gcp.logging.write("second", resource=WEB, at=now + 2)
    gcp.logging.write("other", resource="global")
    gcp.logging.write("first", resource=WEB, at=now + 1)
    assert tail.lines() == ["first", "second"]
    gcp.logging.write("third", resource=WEB)
    assert tail.lines() == ["third"]


def test_a_tail_that_is_left_makes_room(gcp: Cloud, client: LoggingServiceV2Client) -> None:
    where = os.environ["CLOUDSDK_API_ENDPOINT_OVERRIDES_LOGGING"].removeprefix("http://")
    with grpc.insecure_channel(where) as channel:
        transport = LoggingServiceV2Client.get_transport_class("grpc")(channel=channel)
        Tail(LoggingServiceV2Client(transport=transport))
        tailing(gcp, 1)
    tailing(gcp, 0)
    tails = [Tail(client) for _ in range(10)]
    tailing(gcp, 10)
    with pytest.raises(exceptions.ResourceExhausted, match="10 tail sessions"):
        Tail(client).reply()
    gcp.logging.write("all")
    assert [each.lines() for each in tails] == [["all"]] * 10


def test_a_tail_tells_what_it_kept_back(gcp: Cloud, client: LoggingServiceV2Client) -> None:
    tail = Tail(client)
    tailing(gcp)
    gcp.logging.suppress(2)
    for each in ("one", "two", "three"):
        gcp.logging.write(each)
    reply = tail.reply()
    assert [each.text_payload for each in reply.entries] == ["three"]
    assert [(each.reason.name, each.suppressed_count) for each in reply.suppression_info] == [("RATE_LIMIT", 2)]


def test_a_tail_ends_after_a_while(gcp: Cloud, client: LoggingServiceV2Client) -> None:
    gcp.logging.lasts = 0.5
    tail = Tail(client)
    tailing(gcp)
    gcp.logging.write("only")
    assert tail.lines() == ["only"]
    assert tail.reply() is None


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [(403, "", exceptions.PermissionDenied), (501, "", exceptions.MethodNotImplemented)],
    ids=["denied", "unimplemented"],
)
def test_a_tail_can_be_refused(
    gcp: Cloud, client: LoggingServiceV2Client, status: int, reason: str, kind: type[Exception]
) -> None:
    gcp.fault("logging", "TailLogEntries", status, reason=reason)
    with pytest.raises(kind):
        Tail(client).reply()


def test_a_tail_with_a_filter_that_makes_no_sense_is_refused(client: LoggingServiceV2Client) -> None:
    with pytest.raises(exceptions.InvalidArgument, match="Unparseable filter"):
        Tail(client, "a b=").reply()
    with pytest.raises(exceptions.InvalidArgument, match="buffer_window"):
        Tail(client, window=61).reply()
