"""From source to digest: recipe, tag, builder, registry.

Values and signatures; the builders are imported when an environment names them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..errors import SettingError

if TYPE_CHECKING:
    import docker

    from ..environment.settings import Environment


@dataclass(frozen=True)
class Recipe:
    """All that decides what an image holds. `secrets` are references (`env:NAME`, `file:PATH`), never values.

    `timeout` is in seconds. `reproducible` is wanted, and done where the builder can.
    """

    dockerfile: Path
    context: Path
    platforms: tuple[str, ...] = ("linux/amd64",)
    stage: str = ""
    args: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    network: str = ""
    no_cache: bool = False
    reproducible: bool = False
    timeout: float = 3600.0


@dataclass(frozen=True)
class Built:
    """One platform's image as a builder made it. `image_id` is what the engine calls it; `size` is in bytes."""

    platform: str
    image_id: str
    size: int


CLOUD = "cloudbuild"  # the one builder whose images land in the registry, and not on an engine


class Builder(Protocol):
    """Makes images out of recipes, on an engine. Chosen once, by `builder(environment)`."""

    def command(self, recipe: Recipe, platform: str) -> str:
        """What would be done, for `--dry`, as one line without secrets."""

    def build(self, recipe: Recipe, platform: str) -> Built:
        """Build for one platform. Raises DockyardError with the failing step's last lines."""

    def irreproducible(self, recipe: Recipe, /) -> str:
        """Why the same inputs, built again, have another digest, as a sentence; "" where they have the same."""


@dataclass(frozen=True)
class Image:
    """What `build` gives: a tag, and the image of each platform that it names.

    `size` is in bytes as the engine counts (the largest platform's). `reused` says that the same inputs were
    found, here or in the registry; `changed` is False if the tag named this already. A dry run builds no `images`.
    `digest` is the registry's, of an image that the registry has and the engine has not: if it was reused from there it
    has no size yet, and an engine's builder gives it no tag. `irreproducible` says why the same inputs, built again,
    have another digest: "" where they have the same, None where nothing was built or it is not known.
    """

    reference: str
    tag: str
    images: tuple[Built, ...] = ()
    size: int = 0
    reused: bool = False
    changed: bool = True
    digest: str = ""
    irreproducible: str | None = None


@dataclass(frozen=True)
class Pushed:
    """What the registry holds after a push: `digest` as read back from it, `size` compressed bytes."""

    image: str
    tag: str
    digest: str
    size: int = 0
    moved: tuple[str, ...] = ()  # moving tags that this push moved to the digest
    pushed: bool = True  # False: the registry had it already


def builder(environment: Environment, name: str = "", client: docker.DockerClient | None = None) -> Builder:
    """The environment's builder on an engine, or the one that `--builder` names. Raises SettingError.

    `client` is the engine that images land on (None: the one that Docker's CLI would use).
    """
    name = name or environment.builder
    if name == "buildkit":
        from .buildkit import BuildKit

        return BuildKit(client)
    if name == "engine":
        from .classic import Classic

        return Classic(client)
    raise SettingError(f"BUILDER={name} is no builder of Dockyard's: use buildkit, engine or cloudbuild.")
