"""Images on the target's engine: pulled by digest, and which digest a container really runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import docker
from docker.errors import APIError, ImageNotFound, NotFound

from ...errors import DockyardError
from ...say import say
from .. import Instance, Release
from . import restarts
from .faults import explanation, sentence
from .inventory import Box


def pull(client: docker.DockerClient, release: Release, address: str) -> None:
    """Have the engine hold the release's image, by digest. Raises DockyardError."""
    api: Any = client.api
    try:
        api.inspect_image(release.reference)
        return
    except ImageNotFound:
        say(f"Pulling {release.image} {release.tag or ''} {release.digest[:19]}")
    try:
        for step in client.api.pull(release.image, tag=release.digest, stream=True, decode=True):
            if "error" in step:
                raise DockyardError(refused(release, address, step["error"]))
    except APIError as error:
        raise DockyardError(refused(release, address, explanation(error))) from error


def refused(release: Release, address: str, said: str) -> str:
    """The sentence for an image that the engine could not get."""
    known = sentence(said)
    if not known.startswith("The Docker engine said"):
        return known
    if "unauthorized" in said or "denied" in said or "no basic auth" in said:
        return (
            f"The registry refuses {release.reference} to this user: type `docker login {release.image.split('/')[0]}`."
        )
    if "not found" in said or "manifest unknown" in said:
        return f"The registry has no {release.reference} any more: build and push it anew, or pin another release."
    return (
        f"The engine at {address} could not pull {release.reference}: {said.strip()}; "
        "see that its host reaches the registry."
    )


def instances(client: docker.DockerClient, boxes: Sequence[Box]) -> tuple[Instance, ...]:
    """Containers as the platform tells of them, with what is wrong with each."""
    with ThreadPoolExecutor(1) as beside:
        asked = beside.submit(restarts.details, client, boxes)
        known, details = digests(client, boxes), asked.result()
    return tuple(
        Instance(box.name, box.revision, box.process, box.state, known[box.name], detail)
        for box, detail in zip(boxes, details, strict=True)
    )


def digests(client: docker.DockerClient, boxes: Iterable[Box]) -> Mapping[str, str]:
    """The digest that each container really runs, by container name: from its image, not from its label.

    "" where the image has no digest of the release's repository, or is gone.
    """
    boxes = list(boxes)
    ids = sorted({box.image_id for box in boxes})
    with ThreadPoolExecutor(8) as side_by_side:
        known = dict(zip(ids, side_by_side.map(lambda each: repo_digests(client, each), ids), strict=True))
    return {box.name: running(box, known[box.image_id]) for box in boxes}


def repo_digests(client: docker.DockerClient, image_id: str) -> list[str]:
    """`repository@sha256:…` of an image, one for each registry that it came from or went to."""
    api: Any = client.api
    try:
        return list(api.inspect_image(image_id).get("RepoDigests") or ())
    except NotFound:
        return []


def running(box: Box, known: list[str]) -> str:
    """The digest among an image's that belongs to the container's repository, the one of its label first."""
    image, wanted = box.labels.get("dockyard.image", ""), box.labels.get("dockyard.digest", "")
    mine = [digest for name, _, digest in (each.partition("@") for each in known) if name == image]
    return wanted if wanted in mine else next(iter(mine), "")
