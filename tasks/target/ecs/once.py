"""One command in a task of its own: a migration, say."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ...errors import DeployFailed, DockyardError
from ...say import say
from ...signals import uninterrupted
from . import faults, output
from .definition import main
from .paging import listed
from .running import Task, described, short
from .service import primary
from .stopping import stop_reason

if TYPE_CHECKING:
    from .definition import Definition
    from .service import Entry
    from .workers import Fleet

STARTED_BY = "dockyard"
POLL = 1.0  # seconds between two looks at the task
FIELDS = ("networkConfiguration", "platformVersion", "propagateTags", "enableECSManagedTags")
ON_EC2 = ("placementConstraints", "placementStrategy")


def run(fleet: Fleet, entry: Entry, definition: Definition, command: Sequence[str]) -> int:
    """Run it to its end where and how the service's own tasks run; its output on standard error; the exit code.

    `entry` is the service as DescribeServices has it. One of an earlier Dockyard, which was killed, is waited for
    first. Whatever ends this stops the task. Raises DockyardError where nothing could be started, DeployFailed for a
    task that has no exit code, or takes longer than DEPLOY_TIMEOUT.
    """
    environment = fleet.environment
    ecs, patience = fleet.clients.ecs, environment.deploy_timeout
    container = main(definition, environment)
    await_left(ecs, environment.cluster, group(environment.service), patience)
    asked = request(entry, environment.cluster, environment.service, definition, container, command)
    task = started(ecs.run_task(**asked), definition)
    name = short(task["taskArn"])
    say(f"Task {name} of {definition.name} runs it in cluster {environment.cluster}.")
    with (
        faults.told(DeployFailed),
        stopping(ecs, environment.cluster, name) as ended,
        output.of(fleet.clients, definition, name, container) as shown,
    ):
        deadline = time.monotonic() + patience
        while True:
            task = look(ecs, environment.cluster, name) or task
            if over(task, container):
                break
            if time.monotonic() >= deadline:
                raise DeployFailed(
                    f"Task {name} did not end within {patience:g} s (DEPLOY_TIMEOUT), and is {task.get('lastStatus')}: "
                    "it is stopped now; raise DEPLOY_TIMEOUT if it needs longer."
                )
            shown.show()
            time.sleep(POLL)
        if stopped(task):
            ended.append(name)
        shown.drain()
    return exit_code(task, container)


def request(
    entry: Entry, cluster: str, service: str, definition: Definition, container: str, command: Sequence[str]
) -> dict[str, Any]:
    """The RunTask request: network, capacity and platform are the service's own, or those of its primary task set."""
    own = {**primary(entry), **{key: value for key, value in entry.items() if value}}
    strategy = own.get("capacityProviderStrategy")
    launch = {"capacityProviderStrategy": strategy} if strategy else {"launchType": own.get("launchType")}
    fields = (*FIELDS, *(() if own.get("platformVersion") else ON_EC2))
    return {
        "cluster": cluster,
        "taskDefinition": definition.arn,
        "count": 1,
        "startedBy": STARTED_BY,
        "group": group(service),
        "clientToken": str(uuid.uuid4()),  # asked again by botocore, it is the same task
        **{key: value for key, value in launch.items() if value},
        **{key: own[key] for key in fields if own.get(key) and own[key] != "NONE"},
        "overrides": {"containerOverrides": [{"name": container, "command": list(command)}]},
    }


def group(service: str) -> str:
    """The group of a service's one-off tasks: others may run in the cluster, of the same family too."""
    return f"dockyard:{service}"


def started(reply: Mapping[str, Any], definition: Definition) -> Task:
    """The task that RunTask has started. Raises DockyardError with the reasons where there is none."""
    for task in reply.get("tasks") or ():
        return dict(task)
    reasons = [
        ": ".join(filter(None, (str(each.get("reason") or "no reason was given"), each.get("detail"))))
        for each in reply.get("failures") or ()
    ]
    raise DockyardError(
        f"ECS could not start a task of {definition.name} ({'; '.join(reasons) or 'no reason was given'}): "
        "see the capacity of the cluster, then type the same again."
    )


def look(ecs: Any, cluster: str, task: str) -> Task | None:
    """The task as it is now; None right after its start, when ECS may not know it yet."""
    return next(iter(described(ecs, cluster, [task])), None)


def stopped(task: Task) -> bool:
    """Whether a task has ended."""
    return task.get("lastStatus") == "STOPPED"


def over(task: Task, container: str) -> bool:
    """Whether the command has ended: with the task, or before it where its container is not essential."""
    return stopped(task) or own(task, container).get("exitCode") is not None


def own(task: Task, container: str) -> Mapping[str, Any]:
    """The container that ran the command."""
    return next((each for each in task.get("containers") or () if each.get("name") == container), {})


def exit_code(task: Task, container: str) -> int:
    """The container's exit code; one that has a reason of its own, such as too little memory, is said.

    Raises DockyardError for a task that never began, DeployFailed for one that ended without an exit code.
    """
    ran, name = own(task, container), short(task["taskArn"])
    if ran.get("exitCode") is not None:
        if ran["exitCode"] and ran.get("reason"):
            say(f"Task {name} ended: {stop_reason(task)}.")
        return int(ran["exitCode"])
    code = str(task.get("stopCode") or "no stop code")
    if not task.get("startedAt"):
        raise DockyardError(f"Task {name} could not start ({code}): {stop_reason(task)}. The command was not run.")
    raise DeployFailed(f"Task {name} ended without an exit code ({code}): {stop_reason(task)}.")


@contextmanager
def stopping(ecs: Any, cluster: str, task: str) -> Iterator[list[str]]:
    """Stop the task at the end, unless the list that this gives says that it has ended by itself."""
    ended: list[str] = []
    why = "the command of this container has ended"
    try:
        yield ended
    except BaseException as error:
        why = "interrupted" if isinstance(error, KeyboardInterrupt) else "given up"
        raise
    finally:
        if not ended:
            with uninterrupted():
                stop(ecs, cluster, task, why)


def stop(ecs: Any, cluster: str, task: str, why: str) -> None:
    """Stop a task; where that is refused, how to do it by hand is said."""
    try:
        with faults.told():
            ecs.stop_task(cluster=cluster, task=task, reason=f"dockyard: {why}")
        say(f"Task {task} is stopped: {why}.")
    except DockyardError as error:
        say(f"Task {task} could not be stopped: {error.message} aws ecs stop-task --cluster={cluster} --task={task}")


def await_left(ecs: Any, cluster: str, ours: str, patience: float) -> None:
    """Let a command that a killed process left running come to its end: two migrations at a time would meet.

    Raises DockyardError for one that takes longer than `patience` seconds.
    """
    deadline = time.monotonic() + patience
    said = False
    while left := running(ecs, cluster, ours):
        names = ", ".join(left)
        if not said:
            say(f"Task {names} still runs a command of a process that was killed; waiting for its end.")
            said = True
        if time.monotonic() >= deadline:
            raise DockyardError(
                f"Task {names} runs a command of a process that was killed, for longer than {patience:g} s: type the "
                f"same again when it has ended, or after aws ecs stop-task --cluster={cluster} --task={left[0]}."
            )
        time.sleep(POLL)


def running(ecs: Any, cluster: str, ours: str) -> list[str]:
    """The service's one-off tasks that have not ended."""
    # startedBy is the only filter then, without a family beside it
    known = described(ecs, cluster, listed(ecs.list_tasks, "taskArns", cluster=cluster, startedBy=STARTED_BY))
    return [short(each["taskArn"]) for each in known if each.get("group") == ours and not stopped(each)]
