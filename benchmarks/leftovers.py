"""What a benchmark leaves on the engine and in the registry, found by its own name and taken away."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import docker
from docker.errors import ImageNotFound

from tasks.image.registry import Registry
from tasks.target.docker.names import LABEL

TITLE = "org.opencontainers.image.title"


def service(engine: docker.DockerClient, name: str, label: str = LABEL) -> None:
    """Remove the containers, volumes and networks that a label gives to a service."""
    mine: dict[str, str | list[str] | bool] = {"label": f"{label}={name}"}
    for container in engine.containers.list(all=True, filters=mine, ignore_removed=True):
        container.remove(force=True, v=True)
    for volume in engine.volumes.list(filters=mine):
        volume.remove(force=True)
    for network in engine.networks.list(filters=mine):
        network.remove()


def images(engine: docker.DockerClient, repository: str, title: str) -> None:
    """Remove a repository's images from the engine, by name and never by id, and those without a name by title."""
    for found in engine.images.list(name=repository):
        names = [*found.tags, *(found.attrs.get("RepoDigests") or [])]
        for name in names:
            if name.startswith((f"{repository}:", f"{repository}@")):
                image(engine, name)
    for found in engine.images.list(filters={"label": f"{TITLE}={title}", "dangling": True}):
        image(engine, str(found.id))


def image(engine: docker.DockerClient, name: str) -> None:
    """Remove one name of an image from the engine, and the image with its last name."""
    with suppress(ImageNotFound):
        engine.images.remove(name)


def manifests(repository: str) -> None:
    """Delete a repository's manifests from the registry; its own garbage collection frees the blobs."""
    registry = Registry(repository)
    for digest in {registry.digest(tag) for tag in registry.tags()} - {""}:
        registry.session.send("DELETE", f"{registry.repository.url}/manifests/{digest}")


def cached(engine: docker.DockerClient) -> dict[str, Mapping[str, Any]]:
    """BuildKit's cache on the engine, by id."""
    return {str(each["ID"]): each for each in engine.df().get("BuildCache") or []}


def cache(engine: docker.DockerClient, before: Mapping[str, object], *, text: str, size: int) -> None:
    """Remove what the build cache has since: layers whose step names `text`, and copies of a context of `size` bytes.

    BuildKit does not tell whose context a copy is, so it is known by its size, or more.
    """
    for name, record in cached(engine).items():
        copy = record.get("Type") == "source.local" and int(record.get("Size") or 0) >= size
        if name not in before and (copy or text in str(record.get("Description"))):
            engine.api.prune_builds(filters={"id": [name]}, all=True)  # type: ignore[arg-type]  # the stubs lack `id`
