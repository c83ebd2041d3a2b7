"""One container definition, with what the settings name and nothing else changed: pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...environment.units import size
from ...errors import SettingError

if TYPE_CHECKING:
    from ...environment.settings import Environment

Container = Mapping[str, Any]

STATIC = ("awsvpc", "host")  # network modes in which a host port is the container's, or is left out


def settled(container: Container, environment: Environment, image: str) -> dict[str, Any]:
    """The container with its image, variables and secrets, and with those of its limits that the settings name."""
    named = environment.origins
    found = {**container, "image": image, **variables(container, environment)}
    if "READ_ONLY" in named:
        found["readonlyRootFilesystem"] = environment.read_only
    if "TMPFS" in named:
        linux = container.get("linuxParameters") or {}
        found["linuxParameters"] = {**linux, "tmpfs": mounts(linux.get("tmpfs") or (), environment.tmpfs)}
    if "DRAIN_TIMEOUT" in named:
        found["stopTimeout"] = math.ceil(environment.drain_timeout)
    if "LOG_GROUP" in named:
        found["logConfiguration"] = logging(container, environment)
    return found


def serving(container: Container, environment: Environment, network: str) -> dict[str, Any]:
    """The service's own container, with PORT and HEALTH_COMMAND where the settings name them.

    PORT is its variable, too, as on every platform, unless ENV_PORT or SECRET_PORT says otherwise.
    """
    found = dict(container)
    if "PORT" in environment.origins:
        found["portMappings"] = ports(container, environment, network)
        if "PORT" not in environment.variables and "PORT" not in environment.secrets:
            values = {"PORT": str(environment.port)}
            found |= moved(found, values, {})
    if "HEALTH_COMMAND" in environment.origins:
        found["healthCheck"] = {
            **(container.get("healthCheck") or {}),
            "command": ["CMD", *environment.health_command],
        }
    return found


def variables(container: Container, environment: Environment) -> dict[str, Any]:
    """Variables and secrets; one that moves from the one to the other stays in neither twice."""
    return moved(container, environment.variables, environment.secrets)


def moved(container: Container, values: Mapping[str, str], secrets: Mapping[str, str]) -> dict[str, Any]:
    """`environment` and `secrets` with these values in place; a list that is empty and was not there stays away."""
    lists = {
        "environment": entries(container.get("environment") or (), values, "value", secrets),
        "secrets": entries(container.get("secrets") or (), secrets, "valueFrom", values),
    }
    return {key: found for key, found in lists.items() if found or key in container}


def entries(
    before: Sequence[Mapping[str, str]], values: Mapping[str, str], key: str, gone: Collection[str]
) -> list[Mapping[str, str]]:
    """Named entries with these values: in place where there is one, else at the end; without what is `gone`."""
    left, found = dict(values), list[Mapping[str, str]]()
    for entry in before:
        name = entry["name"]
        if name in left:
            found.append({**entry, key: left.pop(name)})
        elif name not in gone and name not in values:
            found.append(entry)
    return [*found, *({"name": name, key: value} for name, value in left.items())]


def mounts(before: Sequence[Mapping[str, Any]], wanted: Sequence[str]) -> list[dict[str, Any]]:
    """`/tmp:64Mi` as ECS has it, in MiB; the options of a mount that is there already are kept."""
    known = {each["containerPath"]: each for each in before}
    parts = [mount.partition(":") for mount in wanted]
    return [
        {**known.get(path, {}), "containerPath": path, "size": math.ceil(size(limit) / 1024**2)}
        for path, _, limit in parts
    ]


def ports(container: Container, environment: Environment, network: str) -> list[dict[str, Any]]:
    """The port mappings with PORT among them. Raises SettingError where it could replace one of several."""
    before: list[dict[str, Any]] = list(container.get("portMappings") or ())
    port = environment.port
    if any(each.get("containerPort") == port for each in before):
        return before
    if not before:
        return [{"containerPort": port, "protocol": "tcp"}]
    if len(before) > 1 or "containerPort" not in before[0]:
        listed = ", ".join(str(each.get("containerPort", each.get("containerPortRange"))) for each in before)
        raise SettingError(
            f"{environment.origins['PORT']}: PORT={port} is none of the ports of container {container['name']} "
            f"({listed}), and which of them it replaces cannot be told; write one of them, or map it yourself first."
        )
    host = {"hostPort": port} if before[0].get("hostPort") and network in STATIC else {}
    return [{**before[0], "containerPort": port, **host}]


def logging(container: Container, environment: Environment) -> dict[str, Any]:
    """The log configuration with LOG_GROUP; a whole new one where there is none. Raises SettingError."""
    before: Mapping[str, Any] = container.get("logConfiguration") or {}
    if not before:
        stream = {"awslogs-region": environment.region, "awslogs-stream-prefix": str(container["name"])}
        return {"logDriver": "awslogs", "options": {"awslogs-group": environment.log_group, **stream}}
    if before["logDriver"] != "awslogs":
        raise SettingError(
            f"{environment.origins['LOG_GROUP']}: container {container['name']} logs through {before['logDriver']}, "
            "which knows no LOG_GROUP; remove it, or give the container the driver awslogs."
        )
    return {**before, "options": {**(before.get("options") or {}), "awslogs-group": environment.log_group}}
