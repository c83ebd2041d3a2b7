"""`inv --list` of this repository against a bare tasks.py with one task, and what it imports."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from .clock import interleaved, medians, ratio
from .processes import run
from .project import INV, ROOT
from .stage import Stage
from .table import Row

BARE = '''"""One task."""

from invoke.tasks import task


@task
def build(c):
    """Build."""
'''
HEAVY = frozenset({"azure", "boto3", "botocore", "docker", "google", "grpc"})


def measure(stage: Stage) -> list[Row]:
    """Time both in turns, by the same interpreter, each from the start of its process to its end."""
    bare = stage.folder / "bare"
    bare.mkdir()
    (bare / "tasks.py").write_text(BARE)
    sides: dict[str, Callable[[], float]] = {"inv --list": lambda: listed(ROOT), "bare tasks.py": lambda: listed(bare)}
    for side in sides.values():
        side()  # compiles bytecode
    taken = interleaved(stage.rounds(21, 7), sides)
    ours, theirs = taken.values()
    found = sorted(HEAVY & imported(ROOT))
    return [
        Row("inv --list / bare", ratio(ours, theirs), "x", 1.3, medians(taken)),
        Row("SDKs behind --list", len(found), "imports", 0, {"imported": ", ".join(found)} if found else {}),
    ]


def listed(folder: Path) -> float:
    """Seconds that `inv --list` takes in a folder."""
    return run(*INV, "--list", cwd=folder).seconds


def imported(folder: Path) -> set[str]:
    """The top-level names of all that `inv --list` imports in a folder."""
    told = run(sys.executable, "-X", "importtime", *INV[1:], "--list", cwd=folder).err
    lines = (line for line in told.splitlines() if line.startswith("import time:"))
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}
