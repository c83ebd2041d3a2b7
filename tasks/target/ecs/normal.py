"""The normal form of a task definition: two that ECS treats alike are equal in it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

Path = tuple[str, ...]
Form = dict[str, Any]

# Lists whose order says nothing, and what names an entry.
NAMED: Mapping[str, tuple[str, ...]] = {
    "containerDefinitions": ("name",),
    "environment": ("name",),
    "secrets": ("name",),
    "secretOptions": ("name",),
    "properties": ("name",),
    "portMappings": ("containerPort", "containerPortRange", "protocol"),
    "mountPoints": ("containerPath",),
    "volumesFrom": ("sourceContainer",),
    "volumes": ("name",),
    "dependsOn": ("containerName",),
    "ulimits": ("name",),
    "systemControls": ("namespace",),
    "resourceRequirements": ("type",),
    "devices": ("hostPath", "containerPath"),
    "tmpfs": ("containerPath",),
    "inferenceAccelerators": ("deviceName",),
    "placementConstraints": ("type", "expression"),
    "requiresCompatibilities": (),
    "add": (),
    "drop": (),
    "permissions": (),
}

# What ECS fills in, or takes a missing member for, by the field whose structures have it ("" is the task definition).
DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "": {"networkMode": "bridge", "enableFaultInjection": False},
    "containerDefinitions": {
        "cpu": 0,
        "essential": True,
        "readonlyRootFilesystem": False,
        "privileged": False,
        "interactive": False,
        "pseudoTerminal": False,
        "disableNetworking": False,
        "versionConsistency": "enabled",
    },
    "healthCheck": {"interval": 30, "timeout": 5, "retries": 3, "startPeriod": 0},
    "linuxParameters": {"initProcessEnabled": False},
    "mountPoints": {"readOnly": False},
    "volumesFrom": {"readOnly": False},
    "portMappings": {"protocol": "tcp", "hostPort": 0},
    "efsVolumeConfiguration": {"rootDirectory": "/", "transitEncryption": "DISABLED"},
}


def normal(content: Mapping[str, Any]) -> Form:
    """A task definition, described or requested, without nulls, empties and defaults, its lists by name."""
    static = content.get("networkMode") in ("awsvpc", "host")
    return structure(content, "", static) or {}


def structure(value: Mapping[str, Any], field: str, static: bool) -> Form:
    """The members that say something; `static` host ports are the container's own."""
    defaults = DEFAULTS.get(field, {})
    if field == "portMappings" and static:
        defaults = {**defaults, "hostPort": value.get("containerPort")}
    said = {name: each for name, each in value.items() if name not in defaults or not same(each, defaults[name])}
    forms = {name: form(each, name, static) for name, each in said.items()}
    return {name: each for name, each in forms.items() if each is not None and each not in ([], {})}


def same(value: Any, default: Any) -> bool:
    """Whether a value is a default, which for a host port of nothing (0) is always one."""
    return bool(value == default) or value is None


def form(value: Any, field: str, static: bool) -> Any:
    """A member's normal form."""
    if isinstance(value, Mapping):
        return structure(value, field, static)
    if not isinstance(value, list | tuple):
        return value
    each = [form(one, field, static) for one in value if one is not None]
    return by_name(each, NAMED[field]) if field in NAMED else each


def by_name(forms: list[Any], keys: tuple[str, ...]) -> Form:
    """Entries by what names them, without it; a name that comes again is numbered, a name alone is true."""
    found: Form = {}
    for each in forms:
        parts = [str(each[key]) for key in keys if key in each] if isinstance(each, Mapping) else [str(each)]
        name, count = " ".join(parts), 1
        while name in found:
            count += 1
            name = f"{' '.join(parts)} #{count}"
        rest = {key: value for key, value in each.items() if key not in keys} if isinstance(each, Mapping) else {}
        found[name] = rest or True
    return found


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value of a normal form with its path; a list whose order counts is one value."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from leaves(each, (*path, name))
    else:
        yield path, value


def flat(content: Mapping[str, Any]) -> dict[Path, Any]:
    """The leaves of a task definition's normal form."""
    return dict(leaves(normal(content)))


def canonical(content: Mapping[str, Any]) -> str:
    """One line of JSON that is the same for two task definitions that ECS treats alike."""
    return json.dumps(normal(content), sort_keys=True, default=str, separators=(",", ":"))
