"""The log of calls, and what stands in their way: refusals, delays, quotas, missing permissions, a race."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .errors import Refused

VERBS = {"patch": "update", "insert": "create", "wait": "get"}


@dataclass
class Call:
    """A request: its parameters of path and query, `body` among them where it had one, and the status of its answer."""

    api: str
    method: str
    request: dict[str, Any] = field(default_factory=dict)
    status: int = 0
    transport: str = "rest"
    at: float = field(default_factory=time.time)
    reason: str = ""


@dataclass
class Fault:
    """Calls whose method contains `part` get a status, `times` of them after the first `after`."""

    api: str
    part: str
    status: int
    message: str
    times: int
    delay: float
    after: int
    reason: str
    lost: bool  # the call is done all the same: only its answer is lost
    action: Callable[[], Any] | None = None

    def take(self, call: Call) -> bool:
        """Whether it is about this call; counts."""
        if self.api not in (call.api, "*") or self.part not in call.method or not self.times:
            return False
        if self.after:
            self.after -= 1
            return False
        self.times -= 1
        return True


class Faults:
    """Everything that can be wrong on the way."""

    def __init__(self) -> None:
        self.planned: list[Fault] = []
        self.denied: set[str] = set()
        self.quotas: dict[str, tuple[int, float, deque[float]]] = {}
        self._lock = threading.Lock()

    def check(self, call: Call, resource: str) -> list[Fault]:
        """Raise what stands in the way of a call; gives the faults that take its answer away afterwards."""
        self._count(call)
        wanted = permission(call.method)
        if wanted in self.denied or f"{call.api}.*" in self.denied:
            raise Refused(403, message=f"Permission '{wanted}' denied on resource '{resource}' (or it may not exist).")
        with self._lock:
            met = [each for each in self.planned if each.take(call)]
        for each in met:
            if each.delay:
                time.sleep(each.delay)
            if each.action and not each.lost:
                each.action()
            if each.status and not each.lost:
                raise refusal(each, call, resource)
        return [each for each in met if each.lost]

    def _count(self, call: Call) -> None:
        """Raise 429 when a quota is used up."""
        with self._lock:
            for part, (most, seconds, seen) in self.quotas.items():
                if part not in f"{call.api}:{call.method}":
                    continue
                now = time.monotonic()
                while seen and seen[0] <= now - seconds:
                    seen.popleft()
                if len(seen) >= most:
                    raise Refused(429, message=f"Quota exceeded for quota metric '{part}' of service '{call.api}'.")
                seen.append(now)


def refusal(fault: Fault, call: Call, resource: str) -> Refused:
    """What a fault says."""
    message = fault.message
    if not message and fault.status == 403:
        message = f"Permission '{permission(call.method)}' denied on resource '{resource}' (or it may not exist)."
    return Refused(fault.status, fault.reason, message)


def permission(method: str) -> str:
    """The permission that a method takes: `run.services.update` for `run.projects.locations.services.patch`."""
    pieces = [each for each in method.split(".") if each not in ("projects", "locations")]
    return ".".join([*pieces[:1], *pieces[-2:-1], VERBS.get(pieces[-1], pieces[-1])]) if len(pieces) > 1 else method
