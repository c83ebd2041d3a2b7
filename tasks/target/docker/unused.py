"""Images on the target's engine that nothing uses: those of IMAGE's repository, and edges of other versions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import docker
from docker.errors import APIError, ImageNotFound

from ...image.images import Stored, own, stored
from ...image.reference import parse
from ...image.tag import for_people, moving
from .. import Removal
from . import disk, edge_image, names, stale

if TYPE_CHECKING:
    from ...environment.settings import Environment

EDGES = "dockyard-edge"
IN_USE = 409
Summary = dict[str, Any]


@dataclass(frozen=True)
class Image(Removal):
    """An image that goes, by the names that it had in its repository when it was looked at."""

    id: str = ""
    names: tuple[str, ...] = ()


def find(
    client: docker.DockerClient, environment: Environment, gone: Collection[str], pinned: Collection[str]
) -> list[Image]:
    """What could go: no container uses it but those that are `gone` by then, by id; `pinned` are digests and tags."""
    repository = parse(environment.image).familiar
    listed: list[Summary] = client.api.images()
    used = users(client, gone)
    mine = [stored(each, repository) for each in inspect(client, [each for each in listed if ours(each, repository)])]
    stay = moving(environment)
    images = [named(each, repository) for each in stale.images(mine, used, pinned, environment.platform, stay)]
    edge = edge_image.name(edge_image.recipe(environment, f"linux/{client.version()['Arch']}"))
    for each in listed:
        tags = tuple(f"{EDGES}:{tag}" for tag in own(each.get("RepoTags"), f"{EDGES}:"))
        if tags and each["Id"] not in used and edge not in tags:
            images.append(
                Image("image", tags[0], "an edge of another version, which nothing uses", 0, each["Id"], tags)
            )
    return sized(client, listed, images)


def users(client: docker.DockerClient, gone: Collection[str] = ()) -> set[str]:
    """The ids of images that any container uses, whoever's and in whatever state."""
    containers: list[Summary] = client.api.containers(all=True)
    return {each["ImageID"] for each in containers if each["Id"] not in gone}


def ours(listed: Summary, repository: str) -> bool:
    """Whether an image has a name in a repository."""
    return bool(own(listed.get("RepoTags"), f"{repository}:") or own(listed.get("RepoDigests"), f"{repository}@"))


def inspect(client: docker.DockerClient, listed: Sequence[Summary]) -> Iterator[Summary]:
    """What the engine knows of images, without those that are gone by now."""
    api: Any = client.api

    def look(each: Summary) -> Summary | None:
        try:
            found: Summary = api.inspect_image(each["Id"])
        except ImageNotFound:
            return None
        return found

    with ThreadPoolExecutor(8) as side_by_side:
        yield from filter(None, side_by_side.map(look, listed))


def named(image: Stored, repository: str) -> Image:
    """An image as prune names it: by a tag, best one for people, else by its digest."""
    tags = [f"{repository}:{tag}" for tag in dict.fromkeys((*for_people(image.tags), *image.tags))]
    every = (*tags, *(f"{repository}@{digest}" for digest in image.digests))
    return Image("image", every[0], "nothing uses or pins it", 0, image.id, every)


def sized(client: docker.DockerClient, listed: Sequence[Summary], going: Sequence[Image]) -> list[Image]:
    """Those images with the bytes that each frees; none where a name outside of its repository keeps it."""
    if not going:
        return []
    mine = {name for each in going for name in each.names}
    ids = {each.id for each in going}
    free = {
        each["Id"]
        for each in listed
        if each["Id"] in ids and mine.issuperset([*(each.get("RepoTags") or ()), *(each.get("RepoDigests") or ())])
    }
    known = {each["Id"]: each for each in inspect(client, listed)}
    api: Any = client.api
    stacks = [disk.stack(known[each], api.history(each)) for each in sorted(free & known.keys())]
    freed = disk.freed(stacks, [disk.stack(known[each]) for each in known.keys() - free])
    return [replace(each, size=freed.get(each.id, 0)) for each in going]


def remove(client: docker.DockerClient, image: Image) -> bool:
    """Take an image's names away, and with the last the image; False where the engine says that it is in use."""
    for name in image.names:
        try:
            client.api.remove_image(name)
        except ImageNotFound:
            continue
        except APIError as error:
            if error.status_code == IN_USE:
                return False
            raise
    return True


def recorded(client: docker.DockerClient, going: Collection[str]) -> set[str]:
    """The digests of every revision that has a record on the engine, of any service, but those that go."""
    volumes = client.api.volumes(filters={"label": [f"{names.ROLE}=record"]}).get("Volumes") or ()
    records = [each.get("Labels") or {} for each in volumes]
    return {each.get("dockyard.digest", "") for each in records if each.get("dockyard.revision") not in going}
