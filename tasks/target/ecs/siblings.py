"""What is absent around the service and its workers: cluster, services, containers, log groups."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ...errors import SettingError
from .. import Missing
from . import definition
from .service import OTHERS, WEB, Entry, controller, described, named
from .workers import side_by_side

if TYPE_CHECKING:
    from ...environment.settings import Environment
    from .clients import Clients
    from .definition import Definition
    from .workers import Fleet


def missing(fleet: Fleet) -> Iterator[Missing]:
    """The cluster first: without it there is nothing else to look at."""
    clients, environment = fleet.clients, fleet.environment
    cluster, at = environment.cluster, f"--region={environment.region}"
    found = clients.ecs.describe_clusters(clusters=[cluster]).get("clusters") or ()
    if not any(each.get("status") == "ACTIVE" for each in found):
        mend = f"aws ecs list-clusters {at} lists what there is, aws ecs create-cluster --cluster-name={cluster} {at}"
        yield Missing(f"there is no cluster {cluster} in {environment.region}", f"{mend} makes it")
        return
    entries = {
        each["serviceName"]: each
        for each in described(clients.ecs, cluster, list(fleet.names.values()))
        if each.get("status") != "INACTIVE"
    }
    there = {process: entries[name] for process, name in fleet.names.items() if name in entries}
    for process, name in fleet.names.items():
        if process not in there:
            yield absent(environment, process, name)
    for process, entry in there.items():
        yield from odd(environment, process, entry)
    known = side_by_side(lambda entry: fleet.catalog.find(named(entry)), there.values())
    groups: dict[str, None] = {}
    for process, entry, of in zip(there, there.values(), known, strict=True):
        if of is None:
            yield Missing(f"{entry['serviceName']} is to run {named(entry)}, which ECS does not have")
            continue
        try:
            names = definition.chosen(of, environment, worker=process != WEB)
        except SettingError as error:
            yield Missing(str(error.message).rstrip("."))
            continue
        yield from logging(environment, of, names, groups)
    yield from unlogged(clients, environment, list(groups))


def absent(environment: Environment, process: str, name: str) -> Missing:
    """A service that is not there: Dockyard creates none."""
    whose = "" if process == WEB else f", in which PROCESS_{process.upper()} is to run"
    family = environment.task_family or "FAMILY"
    return Missing(
        f"there is no service {name} in cluster {environment.cluster}{whose}",
        f"aws ecs create-service --cluster={environment.cluster} --service-name={name} --region={environment.region} "
        f"--task-definition={family if process == WEB else 'FAMILY'} --desired-count=1 --launch-type=FARGATE "
        "--network-configuration='awsvpcConfiguration={subnets=[...],securityGroups=[...]}'",
    )


def odd(environment: Environment, process: str, entry: Entry) -> Iterator[Missing]:
    """A controller that Dockyard cannot use, and what a deploy cannot count on."""
    name = entry["serviceName"]
    if entry.get("status") == "DRAINING":
        yield Missing(f"the service {name} is being deleted (DRAINING)", "wait until it is gone, and create it anew")
    if controller(entry) in OTHERS:
        yield Missing(
            f"the deployments of {name} are made by the {controller(entry)} controller, which takes no task definition "
            "from UpdateService",
            f"aws ecs update-service --cluster={environment.cluster} --service={name} --region={environment.region} "
            "--deployment-controller=type=ECS, or release it by the tool that deploys it now",
        )
        return
    configuration: Mapping[str, Any] = entry.get("deploymentConfiguration") or {}
    breaker = configuration.get("deploymentCircuitBreaker") or {}
    if configuration.get("strategy", "ROLLING") == "ROLLING" and not breaker.get("enable"):
        yield Missing(
            f"the circuit breaker of {name} is off: ECS starts tasks that fail again and again, until DEPLOY_TIMEOUT",
            "it is left as it is",
            needed=False,
        )
    if process == WEB and not entry.get("desiredCount"):
        yield Missing(f"{name} is scaled to 0: a deploy starts no task, and verifies none", needed=False)


def logging(environment: Environment, of: Definition, names: list[str], groups: dict[str, None]) -> Iterator[Missing]:
    """The log groups of the containers, and those of which no log can be read."""
    for each in names:
        found: Mapping[str, Any] = of.containers[each].get("logConfiguration") or {}
        options: Mapping[str, str] = found.get("options") or {}
        if environment.log_group and not found:
            groups[environment.log_group] = None
        elif found.get("logDriver") != "awslogs":
            driver = found.get("logDriver") or "no log driver"
            yield Missing(f"{each} of {of.name} has {driver}: logs.tail and LOG_DENY read only awslogs", needed=False)
        elif options.get("awslogs-create-group") != "true":
            groups[environment.log_group or options.get("awslogs-group", "")] = None


def unlogged(clients: Clients, environment: Environment, groups: list[str]) -> Iterator[Missing]:
    """Log groups that are not there: a task that logs to one does not start."""

    def there(name: str) -> bool:
        reply = clients.logs.describe_log_groups(logGroupNamePrefix=name)
        return any(each.get("logGroupName") == name for each in reply.get("logGroups") or ())

    for name, found in zip(groups, side_by_side(there, groups), strict=True):
        if not found:
            mend = f"aws logs create-log-group --log-group-name={name} --region={environment.region}"
            yield Missing(f"there is no log group {name}", mend)
