"""What a test leaves on the engine and in the registry, taken away."""

from __future__ import annotations

import docker

from tasks.image.registry import Registry


def empty(engine: docker.DockerClient, repository: str, service: str = "") -> None:
    """Remove a repository's images, and those without a tag that were built for a service: children first."""
    found = engine.images.list(name=repository)
    if service:
        found += engine.images.list(filters={"label": f"org.opencontainers.image.title={service}"})
    images = {str(image.id): image.attrs["Created"] for image in found}
    for image_id in sorted(images, key=images.__getitem__, reverse=True):
        engine.images.remove(image_id, force=True)
    registry = Registry(repository)
    for digest in {registry.digest(tag) for tag in registry.tags()} - {""}:
        registry.session.send("DELETE", f"{registry.repository.url}/manifests/{digest}")
