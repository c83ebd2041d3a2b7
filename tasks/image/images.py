"""The images that the engine has, of one repository."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import docker
import requests
from docker.errors import DockerException, ImageNotFound

from ..errors import DockyardError
from .recipe import CREATED
from .reference import parse

NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Stored:
    """An image of the engine. `tags` and `digests` are those of the repository, `size` is in bytes, uncompressed."""

    id: str
    platform: str
    size: int
    tags: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    at: datetime = NEVER  # when it was tagged last, else made
    created: datetime = NEVER  # when it was built


class Images:
    """One repository's images on an engine."""

    def __init__(self, client: docker.DockerClient, image: str) -> None:
        self.client = client
        self.name = parse(image).familiar

    def find(self, reference: str) -> Stored | None:
        """The image of an id, a tag (`:v1`) of the repository or any other name; None if the engine has it not."""
        reference = f"{self.name}{reference}" if reference.startswith(":") else reference
        try:
            with speaking(f"look at {reference}"):
                found: dict[str, Any] = self.client.images.get(reference).attrs
        except ImageNotFound:
            return None
        return stored(found, self.name)

    def tags(self) -> dict[str, str]:
        """Every tag of the repository, with the id that it names."""
        with speaking("list images"):
            found: list[dict[str, Any]] = self.client.api.images(self.name)
        return {tag: each["Id"] for each in found for tag in own(each.get("RepoTags"), f"{self.name}:")}

    def labelled(self, labels: Mapping[str, str]) -> list[Stored]:
        """The images with all these labels, in whichever repository, the newest first."""
        with speaking("list images"):
            found = self.client.api.images(filters={"label": [f"{name}={value}" for name, value in labels.items()]})
        images = (self.find(each["Id"]) for each in found)
        return sorted((each for each in images if each), key=lambda each: each.at, reverse=True)

    def tag(self, image_id: str, tag: str) -> None:
        """Name an image."""
        with speaking(f"tag {self.name}:{tag}"):
            self.client.api.tag(image_id, self.name, tag)


def stored(found: Mapping[str, Any], name: str) -> Stored:
    """An image out of what the engine's inspection says."""
    platform = [found.get("Os", ""), found.get("Architecture", ""), found.get("Variant", "")]
    labels: Mapping[str, str] = (found.get("Config") or {}).get("Labels") or {}
    built = made(found.get("Created", ""), labels)
    return Stored(
        id=found["Id"],
        platform="/".join(part for part in platform if part),
        size=int(found.get("Size", 0)),
        tags=own(found.get("RepoTags"), f"{name}:"),
        digests=own(found.get("RepoDigests"), f"{name}@"),
        labels=labels,
        at=max(built, moment((found.get("Metadata") or {}).get("LastTagTime", ""))),
        created=built,
    )


def own(names: list[str] | None, prefix: str) -> tuple[str, ...]:
    """The tags or digests out of names that start with a repository's."""
    return tuple(name.removeprefix(prefix) for name in names or () if name.startswith(prefix))


def moment(text: str) -> datetime:
    """The engine's time, whatever zone it is in."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return NEVER
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def made(created: str, labels: Mapping[str, str]) -> datetime:
    """When an image was built, as its config says; of a reproducible one, which says 1980, when that was committed."""
    return max(moment(created), moment(labels.get(CREATED, "")))


def of_config(config: Mapping[str, Any]) -> datetime:
    """The same out of a registry's config."""
    return made(str(config.get("created", "")), (config.get("config") or {}).get("Labels") or {})


def utc(at: datetime) -> str:
    """A time in UTC, ISO 8601 with seconds; "" for none."""
    return "" if at == NEVER else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@contextmanager
def speaking(what: str) -> Iterator[None]:
    """Turn the SDK's exceptions into sentences, except ImageNotFound, which is an answer."""
    try:
        yield
    except ImageNotFound:
        raise
    except (DockerException, requests.RequestException) as error:
        why = getattr(error, "explanation", None) or error
        raise DockyardError(f"The Docker engine could not {what}: {why}; `inv doctor` looks into it.") from None
