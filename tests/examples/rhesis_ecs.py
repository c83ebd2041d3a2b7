"""The rhesis example on ECS: its two services on the AWS fake, and containers made of their task definitions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import docker
import httpx
from docker.models.containers import Container

from tests.conftest import Dockyard, Result
from tests.examples.conftest import Example
from tests.examples.rhesis import Services, until
from tests.fakes.cloud import Cloud
from tests.fakes.knobs import Output

ACCOUNT, REGION = "123456789012", "us-east-1"
CLUSTER, SERVICE, FAMILY, NAME = "rhesis", "rhesis-backend", "rhesis-backend", "backend"
WORKER = f"{SERVICE}-worker"
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:rhesis"
ARNS = {
    "SQLALCHEMY_DATABASE_URL": f"{SECRET}/database-url-Qm3rT7",
    "AUTH0_CLIENT_SECRET": f"{SECRET}/auth0-client-secret-Wn8xB2",
    "AUTH0_SECRET_KEY": f"{SECRET}/auth0-secret-key-Hc5vK9",
    "BROKER_URL": f"{SECRET}/broker-url-Jd4pL6",
    "CELERY_RESULT_BACKEND": f"{SECRET}/celery-result-backend-Yg2sM1",
}
VARIABLES = {
    "LOG_LEVEL": "info",
    "FRONTEND_URL": "https://app.rhesis.ai",
    "AUTH0_DOMAIN": "rhesis.eu.auth0.com",
    "AUTH0_AUDIENCE": "https://api.rhesis.ai",
    "AUTH0_CLIENT_ID": "rhesis-backend",
}


@dataclass
class Ecs:
    """The example, its two services on the fake, and containers made of their task definitions."""

    example: Example
    cloud: Cloud
    dockyard: Dockyard
    engine: docker.DockerClient
    services: Services
    started: list[Container]
    image: str
    port: int

    def inv(self, line: str, code: int = 0) -> Result:
        """A verb in production, which must end with this code."""
        ran = self.dockyard(f"{line} --env=ecs --json", self.example.root)
        assert ran.code == code, f"inv {line} ended with {ran.code}: {ran.out}{ran.err}"
        return ran

    def ask(self, method: str, path: str, **given: Any) -> httpx.Response:
        """What users get."""
        return httpx.request(method, f"http://127.0.0.1:{self.port}{path}", trust_env=False, **given)

    def live(self, name: str = SERVICE) -> dict[str, Any]:
        """The container of what a service runs."""
        family = self.cloud.running(name, CLUSTER)["taskDefinition"].rpartition("/")[2]
        return self.container(family)

    def container(self, family: str) -> dict[str, Any]:
        """The container of a task definition."""
        (found,) = self.cloud.task_definition(family)["containerDefinitions"]
        return dict(found)

    def run(self, container: dict[str, Any], command: list[str], **more: Any) -> Container:
        """Start a container as its definition says, with the values of its secrets."""
        values = {value: self.services.secrets[name] for name, value in ARNS.items()}
        environment = {each["name"]: each["value"] for each in container["environment"]}
        environment |= {each["name"]: values[each["valueFrom"]] for each in container["secrets"]}
        self.engine.images.pull(container["image"])
        made = self.engine.containers.create(container["image"], command or None, environment=environment, **more)
        self.started.append(made)
        made.start()
        return made

    def task(self, container: dict[str, Any], command: list[str]) -> Output:
        """Run a one-off task's command to its end."""
        made = self.run(container, command)
        code = int(made.wait()["StatusCode"])
        return Output(tuple(made.logs().decode().splitlines()), code)

    def serve(self, container: dict[str, Any]) -> None:
        """Let a task definition's API answer at URL, as ECS would behind a load balancer."""
        self.run(container, [], ports={"8000/tcp": ("127.0.0.1", self.port)})
        until(self.answers, lambda found: found)

    def answers(self) -> bool:
        """Whether it answers."""
        try:
            return self.ask("GET", "/health").is_success
        except httpx.TransportError:
            return False
