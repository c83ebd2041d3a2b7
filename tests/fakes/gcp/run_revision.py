"""A revision: what it was made of, whether it is ready, and who answers for it."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from .routing import Reply
from .run_operations import condition, etag, stamp

if TYPE_CHECKING:
    from .run_owner import Owner

TEMPLATE_ONLY = ("revision",)


class Revision:
    """A revision of a service or a worker pool. `state` is pending, ready or failed."""

    def __init__(self, owner: Owner, name: str, template: dict[str, Any], at: float) -> None:
        self.owner, self.name, self.template, self.at = owner, name, template, at
        self.uid, self.etag = str(uuid.uuid4()), etag(name)
        self.generation = owner.generation
        self.state, self.told = "pending", dict[str, str]()
        self.settled_at = at
        self.container: Any = None  # what runs on the local engine

    @property
    def full(self) -> str:
        """Its resource name."""
        return f"{self.owner.full}/revisions/{self.name}"

    @property
    def image(self) -> str:
        return str(self.template["containers"][0]["image"])

    @property
    def port(self) -> int:
        ports = [each["ports"][0]["containerPort"] for each in self.template["containers"] if each.get("ports")]
        return int(ports[0]) if ports else 8080

    def ready(self, at: float) -> None:
        """It is up."""
        self._settle("ready", at, {})

    def failed(self, at: float, told: dict[str, str]) -> None:
        """It does not come up, and a condition says why."""
        self._settle("failed", at, told)

    def _settle(self, state: str, at: float, told: dict[str, str]) -> None:
        if self.state == "pending":
            self.state, self.told, self.settled_at = state, told, at
            self.owner.settle(at)

    def conditions(self) -> list[dict[str, Any]]:
        """Ready first."""
        at = self.settled_at
        if self.state == "pending":
            return [condition("Ready", "RECONCILING", at, message="Deploying Revision.")]
        if self.state == "failed":
            healthy = self.told.get("revisionReason") != "HEALTH_CHECK_CONTAINER_ERROR"
            resources = condition("ResourcesAvailable", "FAILED", at, **self.told)
            return [
                condition("Ready", "FAILED", at, **self.told),
                resources if healthy else condition("ContainerHealthy", "FAILED", at, **self.told),
            ]
        return [condition(kind, "SUCCEEDED", at) for kind in ("Ready", "ContainerHealthy", "ResourcesAvailable")]

    def document(self) -> dict[str, Any]:
        pending = self.state == "pending"
        given = {key: value for key, value in self.template.items() if key not in TEMPLATE_ONLY}
        digests = [
            {"name": each.get("name", ""), "imageDigest": each["image"]}
            for each in self.template["containers"]
            if "@sha256:" in each["image"]
        ]
        return {
            **given,
            "name": self.full,
            "uid": self.uid,
            "generation": str(self.generation),
            "createTime": stamp(self.at),
            "updateTime": stamp(self.settled_at),
            "launchStage": "GA",
            self.owner.PARENT: self.owner.name,
            "reconciling": pending,
            "conditions": self.conditions(),
            "observedGeneration": str(0 if pending else self.generation),
            "containerStatuses": digests,
            "logUri": f"https://console.cloud.google.com/logs/viewer?project={self.owner.run.cloud.project}",
            "etag": self.etag,
            "creator": self.owner.last_modifier,
        }

    # who answers

    def answer(self, verb: str, target: str, headers: dict[str, str], body: bytes) -> Reply:
        """Answer a request: the container does, or else a knob, or a line that names the revision."""
        run = self.owner.run
        if self.container is not None:
            reply: Reply = self.container.answer(verb, target, headers, body)
            return reply
        return run.respond_for(self, verb, target)

    def described(self, target: str) -> bytes:
        """What a revision without a container answers."""
        said = {"service": self.owner.name, "revision": self.name, "image": self.image, "path": target}
        return json.dumps(said).encode()
