"""Other processes that hold a service's lock, and clocks that jump meanwhile."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tasks.target.docker import holder, sign
from tasks.target.docker.engine import clock
from tests.service import REPOSITORY

HOLD = """\
import sys, time
from tasks.target.docker import sign
from tasks.target.docker.engine import connect
from tasks.target.docker.lock import Lock
service, wait, seconds, notes = sys.argv[1], *map(float, sys.argv[2:4]), sys.argv[4]
sign.EVERY = 0.2
with Lock(connect(), service, "local").held("another process", wait):
    with open(notes, "a") as file: print("in", file=file)
    time.sleep(seconds)
    with open(notes, "a") as file: print("out", file=file)
"""


def another(service: str, notes: Path, seconds: float = 60.0, wait: float = 0.0) -> subprocess.Popen[str]:
    """A process that holds the lock for so long, and notes when."""
    argv = [sys.executable, "-c", HOLD, service, str(wait), str(seconds), str(notes)]
    return subprocess.Popen(argv, cwd=REPOSITORY, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@contextmanager
def holding(service: str, notes: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock by now, and is killed at the end of the block."""
    with another(service, notes) as process:
        try:
            deadline = time.monotonic() + 60
            while not notes.exists():
                assert process.poll() is None, process.communicate()
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield process
        finally:
            process.kill()


def jump(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Set the engine's clock forward or back, as everybody in this process reads it."""
    for module in (holder, sign):
        monkeypatch.setattr(module, "clock", lambda client: clock(client) + seconds)
