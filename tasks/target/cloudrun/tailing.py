"""One session of Cloud Logging's tail, which is spoken over gRPC only."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import grpc
from google.api_core import exceptions
from google.cloud.logging_v2.types import TailLogEntriesRequest, TailLogEntriesResponse

if TYPE_CHECKING:
    from .clients import Clients
    from .entries import Entry

BUFFER = 1  # seconds for which Cloud Logging holds lines back, to bring them into order


@dataclass(frozen=True)
class Page:
    """Entries as they came, and how many were not sent: too many at a time, or taken too slowly."""

    entries: tuple[Entry, ...]
    suppressed: int = 0


@dataclass(frozen=True)
class End:
    """The session is over; `error` is why, None where Cloud Logging ended it in order."""

    error: Exception | None


class Tail:
    """A session, read by a thread of its own."""

    def __init__(self, clients: Clients, filter: str) -> None:
        self._events: queue.SimpleQueue[Page | End] = queue.SimpleQueue()
        self._closed = threading.Event()
        self._request = TailLogEntriesRequest(
            resource_names=[f"projects/{clients.project}"], filter=filter, buffer_window=timedelta(seconds=BUFFER)
        )
        # the client's own method returns when the first entry has come, and cannot be cancelled until then
        self._call: Any = clients.logging.transport.tail_log_entries(self._requests())
        threading.Thread(target=self._read, name="tail", daemon=True).start()

    def next(self, timeout: float) -> Page | End | None:
        """What has come; None where nothing has after `timeout` seconds."""
        try:
            return self._events.get(timeout=max(0.0, timeout))
        except queue.Empty:
            return None

    def close(self) -> None:
        """End the session."""
        self._closed.set()
        self._call.cancel()

    def _requests(self) -> Iterator[TailLogEntriesRequest]:
        yield self._request
        self._closed.wait()  # the end of the requests would be the end of the session

    def _read(self) -> None:
        error: Exception | None = None
        try:
            for each in self._call:
                page = TailLogEntriesResponse.pb(each)
                lost = sum(one.suppressed_count for one in page.suppression_info)
                self._events.put(Page(tuple(page.entries), lost))
        except grpc.RpcError as refused:
            error = exceptions.from_grpc_error(refused)  # type: ignore[no-untyped-call]
        except Exception as other:  # whatever ends the session is for who reads it to know
            error = other
        self._closed.set()
        self._events.put(End(error))
