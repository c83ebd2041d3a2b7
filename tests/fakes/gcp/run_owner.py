"""What has revisions: services and worker pools. Created, changed under an etag, and reconciled after that."""

from __future__ import annotations

import copy
import random
import string
import uuid
from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from . import run_checks as checks
from .discovery import document
from .errors import Refused, invalid
from .run_operations import Operation, condition, etag, guarded, stamp
from .run_revision import Revision

if TYPE_CHECKING:
    from .run import Run


@cache
def mutable(schema: str) -> frozenset[str]:
    """The fields of a resource that a request sets."""
    known = document("run").schemas[f"GoogleCloudRunV2{schema}"]["properties"]
    return frozenset(name for name, each in known.items() if not each.get("readOnly")) - {"name", "etag"}


class Owner(ABC):
    """A service or a worker pool."""

    KIND = ""  # its schema and its type
    COLLECTION = ""
    PARENT = ""  # how a revision names it
    SPLITS = ""
    STATUSES = ""
    LONGEST = 49

    def __init__(self, run: Run, parent: str, name: str) -> None:
        self.run, self.parent, self.name = run, parent, name
        self.full = f"{parent}/{self.COLLECTION}/{name}"
        self.uid, self.generation, self.observed = str(uuid.uuid4()), 0, 0
        self.spec: dict[str, Any] = {}
        self.revisions: dict[str, Revision] = {}
        self.latest_created = self.latest_ready = ""
        self.statuses: list[dict[str, Any]] = []
        self.routes_due, self.routes_failed = 0.0, ""
        self.created_at = self.updated_at = self.settled_at = run.cloud.now()
        self.creator = self.last_modifier = run.who
        self.etag = ""
        self.waiting: list[tuple[Operation, str]] = []  # with the revision that each made, or ""

    # what a kind of owner says

    @abstractmethod
    def filled(self, given: dict[str, Any]) -> dict[str, Any]: ...

    @abstractmethod
    def check(self, spec: Mapping[str, Any], revisions: set[str]) -> None: ...

    @abstractmethod
    def status(self, target: Mapping[str, Any]) -> dict[str, Any]: ...

    # changes

    def wanted(self, body: Mapping[str, Any], mask: str) -> dict[str, Any]:
        """The mutable fields after a request: those of the mask, or all."""
        given = {key: copy.deepcopy(value) for key, value in body.items() if key in mutable(self.KIND)}
        if not mask or mask == "*":
            return given
        found = copy.deepcopy(self.spec)
        for path in mask.split(","):
            names = path.split(".")
            if names[0] not in mutable(self.KIND):
                raise invalid(f"update_mask: '{path}' cannot be updated.")
            source: Any = given
            target = found
            for name in names[:-1]:
                source, target = source.get(name, {}), target.setdefault(name, {})
            if names[-1] in source:
                target[names[-1]] = source[names[-1]]
            else:
                target.pop(names[-1], None)
        return found

    def change(
        self, body: Mapping[str, Any], *, mask: str = "", dry: bool = False, force: bool = False
    ) -> dict[str, Any]:
        """Take a request over; gives the operation's document. Raises Refused."""
        guarded(self.etag, body.get("etag", ""), self.full)
        spec = self.filled(self.wanted(body, mask))
        name = spec["template"].get("revision", "")
        made = self._made(spec, name, force=force)
        checks.metadata(spec)
        checks.template(spec["template"], zonal_gpu=self.run.zonal_gpu)
        self.check(spec, {*self.revisions, made} - {""})
        if dry:
            return self._planned(spec)
        now = self.run.cloud.now()
        self.spec, self.etag, self.updated_at = spec, etag(self.full), now
        self.generation += 1
        self.last_modifier = self.run.who
        self.routes_due = now + self.run.routing
        operation = Operation(self.parent, self.KIND, self.document)
        self.run.operations[operation.name] = operation
        self.waiting.append((operation, made))
        if made:
            revision = Revision(self, made, copy.deepcopy(spec["template"]), now)
            self.revisions[made], self.latest_created = revision, made
            self.run.start(revision)
        document = operation.document()
        self.run.agenda.at(self.routes_due, self.settle)
        return document

    def _made(self, spec: Mapping[str, Any], name: str, *, force: bool) -> str:
        """The name of the revision that this makes, or "". Raises Refused for a name that is taken."""
        before, after = _unnamed(self.spec.get("template", {})), _unnamed(spec["template"])
        same = bool(self.spec) and before == after
        if not name:
            return "" if same and not force else self._generated()
        if not name.startswith(f"{self.name}-"):
            raise invalid(f"template.revision: '{name}' must begin with '{self.name}-'.")
        checks.name(name, 63, "template.revision")
        if name not in self.revisions:
            return name
        if not force and _unnamed(self.revisions[name].template) == after and name == self.latest_created:
            return ""
        raise Refused(409, "ALREADY_EXISTS", f"Revision named '{name}' with different configuration already exists.")

    def _generated(self) -> str:
        letters = "".join(random.choices(string.ascii_lowercase + string.digits, k=3))
        return f"{self.name}-{self.generation + 1:05d}-{letters}"

    def _planned(self, spec: dict[str, Any]) -> dict[str, Any]:
        """The operation that validate_only gives: done, with everything filled in, and nothing stored."""
        found = {**self.document(), **spec}
        operation = Operation(self.parent, self.KIND, lambda: found)
        operation.end()
        return operation.document()

    # reconciling

    @property
    def reconciling(self) -> bool:
        return self.observed < self.generation

    def settle(self, now: float) -> None:
        """Bring what is served to what is wanted, as far as revisions are ready."""
        if self.run.cloud.now() < self.routes_due:  # this comes again then
            return
        latest = self.revisions[self.latest_created]
        if latest.state == "ready":
            self.latest_ready = latest.name
        waiting = [each for each in self._targets() if each is None or each.state == "pending"]
        bad = [each for each in self._targets() if each is not None and each.state == "failed"]
        self.routes_failed = _unready(bad[0]) if bad else ""
        if not waiting and not bad:
            self.statuses = [self.status(each) for each in self.spec[self.SPLITS]]
        if latest.state == "pending":
            return
        self.observed, self.settled_at = self.generation, now
        if self.run.status_etags:
            self.etag = etag(self.full)
        for operation, made in self.waiting:
            failed = bool(made) and self.revisions[made].state == "failed"
            operation.end(_unready(self.revisions[made]) if failed else self.routes_failed)
        self.waiting.clear()

    def _targets(self) -> list[Revision | None]:
        names = [each.get("revision") or self.latest_ready for each in self.spec[self.SPLITS]]
        return [self.revisions.get(each) for each in names]

    def served(self) -> set[str]:
        """The revisions that something is sent to, now or as soon as that is possible."""
        return {each.get("revision") or self.latest_ready for each in [*self.statuses, *self.spec[self.SPLITS]]}

    # documents

    def conditions(self) -> list[dict[str, Any]]:
        """Ready first, then what it comes from."""
        at, latest = self.settled_at, self.revisions.get(self.latest_created)
        if latest is None or self.reconciling:
            return [condition("Ready", "RECONCILING", self.updated_at, message="Deploying Revision.")]
        failed = latest.state == "failed" and (self.run.sticky or latest.generation == self.generation)
        configuration = condition("ConfigurationsReady", "SUCCEEDED", at)
        routes = condition("RoutesReady", "SUCCEEDED", at)
        if failed:
            told = {"reason": "REVISION_FAILED", "message": _unready(latest)}
            configuration = condition("ConfigurationsReady", "FAILED", at, **told)
        if self.routes_failed:
            told = {"reason": "REVISION_FAILED", "message": self.routes_failed}
            routes = condition("RoutesReady", "FAILED", at, **told)
        worst = next((each for each in (configuration, routes) if each["state"].endswith("FAILED")), configuration)
        return [{**worst, "type": "Ready"}, configuration, routes]

    def document(self) -> dict[str, Any]:
        ready, *others = self.conditions()
        prefix = f"{self.full}/revisions/"
        return {
            **copy.deepcopy(self.spec),
            "name": self.full,
            "uid": self.uid,
            "generation": str(self.generation),
            "observedGeneration": str(self.observed),
            "createTime": stamp(self.created_at),
            "updateTime": stamp(self.updated_at),
            "creator": self.creator,
            "lastModifier": self.last_modifier,
            "latestCreatedRevision": prefix + self.latest_created if self.latest_created else "",
            "latestReadyRevision": prefix + self.latest_ready if self.latest_ready else "",
            "reconciling": self.reconciling,
            "terminalCondition": ready,
            "conditions": others,
            self.STATUSES: copy.deepcopy(self.statuses),
            "etag": self.etag,
        }


def _unnamed(template: Mapping[str, Any]) -> dict[str, Any]:
    """A template without what does not make another revision of it."""
    return {key: value for key, value in template.items() if key not in ("revision", "client", "clientVersion")}


def _unready(revision: Revision) -> str:
    return (
        f"Revision '{revision.name}' is not ready and cannot serve traffic. {revision.told.get('message', '')}".strip()
    )
