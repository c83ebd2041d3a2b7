"""What a deploy would change on ECS, and what is refused before anything is: nothing here changes anything."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...errors import SettingError
from .. import Change, Release
from . import fields, ledger, strategy
from .definition import registrable, wanted
from .difference import difference

if TYPE_CHECKING:
    from ...environment.settings import Environment
    from .service import Look


def changes(
    environment: Environment,
    release: Release,
    look: Look,
    accepted: Collection[str],
    *,
    force: bool = False,
    workers: Sequence[tuple[Look, Sequence[str]]] = (),
    scaled: bool = False,
) -> list[Change]:
    """The differences between what runs and what is wanted: of the service, then of its workers, each with its command.

    `scaled` says that an autoscaling target owns the count, so that REPLICAS sets nothing. Raises SettingError for
    what ECS cannot honour, DockyardError for a task definition that this botocore cannot carry over.
    """
    main = look.definition
    found = []
    if force:
        found.append(Change("revision", main.name, "new (forced)"))
    found += of_service(environment, release, look, accepted)
    if not scaled:
        found += replicas(environment, look.raw)
    for worker, command in workers:
        name = worker.raw["serviceName"]
        found += [
            Change(f"{name} {each.what}", each.before, each.after)
            for each in of_service(environment, release, worker, accepted, command)
        ]
    if not ledger.value(main, "verified"):
        found.append(Change("verified", "no", "yes"))
    return found


def of_service(
    environment: Environment,
    release: Release,
    look: Look,
    accepted: Collection[str],
    command: Sequence[str] = (),
) -> Iterator[Change]:
    """The differences of one service, the worker's where it has a command."""
    request = wanted(look.definition, environment, release, accepted, command)
    found = difference(registrable(look.definition.content, accepted), request)
    if found:
        fields.refuse(look.definition)
        refuse_port(environment, look.raw, request)
    yield from found
    live = look.raw.get("deploymentConfiguration") or {}
    after = None if command else strategy.configuration(environment, live)
    if after is not None:
        strategy.refuse(environment, look.raw)
        yield Change("CANARY", strategy.described(live), strategy.described(after))


def replicas(environment: Environment, service: Mapping[str, Any]) -> Iterator[Change]:
    """REPLICAS where the settings name it and another count is asked of ECS. Raises SettingError for a daemon."""
    if "REPLICAS" not in environment.origins:
        return
    if service.get("schedulingStrategy") == "DAEMON":
        raise SettingError(
            f"{environment.origins['REPLICAS']}: {service['serviceName']} runs one task on each instance (DAEMON), "
            "so REPLICAS sets nothing; remove it."
        )
    count = service.get("desiredCount")
    if count != environment.replicas:
        yield Change("REPLICAS", str(count), str(environment.replicas))


def refuse_port(environment: Environment, service: Mapping[str, Any], request: Mapping[str, Any]) -> None:
    """Raise SettingError for a PORT that takes a container's port away from the service's load balancer."""
    if "PORT" not in environment.origins:
        return
    mapped = {
        (each["name"], mapping.get("containerPort"))
        for each in request["containerDefinitions"]
        for mapping in each.get("portMappings") or ()
    }
    for balancer in service.get("loadBalancers") or ():
        name, port = balancer.get("containerName"), balancer.get("containerPort")
        if name and (name, port) not in mapped:
            raise SettingError(
                f"{environment.origins['PORT']}: the load balancer of {service['serviceName']} sends requests to "
                f"port {port} of container {name}, not to PORT={environment.port}; write PORT={port}, or change the "
                "service first."
            )
