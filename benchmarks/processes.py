"""Programs, timed: each runs in a session of its own, and ends with whatever ends this."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 30  # seconds that an interrupted program gets to undo what it did


class Failed(Exception):
    """A benchmark cannot be run, in one sentence."""


@dataclass(frozen=True)
class Ran:
    """What a program gave. `began` is the time of day, `seconds` how long it took, start of the process included."""

    began: float
    seconds: float
    out: str
    err: str


def run(*argv: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> Ran:
    """Run a program to its end. Raises Failed, with the end of what it said, for an exit code other than 0."""
    words = [str(word) for word in argv]
    began, started = time.time(), time.perf_counter()
    with subprocess.Popen(
        words,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as child:
        try:
            out, err = child.communicate()
        except BaseException:
            end(child)
            raise
    ran = Ran(began, time.perf_counter() - started, out, err)
    if child.returncode:
        said = "\n".join((err.strip() or out.strip()).splitlines()[-12:])
        raise Failed(f"{shlex.join(words)} ended with {child.returncode}: {said}")
    return ran


def end(child: subprocess.Popen[str]) -> None:
    """End a program and its children: SIGTERM, and SIGKILL for what is left after `PATIENCE` seconds."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            child.wait(PATIENCE)
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
