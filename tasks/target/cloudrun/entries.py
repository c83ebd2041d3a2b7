"""What Cloud Logging gives for a filter, page by page, and its entries as lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from google.api_core.retry import Retry, if_exception_type
from google.cloud.logging_v2.types import ListLogEntriesRequest, ListLogEntriesResponse

from ...errors import Unreadable
from ...gcp.faults import told
from .. import LogLine
from .calls import PASSING, TIMEOUT
from .selection import EXECUTION, SEVERITIES

if TYPE_CHECKING:
    from .clients import Clients

PAGE = 1000  # entries that Cloud Logging gives at once at most
PATIENT = 75.0  # seconds: 60 questions a minute are a project's, and others ask too
AGAIN = Retry(predicate=if_exception_type(*PASSING), initial=0.5, maximum=10.0, multiplier=2.0, timeout=PATIENT)
Entry = Any  # google.logging.v2.LogEntry, as protobuf itself has it: a wrapper would take ten times as long
Mine = Callable[[Entry], bool]


def read(
    clients: Clients, filter: str, *, newest: int = 0, mine: Mine | None = None, patient: bool = True
) -> Iterator[Entry]:
    """The entries that a filter lets through and that are `mine`, the oldest first; only the `newest`, unless 0.

    Raises Unreadable where Cloud Logging does not give them: at once, unless it is asked in a `patient` way.
    """
    if newest:
        found = list(islice(_asked(clients, filter, newest, mine, patient), newest))
        return iter(sorted(found, key=order))
    return _asked(clients, filter, 0, mine, patient)


def _asked(clients: Clients, filter: str, newest: int, mine: Mine | None, patient: bool) -> Iterator[Entry]:
    request = ListLogEntriesRequest(
        resource_names=[f"projects/{clients.project}"],
        filter=filter,
        order_by="timestamp desc" if newest else "timestamp asc",
        page_size=min(newest, PAGE) if newest and mine is None else PAGE,
    )
    with told(Unreadable):
        retrying = AGAIN if patient else None
        for page in clients.logging.list_log_entries(request=request, retry=retrying, timeout=TIMEOUT).pages:
            for entry in ListLogEntriesResponse.pb(page).entries:
                if mine is None or mine(entry):
                    yield entry


def key(entry: Entry) -> tuple[str, int, str]:
    """What makes an entry that one: Cloud Logging keeps two that have the same once."""
    return entry.log_name, entry.timestamp.ToNanoseconds(), entry.insert_id


def order(entry: Entry) -> tuple[int, str]:
    """What Cloud Logging sorts entries by."""
    return entry.timestamp.ToNanoseconds(), entry.insert_id


def line(entry: Entry) -> LogLine:
    """An entry as a line; its source is the revision, or the execution of a job."""
    labels = entry.resource.labels
    source = entry.labels.get(EXECUTION) or labels.get("revision_name") or labels.get("service_name") or ""
    return LogLine(entry.timestamp.ToJsonString(), source, text(entry), severity(entry))


def severity(entry: Entry) -> str:
    """How bad Cloud Logging says that an entry is, `ERROR`; "" for DEFAULT, which says nothing."""
    known = entry.DESCRIPTOR.fields_by_name["severity"].enum_type.values_by_number.get(entry.severity)
    return "" if known is None or known.name == "DEFAULT" else str(known.name)


def at_least(found: str, least: str) -> bool:
    """Whether a severity is `least` or a worse one; False for a word that is none."""
    least = least.upper()
    return found in SEVERITIES and least in SEVERITIES and SEVERITIES.index(found) >= SEVERITIES.index(least)


def text(entry: Entry) -> str:
    """What an entry says: its text; a structured one's message, and what else it has; or the request that it is of."""
    payload = entry.WhichOneof("payload")
    if payload == "text_payload":
        return str(entry.text_payload).rstrip("\r\n")
    if payload == "json_payload":
        return structured(plain(entry.json_payload))
    if payload == "proto_payload":
        return audited(entry.proto_payload)
    return request(entry.http_request)


def structured(payload: dict[str, Any]) -> str:
    """`message {"user":3}`: a structured entry's own message, then the rest as JSON."""
    message = payload.get("message")
    if not isinstance(message, str):
        return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
    rest = {name: value for name, value in payload.items() if name != "message"}
    more = json.dumps(rest, ensure_ascii=False, separators=(",", ":")) if rest else ""
    return f"{message.rstrip()} {more}".rstrip()


def plain(value: Any) -> Any:
    """A value of protobuf's Struct as Python has it; whole numbers as such, for it knows no others than fractions."""
    if hasattr(value, "items"):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if value is None or isinstance(value, str | bool):
        return value
    return [plain(each) for each in value]


def audited(payload: Any) -> str:
    """What an audit log says was done, and what became of it."""
    from google.cloud.audit import audit_log_pb2  # type: ignore[import-untyped]

    found = audit_log_pb2.AuditLog()
    if not payload.Unpack(found):
        return str(payload.type_url)
    return " ".join(part for part in (found.method_name, found.resource_name, found.status.message) if part)


def request(found: Any) -> str:
    """`GET 200 https://… 0.012s`."""
    if not found.request_url and not found.request_method:
        return ""
    seconds = found.latency.ToTimedelta().total_seconds()
    return f"{found.request_method} {found.status} {found.request_url} {seconds:.3f}s"
