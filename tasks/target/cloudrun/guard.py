"""What lets a write of the service through, or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from google.cloud import run_v2


class Guard(Protocol):
    """What stands between a write and a service that somebody else releases: the lock, as `lock.py` has it."""

    def carried(self, service: run_v2.Service) -> None:
        """Put into a message what each write carries."""

    def written(self, service: run_v2.Service) -> None:
        """Know that a message was stored."""

    def conflict(self, known: run_v2.Service, fresh: run_v2.Service, *, whole: bool) -> None:
        """Judge a service that was changed meanwhile. Raises Locked, Overtaken where the write is given up."""
