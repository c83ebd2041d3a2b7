"""Other processes that hold a service's lock, and clocks that jump meanwhile."""

from __future__ import annotations

import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tasks.target.docker import lock
from tasks.target.docker.engine import clock
from tests.service import REPOSITORY
from tests.target.holders import inside

HOLD = """\
import sys, time
from tasks.target.docker.engine import connect
from tasks.target.docker.lock import Container, Lock
service, wait, seconds, notes = sys.argv[1], *map(float, sys.argv[2:4]), sys.argv[4]
Container.every = 0.2
with Lock(connect(), service, "local").held("another process", wait):
    with open(notes, "a") as file: print("in", file=file)
    time.sleep(seconds)
    with open(notes, "a") as file: print("out", file=file)
"""


def another(service: str, notes: Path, seconds: float = 60.0, wait: float = 0.0) -> subprocess.Popen[str]:
    """A process that holds the lock for so long, and notes when."""
    argv = [sys.executable, "-c", HOLD, service, str(wait), str(seconds), str(notes)]
    return subprocess.Popen(argv, cwd=REPOSITORY, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def holding(service: str, notes: Path) -> AbstractContextManager[subprocess.Popen[str]]:
    """A process that holds the lock by now, and is killed at the end of the block."""
    return inside(another(service, notes), notes)


def jump(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Set the engine's clock forward or back, as everybody in this process reads it."""
    monkeypatch.setattr(lock, "clock", lambda client: clock(client) + seconds)
