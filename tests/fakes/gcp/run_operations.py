"""Operations that take a while, and what every resource of Cloud Run has."""

from __future__ import annotations

import base64
import itertools
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from .errors import Refused, missing
from .routing import route

TYPES = "type.googleapis.com/google.cloud.run.v2."
PAGE = 100
_COUNT = itertools.count(1)


def stamp(at: float) -> str:
    """A time as Google writes it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def etag(name: str) -> str:
    """An etag that nothing had before."""
    return '"' + base64.b64encode(f"{next(_COUNT):08d}/{name}".encode()).decode() + '"'


def condition(kind: str, state: str, at: float, **more: str) -> dict[str, Any]:
    """A condition, such as Ready, in a state such as SUCCEEDED."""
    severity = {"severity": "ERROR"} if state == "FAILED" else {}
    given = {key: value for key, value in more.items() if value}
    return {"type": kind, "state": f"CONDITION_{state}", "lastTransitionTime": stamp(at), **severity, **given}


def guarded(current: str, given: str, name: str) -> None:
    """Raise 409 ABORTED where an etag is given that is not the current one."""
    if given and given != current:
        raise Refused(
            409,
            "ABORTED",
            f"Conflict for resource '{name.rpartition('/')[2]}': version '{given}' was specified but current version "
            f"is '{current}'.",
        )


class Operation:
    """An operation on a resource, whose document `metadata()` gives."""

    def __init__(self, parent: str, kind: str, metadata: Any) -> None:
        self.name = f"{parent}/operations/{uuid.uuid4()}"
        self.kind, self.metadata = kind, metadata
        self.done = False
        self.failure: dict[str, Any] = {}

    def end(self, message: str = "", code: int = 9) -> None:
        """It is done: well, or not where there is a message."""
        self.done = True
        self.failure = {"code": code, "message": message} if message else {}

    def document(self) -> dict[str, Any]:
        found = {"@type": TYPES + self.kind, **self.metadata()}
        document: dict[str, Any] = {"name": self.name, "metadata": found}
        if self.done:
            document |= {"done": True, **({"error": self.failure} if self.failure else {"response": found})}
        return document


def page(found: Sequence[Mapping[str, Any]], key: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """A page of a list."""
    size = params.get("pageSize") or PAGE
    start = int(params.get("pageToken") or 0)
    document: dict[str, Any] = {key: list(found[start : start + size])}
    return document | ({"nextPageToken": str(start + size)} if start + size < len(found) else {})


@route("run", "run.projects.locations.operations.get")
@route("run", "run.projects.locations.operations.wait")
def get(cloud: Any, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    with cloud.lock:
        cloud.run.catch_up()
        if params["name"] not in cloud.run.operations:
            raise missing(params["name"])
        found: dict[str, Any] = cloud.run.operations[params["name"]].document()
        return found


@route("run", "run.projects.locations.operations.list")
def listed(cloud: Any, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    with cloud.lock:
        cloud.run.catch_up()
        return page([each.document() for each in cloud.run.operations.values()], "operations", params)


@route("run", "run.projects.locations.operations.delete")
def delete(cloud: Any, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    with cloud.lock:
        if cloud.run.operations.pop(params["name"], None) is None:
            raise missing(params["name"])
    return {}
