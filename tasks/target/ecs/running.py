"""What runs of a service and its workers: the revision, the tasks, and which digest each of them really runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from ...errors import DockyardError
from ...image.reference import split
from .. import Current, Instance
from . import ledger
from .paging import batches, listed
from .stopping import stop_reason

if TYPE_CHECKING:
    from ...environment.settings import Environment
    from .manifests import Manifests
    from .workers import Fleet, Looks

BATCH = 100  # tasks that DescribeTasks takes at once
Task = Mapping[str, Any]


def current(fleet: Fleet, looks: Looks, instances: tuple[Instance, ...] = ()) -> Current:
    """The revision with most traffic, who else has some, and how many tasks there should be."""
    env, main = fleet.environment, looks.main
    share = max(main.traffic, key=lambda each: each.percent)
    found = main.definition if share.revision == main.definition.name else fleet.catalog.find(share.revision)
    revision = ledger.revision(found or main.definition, env, running=True, percent=share.percent)
    return Current(revision, main.traffic, instances, env.url, desired=main.raw.get("desiredCount"))


def tasks(ecs: Any, cluster: str, service: str, *, stopped: bool = False) -> list[Task]:
    """The tasks that ECS wants to run of a service, or those `stopped` within the last hour, as DescribeTasks has them.

    One that stops but still runs counts as stopped.
    """
    asked = {"cluster": cluster, "serviceName": service, "desiredStatus": "STOPPED" if stopped else "RUNNING"}
    return described(ecs, cluster, listed(ecs.list_tasks, "taskArns", **asked))


def described(ecs: Any, cluster: str, names: Sequence[str]) -> list[Task]:
    """What DescribeTasks says of these tasks; nothing of one that it has forgotten."""
    found: list[Task] = []
    for part in batches(names, BATCH):
        found += ecs.describe_tasks(cluster=cluster, tasks=part).get("tasks") or ()
    return found


def instances(
    ecs: Any,
    manifests: Manifests,
    environment: Environment,
    services: Mapping[str, str],
    owners: Mapping[str, str],
) -> tuple[Instance, ...]:
    """The tasks of several services, asked side by side, the main one's first.

    `services` gives each process ("web", or a worker's) its service; `owners` gives a worker's task definition
    (`family:3`) the main revision that it belongs to.
    """
    with ThreadPoolExecutor(len(services)) as side_by_side:
        found = list(side_by_side.map(lambda service: tasks(ecs, environment.cluster, service), services.values()))
    return tuple(
        instance(task, process, environment, manifests, owners)
        for process, its in zip(services, found, strict=True)
        for task in its
    )


def instance(
    task: Task, process: str, environment: Environment, manifests: Manifests, owners: Mapping[str, str]
) -> Instance:
    """One task as verbs know it. A task that is RUNNING but UNHEALTHY is said to be that."""
    name = short(task["taskDefinitionArn"])
    state = str(task.get("lastStatus") or "UNKNOWN")
    unhealthy = state == "RUNNING" and task.get("healthStatus") == "UNHEALTHY"
    digest, why = ran(task, environment, manifests)
    return Instance(
        short(task["taskArn"]),
        owners.get(name, name),
        process,
        "UNHEALTHY" if unhealthy else state,
        digest,
        stop_reason(task) or why,
    )


def ran(task: Task, environment: Environment, manifests: Manifests) -> tuple[str, str]:
    """The digest that a task runs of IMAGE, and why it is not known where that is "".

    Where several containers have the image, one that runs another digest than its siblings decides.
    """
    found = []
    for each in imaged(task.get("containers") or (), environment):
        digest = str(each.get("imageDigest") or "")
        if not digest:
            return "", ""
        try:
            found.append(manifests.digest(str(each.get("image") or ""), digest))
        except DockyardError as error:
            return "", f"runs {digest}, which could not be compared: {error.message}"
    named = [pinned(str(each.get("image") or "")) for each in imaged(task.get("containers") or (), environment)]
    odd = [digest for digest, wanted in zip(found, named, strict=True) if digest != wanted]
    return next(iter([*odd, *found]), ""), ""


def imaged(containers: Sequence[Mapping[str, Any]], environment: Environment) -> list[Mapping[str, Any]]:
    """The containers that run IMAGE: the one named by CONTAINER, else those of that repository."""
    named = [each for each in containers if environment.container and each.get("name") == environment.container]
    return named or [each for each in containers if split(str(each.get("image") or ""))[0] == environment.image]


def pinned(image: str) -> str:
    """The digest that an image is pinned to; "" where it goes by a tag."""
    named = split(image)[1] if image else ""
    return named if named.startswith("sha256:") else ""


def short(arn: str) -> str:
    """The last part of an ARN: `family:43`, a task's id."""
    return arn.rpartition("/")[2]
