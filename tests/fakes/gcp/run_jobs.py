"""Jobs, their executions and tasks."""

from __future__ import annotations

import copy
import random
import string
import uuid
from typing import TYPE_CHECKING, Any

from . import run_checks as checks
from . import run_defaults as defaults
from .errors import Refused, missing, precondition
from .routing import route
from .run_execution import Execution
from .run_operations import Operation, condition, etag, guarded, page, stamp
from .run_owner import mutable

if TYPE_CHECKING:
    from .run import Run

JOBS = "run.projects.locations.jobs."
__all__ = ["Execution", "Job"]


class Job:
    """A job: a template, and the executions that were made of it."""

    def __init__(self, run: Run, parent: str, name: str) -> None:
        self.run, self.parent, self.name = run, parent, name
        self.full = f"{parent}/jobs/{name}"
        self.uid, self.generation, self.etag = str(uuid.uuid4()), 0, ""
        self.spec: dict[str, Any] = {}
        self.created_at = self.updated_at = run.cloud.now()
        self.creator = self.last_modifier = run.who
        self.executions: list[Execution] = []

    def change(self, body: dict[str, Any], *, dry: bool) -> dict[str, Any]:
        """Take a request over; gives the operation's document. Raises Refused."""
        guarded(self.etag, body.get("etag", ""), self.full)
        given = {key: copy.deepcopy(value) for key, value in body.items() if key in mutable("Job")}
        spec = defaults.job(given, self.run.account)
        checks.metadata(spec)
        checks.metadata(spec["template"])
        checks.template(spec["template"]["template"], zonal_gpu=self.run.zonal_gpu)
        if not 0 <= spec["template"]["template"]["maxRetries"] <= 10:
            raise Refused(400, message="template.template.max_retries: must be in the range of [0, 10].")
        operation = Operation(self.parent, "Job", self.document)
        if dry:
            found = {**self.document(), **spec}
            operation = Operation(self.parent, "Job", lambda: found)
        else:
            self.spec, self.etag, self.updated_at = spec, etag(self.full), self.run.cloud.now()
            self.generation, self.last_modifier = self.generation + 1, self.run.who
            self.run.operations[operation.name] = operation
        operation.end()
        return operation.document()

    def document(self) -> dict[str, Any]:
        latest = self.executions[-1] if self.executions else None
        return {
            **copy.deepcopy(self.spec),
            "name": self.full,
            "uid": self.uid,
            "generation": str(self.generation),
            "observedGeneration": str(self.generation),
            "createTime": stamp(self.created_at),
            "updateTime": stamp(self.updated_at),
            "creator": self.creator,
            "lastModifier": self.last_modifier,
            "executionCount": len(self.executions),
            "terminalCondition": condition("Ready", "SUCCEEDED", self.updated_at),
            "etag": self.etag,
            **({"latestCreatedExecution": latest.reference()} if latest else {}),
        }


def _job(cloud: Any, name: str) -> Job:
    cloud.run.catch_up()
    found: Job | None = cloud.run.jobs.get(name)
    if found is None:
        raise missing(name)
    return found


