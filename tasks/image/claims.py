"""Who has which tag: this engine and the registry, before an image is given one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from ..errors import DockyardError
from . import Built
from .images import Images
from .manifest import Manifest
from .registry import Registry
from .tag import each

T = TypeVar("T")


class Claims:
    """The tags of a repository. A registry that does not answer is said once, and then left out."""

    def __init__(self, images: Images, registry: Registry, say: Callable[[str], None]) -> None:
        self.local = images.tags()
        self.registry: Registry | None = registry
        self.say = say

    def on_engine(self, tag: str, built: Sequence[Built]) -> bool:
        """Whether this engine has other content under a tag."""
        names = each(tag, [image.platform for image in built])
        return any(self.local.get(names[image.platform], image.image_id) != image.image_id for image in built)

    def in_registry(self, tag: str, built: Sequence[Built]) -> bool:
        """Whether the registry has other content under a tag, or under that of one of several platforms."""
        names = each(tag, [image.platform for image in built])
        parts = [(names[image.platform], [image.image_id]) for image in built]
        whole = [(tag, [image.image_id for image in built])] if len(built) > 1 else []
        return any(self._other(name, ids) for name, ids in (*whole, *parts))

    def taken(self, tag: str, built: Sequence[Built]) -> bool:
        """Whether other content has a tag anywhere."""
        return self.on_engine(tag, built) or self.in_registry(tag, built)

    def ours(self, tag: str, built: Sequence[Built]) -> bool:
        """Whether the engine has this content under a tag already."""
        names = each(tag, [image.platform for image in built])
        return all(self.local.get(names[image.platform]) == image.image_id for image in built)

    def manifest(self, tag: str) -> Manifest | None:
        """What the registry has under a tag; None also where it does not answer."""
        return self.asking(lambda registry: registry.manifest(tag))

    def asking(self, question: Callable[[Registry], T | None]) -> T | None:
        """Ask the registry, or None where it does not answer, which is said the first time."""
        if self.registry is None:
            return None
        try:
            return question(self.registry)
        except DockyardError as error:
            self.say(f"{error.message} Tags are compared with this engine's alone; push compares again.")
            self.registry = None
            return None

    def _other(self, tag: str, ids: Sequence[str]) -> bool:
        def differs(registry: Registry) -> bool:
            found = registry.manifest(tag)
            return found is not None and not registry.holds(found, ids)

        return bool(self.asking(differs))
