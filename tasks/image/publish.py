"""From the engine to the registry: pushed once, named by manifest, read back."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import docker

from ..errors import DockyardError
from .credentials import denied
from .images import NEVER, Stored, of_config, speaking
from .manifest import Manifest
from .recipe import INPUTS
from .registry import IMMUTABLE, Registry, absent, immutable
from .tag import of_inputs

DENIED = ("denied", "unauthorized", "no basic auth", "authentication required", "forbidden")
ABSENT = ("name unknown", "not found")


@dataclass(frozen=True)
class Upload:
    """What is to be done about one image and one tag.

    `manifest` is what the registry has already, under this tag (`there`) or only by digest; None: push it.
    """

    tag: str
    stored: Stored
    manifest: Manifest | None = None
    there: bool = False

    @property
    def says(self) -> str:
        """What is done, after `Would` or as it is: `push`, `tag`, or nothing."""
        if self.there:
            return "leave as it is"
        return "tag in the registry, which has it," if self.manifest else "push"


def look(registry: Registry, references: Collection[str]) -> dict[str, Manifest | None]:
    """What the registry has under tags and digests, asked side by side."""
    with ThreadPoolExecutor(max(1, len(references))) as side_by_side:
        return dict(zip(references, side_by_side.map(registry.manifest, references), strict=True))


def plan(registry: Registry, tag: str, stored: Stored, there: Manifest | None, same: Manifest | None = None) -> Upload:
    """What is to be done, by what the registry has under the tag (`there`) and under that of the inputs (`same`).

    Raises DockyardError if other content has the tag.
    """
    if there:
        if not registry.holds(there, [stored.id]):
            raise DockyardError(taken(registry, tag, there))
        return Upload(tag, stored, there, there=True)
    known = [registry.manifest(digest) for digest in stored.digests] + (registry.images(same) if same else [])
    return Upload(tag, stored, next((each for each in known if each and registry.holds(each, [stored.id])), None))


def by_inputs(labels: Iterable[Mapping[str, str]]) -> str:
    """The tag that finds images by their inputs, out of the labels of each; "" if they have none in common."""
    found = {each.get(INPUTS, "") for each in labels}
    return of_inputs(found.pop()) if len(found) == 1 else ""


def name_inputs(registry: Registry, manifest: Manifest) -> bool:
    """Let the tag of its inputs name a manifest, unless it names one that was built later; whether it moved.

    So `--no-cache` takes it away from what was built before, and pushing that once more does not bring it back.
    """
    configs = [registry.config(each.digest) for each in registry.images(manifest)]
    tag = by_inputs((config.get("config") or {}).get("Labels") or {} for config in configs)
    there = registry.manifest(tag) if tag else manifest
    if there and (there.digest == manifest.digest or built(registry, there) > built(registry, manifest)):
        return False
    registry.put(manifest, tag)
    return True


def built(registry: Registry, manifest: Manifest) -> datetime:
    """When the last image of a manifest was built; long ago where the registry lost what says so."""
    try:
        configs = [registry.config(each.digest) for each in registry.images(manifest)]
    except DockyardError:
        return NEVER
    return max(map(of_config, configs), default=NEVER)


def taken(registry: Registry, tag: str, there: Manifest) -> str:
    """The sentence for a tag that must not be overwritten."""
    return (
        f"{registry.repository.familiar}:{tag} is {there.digest} in the registry, which is other content, and a tag is "
        "not overwritten: build anew without --tag, or with another one."
    )


def carry_out(client: docker.DockerClient, registry: Registry, upload: Upload) -> Manifest:
    """Push or tag an image, and read it back. Raises DockyardError."""
    if upload.there and upload.manifest:
        return upload.manifest
    if upload.manifest:
        registry.put(upload.manifest, upload.tag)
        return upload.manifest
    push(client, registry, upload.tag)
    found = registry.manifest(upload.tag)
    if found is None or not registry.holds(found, [upload.stored.id]):
        raise DockyardError(
            f"{registry.repository.familiar}:{upload.tag} is {found.digest if found else 'nothing'} in the registry "
            f"after {upload.stored.id} was pushed to it: somebody else pushes there; push again under another --tag."
        )
    return found


def push(client: docker.DockerClient, registry: Registry, tag: str) -> None:
    """Let the engine push a tag, and show how it gets on. Raises DockyardError."""
    name = registry.repository.familiar
    login = registry.credentials().for_engine(registry.repository.host)
    with speaking(f"push {name}:{tag}"), showing(f"Pushing {name}:{tag}") as show:
        for event in client.api.push(name, tag, stream=True, decode=True, auth_config=login):
            if "error" in event:
                raise DockyardError(refused(registry, tag, str(event["error"])))
            show(event)


def refused(registry: Registry, tag: str, why: str) -> str:
    """The sentence for a push that the engine could not do."""
    repository = registry.repository
    if IMMUTABLE.search(why):
        return immutable(repository, tag)
    if any(word in why.lower() for word in DENIED):
        return denied(repository, why)
    if any(word in why.lower() for word in ABSENT):
        return absent(repository, why)
    mend = "`inv local.up` starts one" if repository.loopback else "check the network, then `inv push` again"
    return f"{repository.familiar}:{tag} could not be pushed: {why}; {mend}."


@contextmanager
def showing(title: str) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """Show a push or a pull on standard error: live on a terminal, else a line, and one if the engine tries again."""
    if not sys.stderr.isatty():
        print(title, file=sys.stderr, flush=True)
        said: list[str] = []

        def tell(event: Mapping[str, Any]) -> None:
            if trouble(event) and not said:
                said.append(f"{title} broke off; the engine tries again for a minute.")
                print(said[0], file=sys.stderr, flush=True)

        yield tell
        return
    from rich.console import Console

    layers: dict[str, Mapping[str, Any]] = {}
    with Console(stderr=True).status(title) as status:

        def show(event: Mapping[str, Any]) -> None:
            if event.get("id"):
                layers[event["id"]] = {**layers.get(event["id"], {}), **(event.get("progressDetail") or {})}
                sent = sum(int(layer.get("current", 0)) for layer in layers.values())
                again = f"; {str(event['status']).lower()}" if trouble(event) else ""
                status.update(f"{title}: {sent / 1e6:.1f} MB of {len(layers)} layers{again}")

        yield show


def trouble(event: Mapping[str, Any]) -> bool:
    """Whether the engine says that a transfer failed and is tried again: `Retrying in 5 seconds`."""
    return str(event.get("status", "")).startswith("Retrying")


def move(registry: Registry, manifest: Manifest, tags: Iterable[str]) -> tuple[str, ...]:
    """Let moving tags name a manifest; those that did not yet are returned."""
    moved = tuple(tag for tag in dict.fromkeys(tags) if registry.digest(tag) != manifest.digest)
    for tag in moved:
        registry.put(manifest, tag)
    return moved
