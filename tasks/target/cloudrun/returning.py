"""A kept revision on its way back: Cloud Run has it ready, so that nothing is asked before its traffic is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...errors import DockyardError
from .. import Revision
from . import traffic
from .arrival import Arrival

if TYPE_CHECKING:
    from .service import Fleet


def begin(fleet: Fleet, revision: Revision) -> Arrival:
    """The rollout of a kept revision. Raises DockyardError where there is no service."""
    live = fleet.lately().service
    if live is None:
        raise DockyardError(
            f"There is no service {fleet.environment.service} any more: deploy it anew with "
            f"inv deploy --env={fleet.environment.name}."
        )
    now = traffic.now(live)
    return Arrival(revision.name, revision.release, now, now, public=live.invoker_iam_disabled, spec=revision.spec)
