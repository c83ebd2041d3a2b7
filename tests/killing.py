"""Dockyard as a process that is killed with SIGKILL just before its n-th step: `python -m tests.killing N VERB ...`.

A step is whatever changes something outside of the process: a call to the engine or the registry that is no question,
a command to HAProxy, a file put in its place, a build.
"""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import requests

from tasks.image.session import Session
from tasks.program import main
from tasks.target.docker.channel import Channel

STEPS = itertools.count(1)
LAST = int(sys.argv[1])


def step(what: str) -> None:
    """Die here, or go on."""
    number = next(STEPS)
    if number == LAST:
        print(f"killed before step {number}: {what}", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)


def killed(owner: type | Any, name: str, says: Callable[..., str]) -> None:
    """Make a method a step wherever `says` has a word for it."""
    method = getattr(owner, name)

    @wraps(method)
    def counted(*args: Any, **kwargs: Any) -> Any:
        if what := says(*args):
            step(what)
        return method(*args, **kwargs)

    setattr(owner, name, counted)


def request(_: object, asked: Any, *__: object) -> str:
    return "" if asked.method in ("GET", "HEAD") else f"{asked.method} {asked.url}"


def sent(_: object, method: str, url: str) -> str:
    return "" if method in ("GET", "HEAD") else f"{method} {url}"


def command(_: object, commands: Sequence[str]) -> str:
    return "" if commands[0].startswith("show") else f"{commands[0]} ({len(commands)} commands)"


killed(requests.adapters.HTTPAdapter, "send", request)
killed(Session, "send", sent)
killed(Channel, "ask", command)
killed(Channel, "write", lambda _, files: f"write {', '.join(files)}")
killed(Path, "replace", lambda path, _: f"replace {path}")
killed(subprocess, "Popen", lambda argv, *_: "build" if "build" in argv else "")

if __name__ == "__main__":
    sys.argv[1:2] = []
    main()
