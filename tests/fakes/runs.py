"""One-off tasks: started by RunTask, they write their lines, end, and keep their exit codes."""

from __future__ import annotations

from typing import Any

from . import definitions
from .errors import invalid
from .knobs import Output
from .tasks import Task
from .world import Ecs, Operation


def run(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    cluster = ecs.cluster(request)
    definition = definitions.wanted(ecs, request["taskDefinition"])
    network, overrides = request.get("networkConfiguration", {}), request.get("overrides", {})
    if definition.get("networkMode") == "awsvpc" and not network:
        raise invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
    names = [each["name"] for each in definition["containerDefinitions"]]
    for each in overrides.get("containerOverrides", []):
        if each.get("name") not in names:
            raise invalid(f"Override for container named {each.get('name')} is not a container in the TaskDefinition.")
    if ecs.knobs.refused:
        return {"tasks": [], "failures": [{"reason": ecs.knobs.refused}]}
    tasks = []
    for _ in range(request.get("count") or 1):
        now, group = ecs.now(), request.get("group", f"family:{definition['family']}")
        task = Task(ecs, cluster, definition, group, now, request.get("startedBy", ""), network, overrides)
        task.status = "PROVISIONING"
        ecs.tasks[task.id] = task
        _plan(task, _output(task), now)
        tasks.append(task.document())
    return {"tasks": tasks, "failures": []}


def _output(task: Task) -> Output:
    """What the task does: what its command did where that was run for real, else what the knob says."""
    runner = task.ecs.knobs.runner
    if runner is None:
        return task.ecs.knobs.output
    (override,) = task.overrides["containerOverrides"]
    (container,) = [each for each in task.definition["containerDefinitions"] if each["name"] == override["name"]]
    return runner(container, override["command"])


def _plan(task: Task, output: Output, now: float) -> None:
    """What the task will do, and when."""
    agenda, start = task.ecs.agenda, now + output.starting
    essential = [each["name"] for each in task.definition["containerDefinitions"] if each["essential"]]
    overridden = [each["name"] for each in task.overrides.get("containerOverrides", [])]
    main = (overridden or essential)[0]
    exits = {main: output.exit_code, **output.containers}
    ends = {name: (code, output.reason if name == main else "") for name, code in exits.items()}
    stopped = output.stopped or "Essential container in task exited"
    code = output.stop_code or "EssentialContainerExited"
    if code != "TaskFailedToStart":
        agenda.at(start, task.run)
    for position, line in enumerate(output.lines):
        when = start + output.seconds * position / len(output.lines)
        agenda.at(when, lambda then, line=line: task.log(main, then, [line]) if task.live else None)  # type: ignore[misc]
    agenda.at(start + output.seconds, lambda then: task.stop(then, stopped, code, ends) if task.live else None)


OPERATIONS: dict[str, Operation] = {"RunTask": run}
