"""What a build takes as its base images, told by their registries: there is no engine to ask."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ...errors import DockyardError
from .. import registries
from ..reference import split

if TYPE_CHECKING:
    from ...environment.settings import Environment


def known(environment: Environment) -> Callable[[str, str], str]:
    """Identities of base images, as `inputs.of` wants them: the registry's digest, "" where it does not tell."""

    def base(image: str, _platform: str) -> str:
        repository, reference = split(image)
        if "@" in image:
            return reference
        try:
            return registries.of(environment, repository).digest(reference)
        except DockyardError:
            return ""

    return base
