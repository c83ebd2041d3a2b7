"""Worker pools and their revisions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import run_checks as checks
from . import run_defaults as defaults
from .errors import Refused, missing
from .routing import route
from .run_operations import Operation, guarded, page
from .run_owner import Owner
from .run_services import deleted, of_owner

POOLS = "run.projects.locations.workerPools."
SPLIT = "INSTANCE_SPLIT_ALLOCATION_TYPE_REVISION"


class Pool(Owner):
    """A worker pool: revisions without an address."""

    KIND, COLLECTION, PARENT = "WorkerPool", "workerPools", "service"
    SPLITS, STATUSES = "instanceSplits", "instanceSplitStatuses"

    def filled(self, given: dict[str, Any]) -> dict[str, Any]:
        spec = defaults.pool(given, self.run.account)
        for each in spec["instanceSplits"]:
            if each.get("revision"):
                each.setdefault("type", SPLIT)
        return spec

    def check(self, spec: Mapping[str, Any], revisions: set[str]) -> None:
        if spec["scaling"].get("manualInstanceCount", 1) < 0:
            raise Refused(400, message="scaling.manual_instance_count: must not be negative.")
        checks.splits(spec["instanceSplits"], self.name, revisions)

    def status(self, target: Mapping[str, Any]) -> dict[str, Any]:
        return {**target, "revision": target.get("revision") or self.latest_ready}

    def close(self) -> None:
        """End what runs."""
        for revision in self.revisions.values():
            self.run.stop(revision)


def _pool(cloud: Any, name: str) -> Pool:
    cloud.run.catch_up()
    found: Pool | None = cloud.run.pools.get(name)
    if found is None:
        raise missing(name)
    return found


@route("run", f"{POOLS}create")
def create(cloud: Any, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    with cloud.lock:
        cloud.run.catch_up()
        checks.name(params.get("workerPoolId", ""), Pool.LONGEST, "worker_pool_id")
        pool = Pool(cloud.run, params["parent"], params["workerPoolId"])
        if pool.full in cloud.run.pools:
            raise Refused(409, "ALREADY_EXISTS", f"Resource '{pool.name}' already exists.")
        return _created(cloud, pool, body, dry=params.get("validateOnly", False))


def _created(cloud: Any, pool: Pool, body: dict[str, Any], *, dry: bool) -> dict[str, Any]:
    document = pool.change({key: value for key, value in body.items() if key != "etag"}, dry=dry)
    if not dry:
        cloud.run.pools[pool.full] = pool
    return document


@route("run", f"{POOLS}patch")
def patch(cloud: Any, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    with cloud.lock:
        cloud.run.catch_up()
        name, dry = params["name"], params.get("validateOnly", False)
        if name not in cloud.run.pools and params.get("allowMissing"):
            parent, _, short = name.rpartition("/workerPools/")
            return _created(cloud, Pool(cloud.run, parent, short), body, dry=dry)
        force = params.get("forceNewRevision", False)
        return _pool(cloud, name).change(body, mask=params.get("updateMask", ""), dry=dry, force=force)


@route("run", f"{POOLS}get")
def get(cloud: Any, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    with cloud.lock:
        return _pool(cloud, params["name"]).document()


@route("run", f"{POOLS}list")
def listed(cloud: Any, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    with cloud.lock:
        cloud.run.catch_up()
        found = [each.document() for each in cloud.run.pools.values() if each.parent == params["parent"]]
        return page(found, "workerPools", params)


@route("run", f"{POOLS}delete")
def delete(cloud: Any, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    with cloud.lock:
        pool = _pool(cloud, params["name"])
        guarded(pool.etag, params.get("etag", ""), pool.full)
        document = pool.document()
        operation = Operation(pool.parent, "WorkerPool", lambda: document)
        operation.end()
        if not params.get("validateOnly"):
            del cloud.run.pools[pool.full]
            cloud.run.operations[operation.name] = operation
            pool.close()
        return operation.document()


@route("run", f"{POOLS}revisions.get")
def revision(cloud: Any, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    with cloud.lock:
        owner, _, short = params["name"].rpartition("/revisions/")
        pool = _pool(cloud, owner)
        if short not in pool.revisions:
            raise missing(params["name"])
        return pool.revisions[short].document()


@route("run", f"{POOLS}revisions.list")
def revisions(cloud: Any, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    with cloud.lock:
        return of_owner(cloud.run.pools, cloud, params)


@route("run", f"{POOLS}revisions.delete")
def delete_revision(cloud: Any, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    with cloud.lock:
        owner, _, short = params["name"].rpartition("/revisions/")
        return deleted(_pool(cloud, owner), short, params)
