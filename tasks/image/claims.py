"""Who has which tag: this engine and the registry, before an image is given one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from threading import Lock
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
        self.images = images
        self.registry: Registry | None = registry
        self.say = say
        self._found: dict[str, Manifest | None] = {}
        self._saying = Lock()

    @cached_property
    def local(self) -> dict[str, str]:
        """The engine's tags, with the id that each names."""
        return self.images.tags()

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
        """What the registry has under a tag, asked once; None also where it does not answer."""
        if tag not in self._found:
            self._found[tag] = self.asking(lambda registry: registry.manifest(tag))
        return self._found[tag]

    def forget(self) -> None:
        """Ask anew from now on."""
        self._found.clear()
        vars(self).pop("local", None)

    def asking(self, question: Callable[[Registry], T | None]) -> T | None:
        """Ask the registry, or None where it does not answer, which is said the first time."""
        if self.registry is None:
            return None
        try:
            return question(self.registry)
        except DockyardError as error:
            with self._saying:
                if self.registry is not None:
                    self.say(f"{error.message} Tags are compared with this engine's alone; push compares again.")
                self.registry = None
            return None

    def _other(self, tag: str, ids: Sequence[str]) -> bool:
        found = self.manifest(tag)
        return bool(found and self.asking(lambda registry: not registry.holds(found, ids)))
