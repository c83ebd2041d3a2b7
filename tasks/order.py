"""What is to be built, before it is known whether it has to be: the recipe, and under which tag."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from . import pin as pinning
from .verb import Operation

if TYPE_CHECKING:
    from .image import Built, Recipe
    from .image.source import Source


@dataclass(frozen=True)
class Order:
    """A recipe and the tag that is wanted; one that was `given` is not changed to `-v2`.

    Without `here` an image that the registry has is not brought to the engine.
    """

    recipe: Recipe
    tag: str
    source: Source
    given: bool = False
    here: bool = True


def with_inputs(asked: Recipe, base: Callable[[str, str], str]) -> Recipe:
    """The recipe, labelled with the hash of its inputs where that can be told; `base` as `inputs.of` takes it."""
    from .image import inputs
    from .image.recipe import INPUTS

    made = inputs.of(asked, base)
    return replace(asked, labels={**asked.labels, INPUTS: made}) if made else asked


def references(op: Operation, asked: Recipe, wanted: str) -> list[str]:
    """Where else the registry may have the same inputs: under the wanted tag, or as pinned."""
    from .image.recipe import INPUTS

    pinned = pinning.existing(op)
    if pinned and pinned.image == op.environment.image and pinned.inputs == asked.labels.get(INPUTS):
        return [wanted, pinned.digest]
    return [wanted]


def largest(built: Sequence[Built]) -> int:
    """Bytes of the largest image."""
    return max((each.size for each in built), default=0)
