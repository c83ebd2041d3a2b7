"""Whose a stream is: which process and revision the task that writes it belongs to, asked of ECS once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from . import streams
from .paging import listed
from .running import Task, described, short
from .workers import side_by_side

if TYPE_CHECKING:
    from .streams import Event
    from .workers import Fleet


class Owners:
    """The tasks seen so far, and whether their lines are `wanted`: a predicate of the process and the task.

    A task that ECS has forgotten, or that is of another service, is not.
    """

    def __init__(self, fleet: Fleet, wanted: Callable[[str, Task], bool]) -> None:
        self.fleet = fleet
        self.wanted = wanted
        self.process = {f"service:{name}": process for process, name in fleet.names.items()}
        self.known: dict[str, str] = {}  # the process of a task, "" for one that is not wanted

    def mine(self, events: Sequence[Event]) -> list[Event]:
        """Those events that are wanted."""
        self.ask(streams.task_of(each) for each in events)
        return [each for each in events if self.known.get(streams.task_of(each))]

    def source(self, event: Event, several: bool) -> str:
        """Who wrote an event, in short: `web-1a2b3c4d`, and the container where there are `several`."""
        task = streams.task_of(event)
        container = f"/{streams.container_of(event)}" if several else ""
        return f"{self.known.get(task) or 'task'}-{task[:8]}{container}"

    def ask(self, tasks: Iterable[str]) -> None:
        """Learn about the tasks that are not known yet."""
        new = list(dict.fromkeys(task for task in tasks if task not in self.known))
        self.learn(described(self.fleet.clients.ecs, self.fleet.environment.cluster, new), new)

    def learn(self, tasks: Iterable[Task], asked: Sequence[str] = ()) -> None:
        """Remember these, and that nothing more is known of those that were `asked` for."""
        found = dict.fromkeys(asked, "")
        for task in tasks:
            process = self.process.get(str(task.get("group")), "")
            found[short(task["taskArn"])] = process if process and self.wanted(process, task) else ""
        self.known |= found  # all at once: another place's lines may be of the same task

    def listed(self) -> list[str]:
        """Learn about all tasks that run, or have stopped within the last hour; the ids of those that are wanted."""
        ecs, cluster = self.fleet.clients.ecs, self.fleet.environment.cluster

        def arns(of: tuple[str, str]) -> list[str]:
            service, status = of
            asked = {"cluster": cluster, "serviceName": service, "desiredStatus": status}
            return [short(arn) for arn in listed(ecs.list_tasks, "taskArns", **asked)]

        each = [(name, status) for name in self.fleet.names.values() for status in ("RUNNING", "STOPPED")]
        self.ask(task for found in side_by_side(arns, each) for task in found)
        return [task for task, process in self.known.items() if process]
