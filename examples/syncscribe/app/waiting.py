"""How many recordings one process works on or keeps waiting: MAX_QUEUE_LENGTH."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

LONGEST = int(os.environ.get("MAX_QUEUE_LENGTH") or 50)
places = threading.Semaphore(LONGEST)


class Full(Exception):
    """As many wait as may."""


@contextmanager
def a_place() -> Iterator[None]:
    """One place for as long as the work takes; Full if there is none."""
    if not places.acquire(blocking=False):
        raise Full(f"{LONGEST} recordings are being worked on, which is MAX_QUEUE_LENGTH: come again later")
    try:
        yield
    finally:
        places.release()
