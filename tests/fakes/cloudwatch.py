"""CloudWatch Logs: groups and streams are listed, events written, filtered and paged."""

from __future__ import annotations

import re
from typing import Any

from .errors import Refused, invalid
from .streams import Event
from .world import Ecs, Operation

TERM = re.compile(r'([?-]?)(?:"([^"]*)"|(\S+))')


def matches(pattern: str, message: str) -> bool:
    """Whether a line has all terms, none that is `-excluded`, and one of those that are `?optional`."""
    optional = []
    for sign, quoted, word in TERM.findall(pattern):
        there = (quoted or word) in message
        if sign == "?":
            optional.append(there)
        elif there == (sign == "-"):
            return False
    return any(optional) if optional else True


def create_group(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    if request["logGroupName"] in ecs.groups.found:
        raise Refused("ResourceAlreadyExistsException", "The specified log group already exists")
    ecs.groups.write(request["logGroupName"], "", ())
    ecs.groups.found[request["logGroupName"]] = {}
    return {}


def create_stream(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    if request["logStreamName"] in ecs.groups.group(request["logGroupName"]):
        raise Refused("ResourceAlreadyExistsException", "The specified log stream already exists")
    ecs.groups.write(request["logGroupName"], request["logStreamName"], ())
    return {}


def put(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    ecs.groups.stream(request["logGroupName"], request["logStreamName"])
    lines = [(each["timestamp"], each["message"]) for each in request["logEvents"]]
    ecs.groups.write(request["logGroupName"], request["logStreamName"], lines, ecs.knobs.log_delay)
    return {"nextSequenceToken": "1"}


def groups(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    prefix = request.get("logGroupNamePrefix", "")
    found = [
        {
            "logGroupName": name,
            "arn": f"{ecs.arn('log-group', 'logs')}:{name}:*",
            "creationTime": ecs.groups.created[name],
            "storedBytes": 0,
            "metricFilterCount": 0,
        }
        for name in sorted(ecs.groups.found)
        if name.startswith(prefix) and request.get("logGroupNamePattern", "") in name
    ]
    return ecs.page("logGroups", found, request, request.get("limit", 50))


def streams(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    found: list[dict[str, Any]] = []
    for name, events in sorted(ecs.groups.group(request["logGroupName"]).items()):
        times = [each.at for each in events]
        if name.startswith(request.get("logStreamNamePrefix", "")):
            arn = f"{ecs.arn('log-group', 'logs')}:{request['logGroupName']}:log-stream:{name}"
            ends = {"firstEventTimestamp": min(times), "lastEventTimestamp": max(times)} if times else {}
            found.append({"logStreamName": name, "arn": arn, "creationTime": min(times, default=0), **ends})
    if request.get("orderBy") == "LastEventTime":
        if "logStreamNamePrefix" in request:
            raise invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
        found.sort(key=lambda each: each.get("lastEventTimestamp", 0))
    found = found[::-1] if request.get("descending") else found
    return ecs.page("logStreams", found, request, request.get("limit", 50))


def filtered(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    """FilterLogEvents: of all streams by time, in pages that may be empty before the last."""
    group = request.get("logGroupName") or request["logGroupIdentifier"].rpartition(":")[2]
    names, prefix = request.get("logStreamNames"), request.get("logStreamNamePrefix")
    if names is not None and prefix is not None:
        raise invalid("logStreamNames and logStreamNamePrefix cannot be used together.")
    for name in names or []:
        ecs.groups.stream(group, name)
    now, pattern = int(ecs.now() * 1000), request.get("filterPattern", "")
    found = [
        (each.at, int(each.id), name, each)
        for name, events in ecs.groups.group(group).items()
        for each in events
        if (name in names if names is not None else name.startswith(prefix or ""))
        and request.get("startTime", 0) <= each.at <= request.get("endTime", each.at)
        and each.readable <= now
        and matches(pattern, each.message)
    ]
    found.sort()
    if ecs.knobs.log_gaps and not request.get("nextToken"):
        return {"events": [], "searchedLogStreams": [], "nextToken": "0"}
    shown = [{"logStreamName": name, **_event(each), "eventId": each.id} for _, _, name, each in found]
    most = min(request.get("limit") or 10_000, ecs.knobs.log_page)
    return {**ecs.page("events", shown, request, most), "searchedLogStreams": []}


def _event(event: Event) -> dict[str, Any]:
    return {"timestamp": event.at, "message": event.message, "ingestionTime": event.readable}


def events(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    """GetLogEvents: of one stream; at its end the token stays what it was."""
    group = request.get("logGroupName") or request["logGroupIdentifier"].rpartition(":")[2]
    now = int(ecs.now() * 1000)
    found = [
        each
        for each in sorted(ecs.groups.stream(group, request["logStreamName"]), key=lambda each: (each.at, int(each.id)))
        if each.readable <= now and request.get("startTime", 0) <= each.at < request.get("endTime", each.at + 1)
    ]
    most = min(request.get("limit") or 10_000, ecs.knobs.log_page)
    direction, _, place = str(request.get("nextToken", "")).partition("/")
    start = int(place) if place else 0 if request.get("startFromHead") else max(0, len(found) - most)
    if direction == "b":
        start = max(0, start - most)
    page = found[start : start + most]
    return {
        "events": [_event(each) for each in page],
        "nextForwardToken": f"f/{start + len(page)}",
        "nextBackwardToken": f"b/{start}",
    }


OPERATIONS: dict[str, Operation] = {
    "CreateLogGroup": create_group,
    "CreateLogStream": create_stream,
    "PutLogEvents": put,
    "DescribeLogGroups": groups,
    "DescribeLogStreams": streams,
    "FilterLogEvents": filtered,
    "GetLogEvents": events,
}
