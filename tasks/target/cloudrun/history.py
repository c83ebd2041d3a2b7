"""The ledger as Cloud Run keeps it: the service's revisions, and on the service what was verified."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from .. import Revision
from . import ledger, running

if TYPE_CHECKING:
    from .service import Fleet


def history(fleet: Fleet) -> Sequence[Revision]:
    """Every revision of the service, newest first, whoever made it; one look and one list, side by side."""
    with ThreadPoolExecutor(1) as beside:
        listed = beside.submit(fleet.revisions)
        service = fleet.lately().service
        revisions = listed.result()
    if service is None:
        return []
    return [running.revision(running.short(each.name), each, service, fleet.environment) for each in revisions]


def previous(fleet: Fleet) -> str:
    """The revision that served before those that do: the last verified other one, else the newest; "" for none."""
    service = fleet.lately().service
    if service is None:
        return ""
    now = {each.revision for each in running.traffic(service) if each.percent}
    for name in ledger.records(service):
        if name not in now:
            return name
    return next((name for each in fleet.revisions() if (name := running.short(each.name)) not in now), "")