@route("run", f"{JOBS}create")
def create(cloud: Any, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    with cloud.lock:
        checks.name(params.get("jobId", ""), 49, "job_id")
        job = Job(cloud.run, params["parent"], params["jobId"])
        if job.full in cloud.run.jobs:
            raise Refused(409, "ALREADY_EXISTS", f"Resource '{job.name}' already exists.")
        return _created(cloud, job, body, dry=params.get("validateOnly", False))


def _created(cloud: Any, job: Job, body: dict[str, Any], *, dry: bool) -> dict[str, Any]:
    document = job.change({key: value for key, value in body.items() if key != "etag"}, dry=dry)
    if not dry:
        cloud.run.jobs[job.full] = job
    return document


@route("run", f"{JOBS}patch")
def patch(cloud: Any, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    with cloud.lock:
        name, dry = params["name"], params.get("validateOnly", False)
        if name not in cloud.run.jobs and params.get("allowMissing"):
            parent, _, short = name.rpartition("/jobs/")
            return _created(cloud, Job(cloud.run, parent, short), body, dry=dry)
        return _job(cloud, name).change(body, dry=dry)


@route("run", f"{JOBS}get")
def get(cloud: Any, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    with cloud.lock:
        return _job(cloud, params["name"]).document()


@route("run", f"{JOBS}list")
def listed(cloud: Any, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    with cloud.lock:
        found = [each.document() for each in cloud.run.jobs.values() if each.parent == params["parent"]]
        return page(found, "jobs", params)


@route("run", f"{JOBS}delete")
def delete(cloud: Any, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    with cloud.lock:
        job = _job(cloud, params["name"])
        guarded(job.etag, params.get("etag", ""), job.full)
        document = job.document()
        operation = Operation(job.parent, "Job", lambda: document)
        operation.end()
        if not params.get("validateOnly"):
            del cloud.run.jobs[job.full]
            cloud.run.operations[operation.name] = operation
        return operation.document()


@route("run", f"{JOBS}run")
def run(cloud: Any, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    with cloud.lock:
        job = _job(cloud, params["name"])
        guarded(job.etag, body.get("etag", ""), job.full)
        name = f"{job.name}-{''.join(random.choices(string.ascii_lowercase + string.digits, k=5))}"
        execution = Execution(job, name, body.get("overrides", {}))
        if not body.get("validateOnly"):
            job.executions.append(execution)
            cloud.run.executions[execution.full] = execution
            cloud.run.operations[execution.operation.name] = execution.operation
            execution.start()
        return execution.operation.document()


def _execution(cloud: Any, name: str) -> Execution:
    cloud.run.catch_up()
    found: Execution | None = cloud.run.executions.get(name)
    if found is None:
        raise missing(name)
    return found


@route("run", f"{JOBS}executions.get")
def execution(cloud: Any, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    with cloud.lock:
        return _execution(cloud, params["name"]).document()


@route("run", f"{JOBS}executions.list")
def executions(cloud: Any, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    with cloud.lock:
        cloud.run.catch_up()
        found = [each for each in cloud.run.executions.values() if params["parent"] in (each.job.full, _any(each.job))]
        return page([each.document() for each in reversed(found)], "executions", params)


def _any(job: Job) -> str:
    return f"{job.parent}/jobs/-"


@route("run", f"{JOBS}executions.cancel")
def cancel(cloud: Any, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    with cloud.lock:
        found = _execution(cloud, params["name"])
        guarded(found.etag, body.get("etag", ""), found.full)
        if found.ended:
            raise precondition(f"Execution '{found.name}' has already completed and cannot be cancelled.")
        if not body.get("validateOnly"):
            found.cancel()
        operation = Operation(found.job.parent, "Execution", found.document)
        operation.end()
        cloud.run.operations[operation.name] = operation
        return operation.document()


@route("run", f"{JOBS}executions.delete")
def delete_execution(cloud: Any, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    with cloud.lock:
        found = _execution(cloud, params["name"])
        document = found.document()
        operation = Operation(found.job.parent, "Execution", lambda: document)
        operation.end()
        del cloud.run.executions[found.full]
        found.job.executions.remove(found)
        found.close()
        return operation.document()


@route("run", f"{JOBS}executions.tasks.list")
def tasks(cloud: Any, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    with cloud.lock:
        return page([_execution(cloud, params["parent"]).task()], "tasks", params)


@route("run", f"{JOBS}executions.tasks.get")
def task(cloud: Any, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    with cloud.lock:
        owner, _, _short = params["name"].rpartition("/tasks/")
        found = _execution(cloud, owner).task()
        if found["name"] != params["name"]:
            raise missing(params["name"])
        return found
