"""A lock as it is written in the service's annotation, and read there."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from ..holder import Found
from . import ledger

if TYPE_CHECKING:
    from google.cloud import run_v2

WORDS = 200  # characters of a reason


def written(found: Found) -> str:
    """A lock as its annotation."""
    return ledger.dump(
        {
            "id": found.id,
            "env": found.env,
            "by": found.by,
            "reason": found.reason[:WORDS],
            "token": found.token,
            "lease": found.lease,
            "since": found.since,
            "sign": round(found.sign, 1),
        }
    )


def parsed(service: run_v2.Service | None) -> Found | None:
    """The lock of a service. One that nobody can read is somebody's, who does not end.

    The last sign is the later of what the holder wrote and the last update of the service, by Google's clock: a holder
    whose own clock is slow is not taken for dead.
    """
    text = service.annotations.get(ledger.LOCK, "") if service is not None else ""
    if service is None or not text:
        return None
    known: dict[str, object] = {}
    with suppress(ValueError):
        document = json.loads(text)
        known = document if isinstance(document, dict) else {}
    sign, lease = number(known.get("sign")), number(known.get("lease"))
    updated = service.update_time.timestamp() if service.update_time else 0.0
    return Found(
        env=str(known.get("env") or service.name.rpartition("/")[2]),
        by=str(known.get("by") or "somebody"),
        reason=str(known.get("reason") or ""),
        token=str(known.get("token") or ""),
        lease=lease,
        id=str(known.get("id") or text),
        since=str(known.get("since") or "some time"),
        sign=sign,
        silent=max(0.0, time.time() - max(sign, updated)),
    )


def number(value: object) -> float:
    """A number of an annotation; 0 for anything else."""
    return float(value) if isinstance(value, int | float) else 0.0
