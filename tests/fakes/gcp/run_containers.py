"""Revisions and executions as real containers of the local engine."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from .run_engine import Container, NotThere

if TYPE_CHECKING:
    from .run import Run
    from .run_execution import Execution
    from .run_revision import Revision

SEVERITIES = ("DEFAULT", "DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY")
SETTLED = 0.3  # seconds that a worker runs before it counts as up
Say = Callable[..., None]  # a line, and how Logging is to keep it
PAUSE = 0.05  # seconds between two looks at a startup probe
SYSTEM = "run.googleapis.com%2Fvarlog%2Fsystem"


def bring_up(run: Run, revision: Revision, due: float) -> None:
    """Start a revision's container; once its startup probe was answered, the revision is ready, from `due` on."""
    _spawn(run, lambda: _bring_up(run, revision, due))


def _bring_up(run: Run, revision: Revision, due: float) -> None:
    pool = revision.owner.KIND == "WorkerPool"
    named = {"K_SERVICE": revision.owner.name, "K_REVISION": revision.name, "K_CONFIGURATION": revision.owner.name}
    if pool:
        named = {"CLOUD_RUN_WORKER_POOL": revision.owner.name, "CLOUD_RUN_REVISION": revision.name}
    else:
        named["PORT"] = str(revision.port)
    try:
        container = Container(run, revision.template, named, 0 if pool else revision.port)
    except NotThere:
        _told(run, revision, {"reason": "CONTAINER_MISSING", "message": f"Image '{revision.image}' not found."})
        return
    revision.container = container
    why = container.start()
    followers = [] if why else _follow(run, container, partial(run.write, revision))
    if why:
        run.write(revision, f"terminated: Application failed to start: {why}", severity="ERROR", log=SYSTEM)
    if why or not _up(run, container, revision):
        from .run_knobs import PORT

        container.end()
        for each in followers:
            each.join(5)
        run.stop(revision)
        message = PORT.format(port=revision.port)
        _told(run, revision, {"revisionReason": "HEALTH_CHECK_CONTAINER_ERROR", "message": message})
        return
    with run.cloud.lock:
        run.agenda.at(due, revision.ready)


def _up(run: Run, container: Container, revision: Revision) -> bool:
    """Whether the container's startup probe was answered in time."""
    probe = revision.template["containers"][0].get("startupProbe")
    if probe is None:
        time.sleep(SETTLED)
        return container.running()
    time.sleep(probe.get("initialDelaySeconds", 0))
    until = time.monotonic() + probe["periodSeconds"] * probe["failureThreshold"]
    while time.monotonic() < until and not run.closed:
        if container.probed(probe):
            return True
        if not container.running():
            run.write(revision, f"Container called exit({container.code()}).", severity="WARNING", log=SYSTEM)
            return False
        time.sleep(PAUSE)
    return False


def _told(run: Run, revision: Revision, told: dict[str, str]) -> None:
    with run.cloud.lock:
        revision.failed(run.cloud.now(), told)


def execute(run: Run, execution: Execution) -> None:
    """Run an execution's container to its end, again as often as its job allows."""
    _spawn(run, lambda: _execute(run, execution))


def _execute(run: Run, execution: Execution) -> None:
    while True:
        named = {
            "CLOUD_RUN_JOB": execution.job.name,
            "CLOUD_RUN_EXECUTION": execution.name,
            "CLOUD_RUN_TASK_INDEX": "0",
            "CLOUD_RUN_TASK_ATTEMPT": str(execution.retried),
            "CLOUD_RUN_TASK_COUNT": "1",
        }
        code = _attempt(run, execution, named)
        with run.cloud.lock:
            if execution.ended:
                return
            if not code or execution.retried >= execution.template["maxRetries"]:
                execution.end(run.cloud.now(), code)
                return
            execution.retried += 1


def _attempt(run: Run, execution: Execution, named: dict[str, str]) -> int:
    """Run a container to its end and give its exit code; its lines were written by then."""
    try:
        container = Container(run, execution.template, named, 0)
    except NotThere:
        execution.say(f"Image '{execution.template['containers'][0]['image']}' not found.", "ERROR", log=SYSTEM)
        return 1
    execution.container = container
    why = container.start()
    if why:
        execution.say(f"terminated: Application failed to start: {why}", "ERROR", log=SYSTEM)
        container.close()
        return 1
    followers = _follow(run, container, execution.say)
    code = container.wait(float(execution.template["timeout"].removesuffix("s")))
    for each in followers:
        each.join(10)
    execution.say(f"Container called exit({code}).", "WARNING" if code else "INFO", log=SYSTEM)
    container.close()
    return code


def _follow(run: Run, container: Container, say: Say) -> list[threading.Thread]:
    """Write what a container that was started writes, until it has ended."""
    return [_spawn(run, partial(_written, container, stream, say)) for stream in ("stdout", "stderr")]


def _written(container: Container, stream: str, say: Say) -> None:
    """Write each line as Cloud Run does: one that is JSON as that, with the severity it names."""
    for line in container.lines(stream):
        more: dict[str, Any] = {"log": f"run.googleapis.com%2F{stream}"}
        try:
            found = json.loads(line) if line.startswith("{") else None
        except ValueError:
            found = None
        if isinstance(found, dict):
            severity = str(found.pop("severity", "DEFAULT")).upper()
            more |= {"json": found, "severity": severity if severity in SEVERITIES else "DEFAULT"}
        say("" if isinstance(found, dict) else line, **more)


def _spawn(run: Run, do: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=lambda: _quiet(run, do), daemon=True)
    run.threads.append(thread)
    thread.start()
    return thread


def _quiet(run: Run, do: Callable[[], None]) -> None:
    """Do it; once the fake ends, nothing that goes wrong is news."""
    try:
        do()
    except Exception:
        if not run.closed:
            raise
