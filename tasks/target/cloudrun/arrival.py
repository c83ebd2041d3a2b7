"""A revision on its way to the traffic, and what an undo gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .. import Release, Traffic

if TYPE_CHECKING:
    from .pools import Moving


@dataclass
class Arrival:
    """One rollout: of a revision that was `made` for it, or of a kept one.

    `before` is the traffic that verbs reckon with, `home` the same with every tag, as an undo gives it back. `touched`
    says that something was written, or may have been; `created`, that the service itself was made; `public` is whether
    anybody might call it before.
    """

    revision: str
    release: Release
    before: tuple[Traffic, ...]
    home: tuple[Traffic, ...]
    made: bool = False
    created: bool = False
    touched: bool = False
    public: bool = False
    given: int = 0  # percent of the traffic that it was seen to have got
    spec: str = ""  # what the settings asked of a kept one
    tag: str = ""  # of the revision while it has not all of the traffic
    pools: list[Moving] = field(default_factory=list)  # workers that were moved
