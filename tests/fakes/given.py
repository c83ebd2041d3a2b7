"""What a service has unless a test says otherwise: two containers, and a network."""

from __future__ import annotations

from typing import Any

from .world import Ecs


def containers(name: str, image: str, main: str, state: Ecs) -> list[dict[str, Any]]:
    """A main container with variables, a secret and a log group, and a sidecar that is not to be touched."""
    logs: dict[str, Any] = {
        "logDriver": "awslogs",
        "options": {
            "awslogs-group": f"/ecs/{name}",
            "awslogs-region": state.region,
            "awslogs-stream-prefix": "ecs",
        },
    }
    secret = f"{state.arn('secret', 'secretsmanager')}:{name}/database-AbCdEf"
    return [
        {
            "name": main,
            "image": image,
            "essential": True,
            "portMappings": [{"containerPort": 8080}],
            "environment": [{"name": "LOG_LEVEL", "value": "info"}, {"name": "REGION", "value": state.region}],
            "secrets": [{"name": "DATABASE_URL", "valueFrom": secret}],
            "logConfiguration": logs,
        },
        {
            "name": "otel",
            "image": "public.ecr.aws/aws-observability/aws-otel-collector:v0.43.1",
            "essential": False,
            "command": ["--config=/etc/ecs/ecs-default-config.yaml"],
            "logConfiguration": {**logs, "options": {**logs["options"], "awslogs-stream-prefix": "otel"}},
        },
    ]


def network() -> dict[str, Any]:
    """Where its tasks are put."""
    return {
        "awsvpcConfiguration": {
            "subnets": ["subnet-0a1b2c3d", "subnet-4e5f6a7b"],
            "securityGroups": ["sg-0a1b2c3d"],
            "assignPublicIp": "DISABLED",
        }
    }
