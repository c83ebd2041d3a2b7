"""A service as ECS describes it: an API with a log router beside it, on Fargate."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tasks import environment
from tasks.environment.settings import Environment
from tasks.target import Release
from tasks.target.ecs import definition
from tasks.target.ecs.definition import Definition

REPOSITORY = "180703226577.dkr.ecr.eu-north-1.amazonaws.com/api"
OLD, NEW = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
FAMILY = "arn:aws:ecs:eu-north-1:180703226577:task-definition/api"
SECRET = "arn:aws:secretsmanager:eu-north-1:180703226577:secret:"
ACCEPTED = frozenset(
    [
        "family",
        "taskRoleArn",
        "executionRoleArn",
        "networkMode",
        "containerDefinitions",
        "volumes",
        "placementConstraints",
        "requiresCompatibilities",
        "cpu",
        "memory",
        "tags",
        "runtimePlatform",
    ]
)
RELEASE = Release(
    REPOSITORY, NEW, tag="v2", git_sha="c0ffee", by="alice@example.com", at="2026-11-22T05:05:00Z", note="a, b"
)
SETTINGS = f"TARGET=ecs\nSERVICE=api\nIMAGE={REPOSITORY}\nREGION=eu-north-1\nCLUSTER=c\n"

API: dict[str, Any] = {
    "name": "api",
    "image": f"{REPOSITORY}@{OLD}",
    "cpu": 0,
    "essential": True,
    "portMappings": [{"containerPort": 8000, "hostPort": 8000, "protocol": "tcp"}],
    "environment": [
        {"name": "MODE", "value": "fast"},
        {"name": "DB_PASSWORD", "value": "hunter2"},
        {"name": "EMPTY", "value": ""},
    ],
    "secrets": [{"name": "TOKEN", "valueFrom": f"{SECRET}token-AbCdEf"}],
    "mountPoints": [],
    "volumesFrom": [],
    "systemControls": [],
    "healthCheck": {"command": ["CMD-SHELL", "curl -f localhost"], "interval": 10, "timeout": 5, "retries": 3},
    "logConfiguration": {
        "logDriver": "awslogs",
        "options": {"awslogs-group": "/ecs/api", "awslogs-region": "eu-north-1", "awslogs-stream-prefix": "ecs"},
    },
}
ROUTER: dict[str, Any] = {
    "name": "router",
    "image": "public.ecr.aws/aws-observability/aws-for-fluent-bit:stable",
    "cpu": 64,
    "memoryReservation": 50,
    "essential": False,
    "environment": [],
    "firelensConfiguration": {"type": "fluentbit"},
    "user": None,
}
DESCRIBED: dict[str, Any] = {
    "taskDefinitionArn": f"{FAMILY}:42",
    "family": "api",
    "revision": 42,
    "status": "ACTIVE",
    "executionRoleArn": "arn:aws:iam::180703226577:role/ecsTaskExecutionRole",
    "taskRoleArn": None,
    "networkMode": "awsvpc",
    "requiresCompatibilities": ["FARGATE"],
    "compatibilities": ["EC2", "FARGATE"],
    "requiresAttributes": [{"name": "ecs.capability.task-eni"}],
    "cpu": "256",
    "memory": "512",
    "volumes": [],
    "placementConstraints": [],
    "containerDefinitions": [API, ROUTER],
    "registeredAt": datetime(2026, 11, 1, 12, tzinfo=UTC),
    "registeredBy": "arn:aws:sts::180703226577:assumed-role/deployer/bob",
}


def described(**changed: Any) -> dict[str, Any]:
    return {**copy.deepcopy(DESCRIBED), **changed}


def live(content: dict[str, Any] | None = None, tags: dict[str, str] | None = None) -> Definition:
    entries = [{"key": key, "value": value} for key, value in (tags or {}).items()]
    return definition.read({"taskDefinition": content or described(), "tags": entries})


def worker() -> Definition:
    content = described(taskDefinitionArn=f"{FAMILY}-worker:7", family="api-worker")
    only = {**content["containerDefinitions"][0], "name": "celery", "command": ["celery", "worker"]}
    del only["portMappings"], only["healthCheck"]
    return live({**content, "containerDefinitions": [only]})


def settings(root: Path, text: str = "") -> Environment:
    (root / "env").mkdir(exist_ok=True)
    (root / "env" / "prod.env").write_bytes((SETTINGS + text).encode())
    return environment.load(root, "prod")


def api(request: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = request["containerDefinitions"][0]
    return found
