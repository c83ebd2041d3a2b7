"""Where the containers of a task definition write their logs: groups and streams of CloudWatch. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ...errors import Unreadable
from .definition import chosen
from .service import WEB

if TYPE_CHECKING:
    from ...environment.settings import Environment
    from .definition import Definition

STREAMS = 100  # that FilterLogEvents takes by name
PAGE = 10_000  # events that it gives at once at most
BACKWARDS = 1_704_067_200_000  # 2024: before that it does not read from the end
Event = Mapping[str, Any]  # of FilterLogEvents


@dataclass(frozen=True)
class Place:
    """Where the containers of one name write: each task into a stream of its own, `PREFIX/CONTAINER/TASK`."""

    region: str
    group: str
    prefix: str

    def stream(self, task: str) -> str:
        """The stream of a task's id."""
        return f"{self.prefix}{task}"


def places(definition: Definition, environment: Environment, process: str = WEB) -> list[Place]:
    """Where the containers with IMAGE write. Raises Unreadable where none of them can be read."""
    found, wrong = list[Place](), list[Unreadable]()
    for container in chosen(definition, environment, worker=process != WEB):
        try:
            found.append(place(definition, container, environment.region))
        except Unreadable as error:
            wrong.append(error)
    if wrong and not found:
        raise wrong[0]
    return found


def place(definition: Definition, container: str, region: str) -> Place:
    """Where one container writes. Raises Unreadable for a log driver that Dockyard cannot read, or none."""
    logging = (definition.containers.get(container) or {}).get("logConfiguration") or {}
    options = logging.get("options") or {}
    driver, group, prefix = (
        logging.get("logDriver"),
        options.get("awslogs-group"),
        options.get("awslogs-stream-prefix"),
    )
    if driver != "awslogs":
        says = f"logs through {driver}" if driver else "has no log configuration"
        raise Unreadable(
            f"Container {container} of {definition.name} {says}, and Dockyard reads CloudWatch only: "
            f"{'look where that sends them' if driver else 'give it the driver awslogs'}."
        )
    if not (group and prefix):
        raise Unreadable(
            f"Container {container} of {definition.name} logs through awslogs without "
            f"{'awslogs-stream-prefix' if group else 'awslogs-group'}, so its streams cannot be told apart: set it in "
            "the task definition."
        )
    return Place(str(options.get("awslogs-region") or region), str(group), f"{prefix}/{container}/")


def request(
    place: Place,
    start: int,
    *,
    tasks: Sequence[str] = (),
    end: int | None = None,
    pattern: str = "",
    newest: int = 0,
) -> dict[str, Any]:
    """The FilterLogEvents request for what these tasks wrote, or all whose streams begin alike; times in milliseconds.

    `newest` events are asked for from the end; 0: all, from the start.
    """
    named = {"logStreamNames": sorted(map(place.stream, tasks))} if 0 < len(tasks) <= STREAMS else {}
    start = max(start, BACKWARDS if newest else 0)
    return {
        "logGroupName": place.group,
        **(named or {"logStreamNamePrefix": place.prefix}),
        "startTime": start,
        **({"endTime": end} if end is not None else {}),
        **({"filterPattern": pattern} if pattern else {}),
        **({"startFromHead": False, "limit": min(max(newest, STREAMS), PAGE)} if newest else {}),
    }


def order(event: Event) -> tuple[int, int, int, str]:
    """What CloudWatch sorts events by: their time, the time they came in at, and their ids, which are numbers."""
    name = str(event.get("eventId", ""))
    return int(event["timestamp"]), int(event.get("ingestionTime", 0)), len(name), name


def task_of(event: Event) -> str:
    """The id of the task that wrote an event."""
    return str(event["logStreamName"]).rpartition("/")[2]


def container_of(event: Event) -> str:
    """The container that wrote an event."""
    return (["", *str(event["logStreamName"]).split("/")])[-2]


def at(milliseconds: int) -> str:
    """A time as log lines have it: UTC in ISO 8601."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03}Z"
