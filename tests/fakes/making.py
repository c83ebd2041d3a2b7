"""What there is in an account: clusters, services, repositories with images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import definitions, ecs, images
from .account import Account
from .given import containers, network
from .images import Repository
from .services import Service


class Made(Account):
    """An account that a test fills without a call being logged."""

    def cluster(self, name: str = "c") -> str:
        """A cluster's ARN, made if it is missing."""
        return str(ecs.create_cluster(self.region(), {"clusterName": name})["cluster"]["clusterArn"])

    def service(
        self,
        name: str = "web",
        image: str = "",
        cluster: str = "c",
        family: str = "",
        desired: int = 1,
        strategy: str = "ROLLING",
        circuit_breaker: tuple[bool, bool] = (True, True),
        controller: str = "ECS",
        load_balancer: bool | None = None,
        tags: dict[str, str] | None = None,
        definition: dict[str, Any] | None = None,
        **more: Any,
    ) -> str:
        """A service that runs, with its task definition; its ARN.

        `containers` are the definition's, else a main one (`container`, with `image`) and a sidecar; `definition` are
        more of its fields, `tags` its tags, all else of `more` are fields of CreateService.
        """
        state = self.region()
        self.cluster(cluster)
        image = image or f"{state.registry}/{name}@{images.digest('v1')}"
        listed = more.pop("containers", None) or containers(name, image, more.pop("container", "app"), state)
        registered = definitions.register(
            state,
            {
                "family": family or name,
                "containerDefinitions": listed,
                "networkMode": "awsvpc",
                "requiresCompatibilities": ["FARGATE"],
                "cpu": "256",
                "memory": "512",
                "executionRoleArn": f"arn:aws:iam::{self.knobs.account}:role/execution",
                "taskRoleArn": f"arn:aws:iam::{self.knobs.account}:role/task",
                **(definition or {}),
                "tags": [{"key": key, "value": value} for key, value in (tags or {}).items()],
            },
        )
        enable, rollback = circuit_breaker
        balanced = strategy in ("LINEAR", "CANARY", "BLUE_GREEN") if load_balancer is None else load_balancer
        group = state.arn(f"targetgroup/{name}/50dc6c495c0c9188", "elasticloadbalancing")
        target = {"targetGroupArn": group, "containerName": listed[0]["name"], "containerPort": 8080}
        request = {
            "cluster": cluster,
            "serviceName": name,
            "taskDefinition": registered["taskDefinition"]["taskDefinitionArn"],
            "desiredCount": desired,
            "launchType": "FARGATE",
            "platformVersion": "LATEST",
            "networkConfiguration": network(),
            "loadBalancers": [target] if balanced else [],
            "deploymentController": {"type": controller},
            "deploymentConfiguration": {
                "strategy": strategy,
                "deploymentCircuitBreaker": {"enable": enable, "rollback": rollback},
            },
            **more,
        }
        with self._lock:
            seconds, self.knobs.rollout = self.knobs.rollout, 0.0
            arn = str(ecs.create_service(state, request)["service"]["serviceArn"])
            state.agenda.catch_up(state.now())
            self.knobs.rollout = seconds
        return arn

    def task_definition(self, name: str) -> dict[str, Any]:
        """A task definition (`family:N` or the family's newest) as it is kept."""
        found = definitions.find(self.region(), name)
        assert found is not None, name
        return found

    def running(self, name: str, cluster: str = "c") -> dict[str, Any]:
        """A service as DescribeServices has it, without a call."""
        with self._lock:
            self.region().agenda.catch_up(self.region().now())
            return ecs.shown(self._service(name, cluster))

    def _service(self, name: str, cluster: str = "c") -> Service:
        return self.region().services[f"{cluster}/{name}"]

    def repository(self, name: str, *, immutable: bool = False) -> str:
        """A repository's address, made if it is missing."""
        state = self.region()
        state.repositories.setdefault(name, Repository(name)).immutable = immutable
        return state.repositories[name].mirrors or f"{state.registry}/{name}"

    def mirror(self, name: str, address: str, *, immutable: bool = False) -> None:
        """Let a repository be that of a registry on loopback, `HOST:PORT/REPOSITORY`."""
        self.region().repositories[name] = Repository(name, mirrors=address, immutable=immutable)

    def image(
        self, name: str, tag: str, word: str = "", *, index: bool = True, pushed: float | None = None,
        findings: dict[str, int] | None = None, platforms: Sequence[str] = ("linux/amd64",),
    ) -> str:  # fmt: skip
        """Push an image whose content is `word` (else the tag); its digest."""
        self.repository(name)
        repository = self.region().repositories[name]
        made = images.made(word or tag, tuple(platforms), index=index)
        for each in made:
            repository.manifests[each.digest] = each
            repository.pushed[each.digest] = pushed if pushed is not None else self.region().now()
        repository.tagged[tag] = made[0].digest
        if findings is not None:
            repository.findings[made[0].digest] = findings
        return made[0].digest

    def pushed_at(self, name: str, digest: str, when: float) -> None:
        """When an image of a mirrored repository was pushed, which a registry does not say."""
        self.region().repositories[name].said[digest] = when
