"""An execution of a job, with its one task: scripted, or a container of the local engine."""

from __future__ import annotations

import copy
import uuid
from typing import TYPE_CHECKING, Any

from .run_operations import Operation, condition, etag, stamp

if TYPE_CHECKING:
    from .run_jobs import Job
    from .run_knobs import Output


class Execution:
    """An execution. `code` is the exit code of its last attempt once it has ended."""

    def __init__(self, job: Job, name: str, overrides: dict[str, Any]) -> None:
        self.job, self.run, self.name = job, job.run, name
        self.full = f"{job.full}/executions/{name}"
        self.uid, self.etag = str(uuid.uuid4()), etag(self.full)
        self.template = _overridden(job.spec["template"]["template"], overrides)
        self.annotations = dict(job.spec["template"].get("annotations", {}))
        self.labels = dict(job.spec["template"].get("labels", {}))
        self.created_at = self.changed_at = self.run.cloud.now()
        self.ended, self.cancelled, self.code, self.retried = False, False, 0, 0
        self.why = ""  # why nothing was started
        self.container: Any = None
        self.operation = Operation(job.parent, "Execution", self.document)

    def start(self) -> None:
        """Plan what becomes of it."""
        from .run_starting import unknown_secret

        run, now = self.run, self.run.cloud.now()
        self.why = unknown_secret(run, self.template)
        if self.why:
            run.agenda.at(now, lambda at: self.end(at, 1))
        elif run.containers:
            from .run_containers import execute

            execute(run, self)
        else:
            output = next(each for job, each in reversed(run.outputs) if job in ("", self.job.name))
            self._attempt(output, now)

    def _attempt(self, output: Output, at: float) -> None:
        """Write the lines and end; again as often as the job allows while it fails."""
        run = self.run
        for position, line in enumerate(output.lines):
            when = at + output.seconds * position / len(output.lines)
            run.agenda.at(when, lambda _, line=line: self.say(line, output.severity))  # type: ignore[misc]
        run.agenda.at(at + output.seconds, lambda then: self._attempted(output, then))

    def _attempted(self, output: Output, at: float) -> None:
        if self.ended:
            return
        code = output.codes[self.retried] if self.retried < len(output.codes) else output.exit_code
        if code and self.retried < self.template["maxRetries"]:
            self.retried += 1
            self._attempt(output, at)
        else:
            self.end(at, code)

    def say(self, line: str, severity: str = "DEFAULT", **sent: Any) -> None:
        """A line of its output."""
        if self.ended:
            return
        location = self.job.parent.rpartition("/")[2]
        labels = {"project_id": self.run.cloud.project, "job_name": self.job.name, "location": location}
        more = {"run.googleapis.com/execution_name": self.name, "run.googleapis.com/task_index": "0"}
        resource = {"type": "cloud_run_job", "labels": labels}
        self.run.logged(line, resource=resource, labels=more, severity=severity, **sent)

    def end(self, at: float, code: int) -> None:
        """It has ended with an exit code."""
        if self.ended:
            return
        self.ended, self.code, self.changed_at, self.etag = True, code, at, etag(self.full)
        self.operation.end(self._message())

    def cancel(self) -> None:
        """End it by hand."""
        self.cancelled = True
        self.end(self.run.cloud.now(), 1)
        self.close()

    def close(self) -> None:
        """End what runs."""
        container, self.container = self.container, None
        if container is not None:
            container.close()

    def _message(self) -> str:
        if self.cancelled:
            return f"Execution {self.name} was cancelled."
        if self.why:
            return self.why
        if self.code:
            return (
                f"Task {self.name}-task0 failed with exit code: {self.code} and message: The container exited with an "
                "error."
            )
        return ""

    def reference(self) -> dict[str, Any]:
        """As a job names it."""
        status = "CANCELLED" if self.cancelled else "FAILED" if self.code else "SUCCEEDED"
        found = {"name": self.name, "createTime": stamp(self.created_at), "completionStatus": "EXECUTION_RUNNING"}
        if self.ended:
            found |= {"completionTime": stamp(self.changed_at), "completionStatus": f"EXECUTION_{status}"}
        return found

    def _conditions(self) -> list[dict[str, Any]]:
        at = self.changed_at
        if not self.ended:
            return [condition("Completed", "RECONCILING", at), condition("Started", "SUCCEEDED", self.created_at)]
        if not self.code:
            completed = condition("Completed", "SUCCEEDED", at, message="Execution completed successfully.")
        elif self.why:
            completed = condition("Completed", "FAILED", at, reason="SECRETS_ACCESS_CHECK_FAILED", message=self.why)
        else:
            reason = "CANCELLED" if self.cancelled else "NON_ZERO_EXIT_CODE"
            completed = condition("Completed", "FAILED", at, executionReason=reason, message=self._message())
        return [completed, condition("Started", "SUCCEEDED", self.created_at)]

    def document(self) -> dict[str, Any]:
        failed = int(bool(self.code) and not self.cancelled)
        ended = {"completionTime": stamp(self.changed_at)} if self.ended else {}
        return {
            "name": self.full,
            "uid": self.uid,
            "generation": "1",
            "observedGeneration": "1",
            "labels": self.labels,
            "annotations": self.annotations,
            "createTime": stamp(self.created_at),
            "startTime": stamp(self.created_at),
            "updateTime": stamp(self.changed_at),
            **ended,
            "job": self.job.name,
            "parallelism": 1,
            "taskCount": 1,
            "template": self.template,
            "reconciling": not self.ended,
            "conditions": self._conditions(),
            "runningCount": int(not self.ended),
            "succeededCount": int(self.ended and not self.code),
            "failedCount": failed if self.ended else 0,
            "cancelledCount": int(self.cancelled),
            "retriedCount": self.retried,
            "logUri": f"https://console.cloud.google.com/logs/viewer?project={self.run.cloud.project}",
            "etag": self.etag,
        }

    def task(self) -> dict[str, Any]:
        """Its task's document."""
        result = {} if not self.ended or self.why else {"lastAttemptResult": self._result()}
        return {
            "name": f"{self.full}/tasks/{self.name}-task0",
            "uid": self.uid,
            "job": self.job.name,
            "execution": self.name,
            "createTime": stamp(self.created_at),
            "index": 0,
            "retried": self.retried,
            "maxRetries": self.template["maxRetries"],
            "containers": self.template["containers"],
            "conditions": self._conditions(),
            **result,
        }

    def _result(self) -> dict[str, Any]:
        if not self.code:
            return {"status": {}, "exitCode": 0}
        status = {"code": 1 if self.cancelled else 10, "message": "The container exited with an error."}
        return {"status": status, "exitCode": self.code}


def _overridden(template: dict[str, Any], overrides: dict[str, Any]) -> dict[str, Any]:
    """The template of the tasks with what RunJob gave."""
    found = copy.deepcopy(template)
    for each in overrides.get("containerOverrides", []):
        named = [one for one in found["containers"] if one.get("name", "") == each.get("name", "")]
        target = named[0] if named else found["containers"][0]
        if each.get("args") or each.get("clearArgs"):
            target["args"] = each.get("args", [])
        names = {one["name"] for one in each.get("env", [])}
        target["env"] = [*(one for one in target.get("env", []) if one["name"] not in names), *each.get("env", [])]
    if "timeout" in overrides:
        found["timeout"] = overrides["timeout"]
    return found
