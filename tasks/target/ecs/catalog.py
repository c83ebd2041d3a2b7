"""Task definitions: each described once, as their content never changes."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from . import definition, faults
from .running import short

if TYPE_CHECKING:
    from .clients import Clients
    from .definition import Definition


class Catalog:
    """The task definitions that this process has seen."""

    def __init__(self, clients: Clients) -> None:
        self.clients = clients
        self._known: dict[str, Definition] = {}  # by `family:43`
        self._lock = threading.Lock()

    @faults.told()
    def find(self, name: str) -> Definition | None:
        """The task definition of an ARN or `family:43`; None where there is none. Its tags are those of then."""
        with self._lock:
            known = self._known.get(short(name))
        return known or self._described(name)

    def forget(self, found: Definition) -> None:
        """Read it again when it is asked for: others may have written tags."""
        with self._lock:
            self._known.pop(found.name, None)

    @faults.told()
    def newest(self, family: str) -> Definition | None:
        """The newest ACTIVE one of a family; None where there is none."""
        return self._described(family)

    @faults.told()
    def register(self, request: Mapping[str, Any], tags: Sequence[Mapping[str, str]]) -> Definition:
        """A new one, with its ledger."""
        return self._seen(self.clients.ecs.register_task_definition(**request, tags=list(tags)))

    @faults.told()
    def tag(self, found: Definition, tags: Sequence[Mapping[str, str]]) -> None:
        """Write on one that exists already."""
        self.clients.ecs.tag_resource(resourceArn=found.arn, tags=list(tags))
        with self._lock:
            own = {**found.tags, **{each["key"]: each["value"] for each in tags}}
            self._known[found.name] = replace(found, tags=own)

    def _described(self, name: str) -> Definition | None:
        try:
            reply = self.clients.ecs.describe_task_definition(taskDefinition=name, include=["TAGS"])
        except self.clients.ecs.exceptions.ClientException as error:
            if faults.code(error) == "ClientException":  # "Unable to describe task definition."
                return None
            raise
        return self._seen(reply)

    def _seen(self, reply: Mapping[str, Any]) -> Definition:
        found = definition.read(reply, tuple(self.clients.unknown))
        with self._lock:
            self._known[found.name] = found
        return found
