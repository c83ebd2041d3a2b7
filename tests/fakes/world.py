"""What ECS knows in one region, and the parts of an account beside it."""

from __future__ import annotations

import itertools
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .agenda import Agenda
from .errors import Refused
from .images import Repository, digest
from .knobs import Broken, Knobs
from .streams import Groups

Request = dict[str, Any]
Reply = dict[str, Any]

if TYPE_CHECKING:
    from .services import Service
    from .tasks import Task

numbers = itertools.count(1_000_000_000_000_000_001, 7_919_777_777)


@dataclass
class Ecs:
    """A region: clusters, definitions, services, tasks; repositories and log groups too, as tasks need them."""

    region: str
    knobs: Knobs
    clusters: dict[str, float] = field(default_factory=dict)
    definitions: dict[str, dict[int, dict[str, Any]]] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    targets: list[dict[str, Any]] = field(default_factory=list)
    repositories: dict[str, Repository] = field(default_factory=dict)
    groups: Groups = field(default_factory=Groups)
    agenda: Agenda = field(default_factory=Agenda)

    def now(self) -> float:
        """Seconds since the epoch, to the millisecond as AWS tells it."""
        return round(time.time() + self.knobs.ahead, 3)

    def arn(self, kind: str, service: str = "ecs") -> str:
        return f"arn:aws:{service}:{self.region}:{self.knobs.account}:{kind}"

    def cluster(self, request: dict[str, Any]) -> str:
        """The name of the cluster that a request is about."""
        name = str(request.get("cluster") or "default").rpartition("/")[2]
        if name not in self.clusters:
            raise Refused("ClusterNotFoundException", "Cluster not found.")
        return name

    def tag_list(self, arn: str) -> list[dict[str, str]]:
        return [{"key": key, "value": value} for key, value in self.tags.get(arn, {}).items()]

    def page(self, key: str, found: list[Any], request: dict[str, Any], most: int) -> dict[str, Any]:
        """A page of what was found, with a token where there is more."""
        start, size = int(request.get("nextToken") or 0), min(request.get("maxResults") or most, most)
        reply: dict[str, Any] = {key: found[start : start + size]}
        return reply | ({"nextToken": str(start + size)} if start + size < len(found) else {})

    def repository(self, image: str) -> Repository | None:
        """The repository that an image is of: one of this registry, or a mirrored one."""
        name = image.partition("@")[0]
        name = name.rpartition(":")[0] if ":" in name.rpartition("/")[2] else name
        for each in self.repositories.values():
            if name == (each.mirrors or f"{self.registry}/{each.name}"):
                return each
        return None

    @property
    def registry(self) -> str:
        """The address of this account's registry."""
        return f"{self.knobs.account}.dkr.ecr.{self.region}.amazonaws.com"

    def resolved(self, image: str) -> str:
        """The digest of an image, by its own, its repository, or made of its name."""
        name, _, pinned = image.partition("@")
        if pinned:
            return pinned
        repository = self.repository(image)
        reference = name.rpartition(":")[2] if ":" in name.rpartition("/")[2] else "latest"
        found = repository.find(reference) if repository else None
        return found.digest if found else digest(image)

    def child(self, image: str) -> str:
        """The digest of the image for linux/amd64 in an index, or the image's own."""
        top = self.resolved(image)
        repository = self.repository(image)
        manifest = repository.find(top) if repository else None
        for each in manifest.children if manifest else []:
            if each["platform"]["architecture"] == "amd64":
                return str(each["digest"])
        return top

    def fate(self, definition: dict[str, Any]) -> Broken | None:
        """By which rule the definition does not come up; a rule may name the digest behind a tag."""
        containers = [
            {**each, "image": f"{each['image']} {self.resolved(each['image'])}"}
            for each in definition["containerDefinitions"]
        ]
        return self.knobs.fate({**definition, "containerDefinitions": containers})


Operation = Callable[[Ecs, Request], Reply]


def number() -> str:
    """An id such as those of deployments and revisions, 19 digits."""
    return str(next(numbers))


def identity() -> str:
    """A random id."""
    return str(uuid.uuid4())
