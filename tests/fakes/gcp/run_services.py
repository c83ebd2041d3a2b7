"""Services and their revisions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from . import run_checks as checks
from . import run_defaults as defaults
from .errors import Refused, missing, precondition
from .routing import route
from .run_front import Front
from .run_operations import Operation, guarded, page
from .run_owner import Owner

if TYPE_CHECKING:
    from .run import Run

KINDS = "TRAFFIC_TARGET_ALLOCATION_TYPE_"
SERVICES = "run.projects.locations.services."


class Service(Owner):
    """A service, with a front of its own and one for each tag."""

    KIND, COLLECTION, PARENT, SPLITS, STATUSES = "Service", "services", "service", "traffic", "trafficStatuses"

    def __init__(self, run: Run, parent: str, name: str) -> None:
        super().__init__(run, parent, name)
        self.front: Front | None = None
        self.tags: dict[str, Front] = {}
        self.policy: dict[str, Any] = {}

    def filled(self, given: dict[str, Any]) -> dict[str, Any]:
        spec = defaults.service(given, self.run.account)
        for each in spec["traffic"]:
            if each.get("revision"):
                each.setdefault("type", f"{KINDS}REVISION")
        return spec

    def check(self, spec: Mapping[str, Any], revisions: set[str]) -> None:
        checks.traffic(spec["traffic"], self.name, revisions)

    def status(self, target: Mapping[str, Any]) -> dict[str, Any]:
        found = {**target, "revision": target.get("revision") or self.latest_ready}
        if not found.get("percent"):
            found.pop("percent", None)
        if found.get("tag"):
            tag = found["tag"]
            if tag not in self.tags:
                self.tags[tag] = Front(self, tag)
            found["uri"] = self.tags[tag].url
        return found

    @property
    def public(self) -> bool:
        """Whether anybody may call it."""
        members = [
            member
            for each in self.policy.get("bindings", [])
            if each.get("role") == "roles/run.invoker"
            for member in each.get("members", [])
        ]
        return bool(self.spec.get("invokerIamDisabled")) or "allUsers" in members

    def document(self) -> dict[str, Any]:
        found = super().document()
        hidden = self.front is None or self.spec.get("defaultUriDisabled")
        return found if hidden else {**found, "uri": self.front.url, "urls": [self.front.url]}  # type: ignore[union-attr]

    def close(self) -> None:
        """Serve nothing any more, and end what runs."""
        for each in [*([self.front] if self.front else []), *self.tags.values()]:
            each.close()
        for revision in self.revisions.values():
            self.run.stop(revision)


def _service(cloud: Any, name: str) -> Service:
    cloud.run.catch_up()
    found: Service | None = cloud.run.services.get(name)
    if found is None:
        raise missing(name)
    return found


@route("run", f"{SERVICES}create")
def create(cloud: Any, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    with cloud.lock:
        cloud.run.catch_up()
        checks.name(params.get("serviceId", ""), Service.LONGEST, "service_id")
        service = Service(cloud.run, params["parent"], params["serviceId"])
        if service.full in cloud.run.services:
            raise Refused(409, "ALREADY_EXISTS", f"Resource '{service.name}' already exists.")
        return _created(cloud, service, body, dry=params.get("validateOnly", False))


def _created(cloud: Any, service: Service, body: dict[str, Any], *, dry: bool) -> dict[str, Any]:
    given = {key: value for key, value in body.items() if key != "etag"}
    if dry:
        return service.change(given, dry=True)
    service.front = Front(service)
    try:
        document = service.change(given)
    except Refused:
        service.front.close()
        raise
    cloud.run.services[service.full] = service
    return document


@route("run", f"{SERVICES}patch")
def patch(cloud: Any, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    with cloud.lock:
        cloud.run.catch_up()
        name, dry = params["name"], params.get("validateOnly", False)
        if name not in cloud.run.services and params.get("allowMissing"):
            parent, _, short = name.rpartition("/services/")
            return _created(cloud, Service(cloud.run, parent, short), body, dry=dry)
        service = _service(cloud, name)
        force = params.get("forceNewRevision", False)
        return service.change(body, mask=params.get("updateMask", ""), dry=dry, force=force)


@route("run", f"{SERVICES}get")
def get(cloud: Any, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    with cloud.lock:
        return _service(cloud, params["name"]).document()


@route("run", f"{SERVICES}list")
def listed(cloud: Any, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    with cloud.lock:
        cloud.run.catch_up()
        found = [each.document() for each in cloud.run.services.values() if each.parent == params["parent"]]
        return page(found, "services", params)


@route("run", f"{SERVICES}delete")
def delete(cloud: Any, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    with cloud.lock:
        service = _service(cloud, params["name"])
        guarded(service.etag, params.get("etag", ""), service.full)
        document = service.document()
        operation = Operation(service.parent, "Service", lambda: document)
        operation.end()
        if not params.get("validateOnly"):
            del cloud.run.services[service.full]
            cloud.run.operations[operation.name] = operation
    if not params.get("validateOnly"):
        service.close()
    return operation.document()


@route("run", f"{SERVICES}getIamPolicy")
def policy(cloud: Any, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    with cloud.lock:
        return {"version": 1, "etag": "BwXh", **_service(cloud, params["resource"]).policy}


@route("run", f"{SERVICES}setIamPolicy")
def set_policy(cloud: Any, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    with cloud.lock:
        service = _service(cloud, params["resource"])
        service.policy = body.get("policy", {})
        return {"version": 1, "etag": "BwXi", **service.policy}


@route("run", f"{SERVICES}testIamPermissions")
def permissions(cloud: Any, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    return {"permissions": [each for each in body.get("permissions", []) if each not in cloud.faults.denied]}


@route("run", f"{SERVICES}revisions.get")
def revision(cloud: Any, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    with cloud.lock:
        owner, _, short = params["name"].rpartition("/revisions/")
        cloud.run.catch_up()
        found = cloud.run.services.get(owner)
        if found is None or short not in found.revisions:
            raise missing(params["name"])
        document: dict[str, Any] = found.revisions[short].document()
        return document


@route("run", f"{SERVICES}revisions.list")
def revisions(cloud: Any, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    with cloud.lock:
        return of_owner(cloud.run.services, cloud, params)


def of_owner(owners: Mapping[str, Owner], cloud: Any, params: dict[str, Any]) -> dict[str, Any]:
    """The revisions of an owner, newest first; none of one that is not there."""
    cloud.run.catch_up()
    if params["parent"].endswith("/-"):
        found = [one for each in owners.values() for one in each.revisions.values()]
    else:
        owner = owners.get(params["parent"])
        found = list(owner.revisions.values()) if owner else []
    newest = sorted(found, key=lambda each: each.at, reverse=True)
    return page([each.document() for each in newest], "revisions", params)


@route("run", f"{SERVICES}revisions.delete")
def delete_revision(cloud: Any, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    with cloud.lock:
        owner, _, short = params["name"].rpartition("/revisions/")
        return deleted(_service(cloud, owner), short, params)


def deleted(owner: Owner, short: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Delete a revision. Raises Refused for the latest, and for one that something is sent to."""
    if short not in owner.revisions:
        raise missing(params["name"])
    found = owner.revisions[short]
    guarded(found.etag, params.get("etag", ""), found.full)
    if short == owner.latest_created:
        raise precondition(f"Revision '{short}' is the latest created revision and cannot be directly deleted.")
    if short in owner.served():
        raise precondition(f"Revision '{short}' is actively serving traffic and cannot be deleted.")
    document = found.document()
    operation = Operation(owner.parent, "Revision", lambda: document)
    operation.end()
    if not params.get("validateOnly"):
        del owner.revisions[short]
        owner.run.operations[operation.name] = operation
        owner.run.stop(found)
    return operation.document()
