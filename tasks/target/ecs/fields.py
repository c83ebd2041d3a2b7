"""Which fields botocore's model of ECS can carry: what it does not know it drops, and a registration would lose it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ...errors import DockyardError

if TYPE_CHECKING:
    from .definition import Definition


def accepted(client: Any) -> frozenset[str]:
    """What RegisterTaskDefinition takes, by the model of this client: the reply's own fields are not among it."""
    return frozenset(client.meta.service_model.operation_model("RegisterTaskDefinition").input_shape.members)


def watch(client: Any, found: list[str]) -> None:
    """Note in `found` whatever DescribeTaskDefinition replies and this client's model would drop.

    Each note is the ARN of the task definition and a path in it: `arn:…:42 containerDefinitions[0].newField`.
    """

    def note(*, operation_model: Any, response_dict: Any, **_: Any) -> None:
        body = body_of(response_dict)
        shape = operation_model.output_shape.members["taskDefinition"]
        definition = body.get("taskDefinition") or {}
        found.extend(f"{definition.get('taskDefinitionArn', '')} {path}" for path in unknown(shape, definition))

    client.meta.events.register("before-parse.ecs.DescribeTaskDefinition", note)


def body_of(response_dict: Any) -> dict[str, Any]:
    """The body of a good reply as JSON; nothing of one that is none."""
    if response_dict["status_code"] >= 300:
        return {}
    try:
        body = json.loads(response_dict["body"])
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def unknown(shape: Any, value: Any, path: str = "") -> Iterator[str]:
    """The paths that a shape does not know, through structures, lists and maps. What is empty is nothing to lose."""
    if shape.type_name == "structure" and isinstance(value, dict) and not getattr(shape, "is_document_type", False):
        known = {member.serialization.get("name", name): member for name, member in shape.members.items()}
        for name, each in value.items():
            here = f"{path}.{name}" if path else name
            if name in known:
                yield from unknown(known[name], each, here)
            elif each not in (None, [], {}):
                yield here
    elif shape.type_name == "list" and isinstance(value, list):
        for index, each in enumerate(value):
            yield from unknown(shape.member, each, f"{path}[{index}]")
    elif shape.type_name == "map" and isinstance(value, dict):
        for name, each in value.items():
            yield from unknown(shape.value, each, f"{path}.{name}")


def refuse(definition: Definition) -> None:
    """Raise DockyardError for a task definition of which a registration would lose something."""
    if definition.unknown:
        raise DockyardError(
            f"{definition.name} has {', '.join(definition.unknown)}, which the installed botocore does not know and "
            "a new revision would lose: pip install --upgrade botocore, then type the same command again."
        )
