"""Another task definition of a service, by the real client."""

from __future__ import annotations

from typing import Any

from .cloud import Cloud
from .images import digest


def registered(cloud: Cloud, word: str, family: str = "web") -> str:
    """The ARN of the family's newest definition again, with the digest of `word` as its image's."""
    ecs = cloud.client("ecs")
    found = ecs.describe_task_definition(taskDefinition=family)["taskDefinition"]
    known = ecs.meta.service_model.operation_model("RegisterTaskDefinition").input_shape.members
    request = {key: value for key, value in found.items() if key in known}
    main = request["containerDefinitions"][0]
    main["image"] = f"{main['image'].partition('@')[0]}@{digest(word)}"
    return str(ecs.register_task_definition(**request)["taskDefinition"]["taskDefinitionArn"])


def update(cloud: Cloud, definition: str, service: str = "web", **more: Any) -> dict[str, Any]:
    """UpdateService's reply."""
    ecs = cloud.client("ecs")
    reply: dict[str, Any] = ecs.update_service(cluster="c", service=service, taskDefinition=definition, **more)[
        "service"
    ]
    return reply
