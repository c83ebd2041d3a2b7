"""Dockyard as a process that is killed beside its n-th request: `python -m tests.target.cloudrun.killing N VERB`.

The even ones die after the answer, the odd ones before the request; only those count that change something.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
from typing import Any

from tasks.gcp import clients
from tasks.program import main

STEPS = itertools.count(1)
LAST = int(sys.argv[1])
CHANGING = ("create_", "update_", "delete_", "run_")


def step(what: str) -> None:
    """Die here, or go on."""
    if next(STEPS) == LAST:
        print(f"killed {what}", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)


def counted(method: Any, name: str) -> Any:
    """A method that is two steps."""

    def call(*args: Any, **kwargs: Any) -> Any:
        step(f"before {name}")
        answer = method(*args, **kwargs)
        step(f"after {name}")
        return answer

    return call


make = clients.make


def watched(client: Any, api: str) -> Any:
    """A client whose changes are steps."""
    made = make(client, api)
    for name in dir(made):
        if name.startswith(CHANGING) and not name.endswith(("_path", "_iam_policy")):
            setattr(made, name, counted(getattr(made, name), name))
    return made


clients.make = watched

if __name__ == "__main__":
    sys.argv[1:2] = []
    main()
