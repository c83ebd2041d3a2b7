"""Cloud Logging: entries are written, filtered, ordered, paged, and become readable a while later."""

from __future__ import annotations

import base64
import itertools
import json
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .errors import Refused, invalid
from .logging_fields import nanoseconds
from .logging_filter import Match, parse
from .logging_scanner import Unparseable
from .routing import part, route

if TYPE_CHECKING:
    from .cloud import Cloud

PAYLOADS = ("textPayload", "jsonPayload", "protoPayload")
MOST = 1000  # entries on a page
Key = tuple[int, str]


@dataclass(frozen=True)
class Line:
    """An entry as it was stored."""

    entry: Mapping[str, Any]
    key: Key  # its time in nanoseconds, and its id
    readable: float  # since when it is listed, in seconds since 1970


@part("logging")
class Logging:
    """The entries of one project, and what can be set.

    Entries are listed `delay` seconds after they were written; `page` is the most that one page holds; `gaps` gives an
    empty page first; `tails` are the sessions at once, and each of them ends after `lasts` seconds.
    """

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.lines: list[Line] = []
        self.changed = threading.Condition()
        self.delay, self.page, self.gaps = 0.0, MOST, False
        self.tails, self.lasts, self.sessions = 10, 3600.0, 0
        self.suppressed: deque[tuple[str, int]] = deque()
        self._ids = itertools.count(1)

    def write(
        self,
        text: str = "",
        *,
        resource: str | Mapping[str, Any] = "global",
        labels: Mapping[str, str] | None = None,
        severity: str = "DEFAULT",
        log: str = "run.googleapis.com%2Fstdout",
        at: float | str | None = None,
        json: Mapping[str, Any] | None = None,
        http: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> str:
        """Store an entry and give its id. `resource` is `{"type": …, "labels": {…}}`; `at` is RFC 3339 or seconds."""
        entry = {
            "logName": f"projects/{self.cloud.project}/logs/{log}",
            "resource": {"type": resource} if isinstance(resource, str) else dict(resource),
            "timestamp": at if isinstance(at, str) else stamp(self.cloud.now() if at is None else at),
            **({"labels": dict(labels)} if labels else {}),
            **({"severity": severity} if severity != "DEFAULT" else {}),
            **({"jsonPayload": dict(json)} if json is not None else {"textPayload": text} if text or not http else {}),
            **({"httpRequest": dict(http)} if http is not None else {}),
            **more,
        }
        return self.store([entry])[0]

    def store(self, entries: Sequence[Mapping[str, Any]]) -> list[str]:
        """Keep entries as they are, with what Logging adds; one that was stored before, by id, is not stored again."""
        now = self.cloud.now()
        with self.changed:
            known = {(line.key, line.entry["logName"]) for line in self.lines}
            ids = []
            for each in entries:
                ident = each.get("insertId") or f"{next(self._ids):012x}"
                filled = {"timestamp": stamp(now), **each, "insertId": ident, "receiveTimestamp": stamp(now)}
                key = (nanoseconds(filled["timestamp"]), ident)
                if (key, filled["logName"]) not in known:
                    known.add((key, filled["logName"]))
                    self.lines.append(Line(filled, key, now + self.delay))
                ids.append(ident)
            self.changed.notify_all()
        return ids

    def listed(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """entries.list"""
        matches, newest = self.filter(body), _newest(body.get("orderBy", ""))
        size = body.get("pageSize", 0) or 50
        if size < 0:
            raise invalid("page_size must not be negative")
        question = json.dumps([body.get("filter", ""), sorted(body.get("resourceNames", [])), newest])
        after = _opened(body["pageToken"], question) if body.get("pageToken") else None
        if self.gaps and not body.get("pageToken"):
            return {"nextPageToken": _token(None, question)}
        now = self.cloud.now()
        with self.changed:
            found = [line for line in self.lines if line.readable <= now and matches(line.entry)]
        found.sort(key=lambda line: line.key, reverse=newest)
        if after is not None:
            found = [line for line in found if (line.key < after if newest else line.key > after)]
        most = min(size, self.page, MOST)
        page: dict[str, Any] = {"entries": [line.entry for line in found[:most]]}
        if len(found) > most:
            page["nextPageToken"] = _token(found[most - 1].key, question)
        return page

    def filter(self, body: Mapping[str, Any]) -> Match:
        """Which entries a request means. Raises Refused where it does not say so."""
        names = body.get("resourceNames") or [f"projects/{each}" for each in body.get("projectIds", [])]
        if not names:
            raise invalid("resource_names must not be empty")
        for name in names:
            parts = name.split("/")
            if len(parts) < 2 or parts[0] not in ("projects", "organizations", "billingAccounts", "folders"):
                raise invalid(f"invalid resource name: {name!r}")
            if parts[:2] != ["projects", self.cloud.project]:
                raise Refused(403, "PERMISSION_DENIED", "The caller does not have permission")
        try:
            return parse(body.get("filter", ""))
        except Unparseable as error:
            raise invalid(f"Unparseable filter: {error}") from None

    def put(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """entries.write"""
        entries = []
        for each in body.get("entries", []):
            name = each.get("logName") or body.get("logName", "")
            if not name.startswith(f"projects/{self.cloud.project}/logs/") or "/" in name.split("/logs/", 1)[-1]:
                raise invalid(f"Log name {name!r} is invalid")
            if sum(payload in each for payload in PAYLOADS) > 1:
                raise invalid("an entry has one payload")
            resource = each.get("resource") or body.get("resource") or {}
            if not resource.get("type"):
                raise invalid("Field resource.type is required")
            labels = {**body.get("labels", {}), **each.get("labels", {})}
            entries.append({**each, "logName": name, "resource": resource, **({"labels": labels} if labels else {})})
        if not body.get("dryRun"):
            self.store(entries)
        return {}

    def suppress(self, count: int, reason: str = "RATE_LIMIT") -> None:
        """Keep the next entries from every tail; it tells how many, and why."""
        self.suppressed.append((reason, count))


@route("logging", "logging.entries.list")
def listed(cloud: Cloud, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = cloud.logging.listed(body)
    return found


@route("logging", "logging.entries.write")
def put(cloud: Cloud, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = cloud.logging.put(body)
    return found


def stamp(seconds: float) -> str:
    """Seconds since 1970 as Logging writes them."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _newest(order: str) -> bool:
    if order not in ("", "timestamp asc", "timestamp desc", "timestamp"):
        raise invalid(f'order_by must be "timestamp asc" or "timestamp desc", not {order!r}')
    return order == "timestamp desc"


def _token(key: Key | None, question: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([key, question]).encode()).decode()


def _opened(token: str, question: str) -> Key | None:
    try:
        key, asked = json.loads(base64.urlsafe_b64decode(token.encode()))
    except ValueError:
        raise invalid("page_token is invalid") from None
    if asked != question:
        raise invalid("page_token doesn't match arguments from the request")
    return (key[0], key[1]) if key else None


from . import logging_tail  # noqa: E402, F401 - it registers what answers
