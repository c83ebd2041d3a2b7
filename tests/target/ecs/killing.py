"""Dockyard as a process that is killed beside its n-th request: `python -m tests.target.ecs.killing N VERB`.

The even ones die after the answer, the odd ones before the request; only those count that change something.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
from typing import Any

from tasks.program import main
from tasks.target.ecs.clients import Clients

STEPS = itertools.count(1)
LAST = int(sys.argv[1])
CHANGING = ("Register", "Update", "Stop", "Tag", "Put", "Delete", "Run")


def step(what: str) -> None:
    """Die here, or go on."""
    if next(STEPS) == LAST:
        print(f"killed {what}", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)


def before(params: Any, model: Any, **_: Any) -> None:
    if model.name.startswith(CHANGING):
        step(f"before {model.name}")


def after(model: Any, **_: Any) -> None:
    if model.name.startswith(CHANGING):
        step(f"after {model.name}")


made = Clients._made


def watched(self: Clients, service: str, *given: Any) -> Any:
    """A client whose changes are steps."""
    client = made(self, service, *given)
    client.meta.events.register_first("before-call", before, unique_id="killed-before")
    client.meta.events.register_first("after-call", after, unique_id="killed-after")
    return client


setattr(Clients, "_made", watched)  # noqa: B010 - a method of a class that mypy knows

if __name__ == "__main__":
    sys.argv[1:2] = []
    main()
