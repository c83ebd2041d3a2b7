"""Clients that ask without a pause while three releases, a canary and a rollback happen: what is lost, what is slow."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from .clients import Request
from .clock import percentile
from .processes import end
from .project import ROOT, Project
from .stage import Stage
from .table import Row

CLIENTS, RATE = 8, 25
REST, DURING = 20, 60  # seconds before the first switch, and while switches happen
CANARY = {"CANARY": "10,50", "BAKE": "2s"}


@dataclass
class Asked:
    """What the clients got."""

    requests: list[Request] = field(default_factory=list)

    def during(self, windows: Sequence[tuple[float, float]]) -> list[float]:
        """Seconds of each request that was answered and sent within one of the windows."""
        return [
            seconds
            for sent, seconds, _, lost in self.requests
            if not lost and any(since <= sent < until for since, until in windows)
        ]

    @property
    def lost(self) -> Counter[str]:
        """Why requests were lost, and how many for each reason."""
        return Counter(lost for _, _, _, lost in self.requests if lost)


def measure(stage: Stage) -> list[Row]:
    """Switch five times under load; a switch's window is the time that its verb runs."""
    rest, during = (5, 25) if stage.quick else (REST, DURING)
    with stage.project("switch") as project:
        project.release()
        with asking(project.port) as asked:
            began = time.perf_counter()
            time.sleep(rest)
            quiet = (began + 1, time.perf_counter())
            windows = list(switches(project, during))
    slow, calm = percentile(asked.during(windows), 99), percentile(asked.during([quiet]), 99)
    lost = asked.lost
    versions = len({version for _, _, version, _ in asked.requests if version})
    counts: dict[str, float | str | None] = {
        "asked": f"{len(asked.requests):,}",
        "while switching": f"{len(asked.during(windows)):,}",
        "versions that answered": str(versions),
    }
    return [
        Row("requests lost", sum(lost.values()), "lost", 0, {**counts, **{why: str(n) for why, n in lost.items()}}),
        Row("p99 switching / at rest", slow / calm, "x", 3.0, {"p99 switching": slow, "p99 at rest": calm}),
    ]


def switches(project: Project, during: float) -> Iterator[tuple[float, float]]:
    """Three releases, a canary and a rollback, spread over `during` seconds; yields when each began and ended."""
    verbs: list[Callable[[], object]] = [
        *(project.release,) * 4,
        lambda: project.inv("rollback"),
    ]
    began = time.perf_counter()
    for number, verb in enumerate(verbs):
        if number == 3:
            project.set(**CANARY)
        if number < 4:
            project.change()
        time.sleep(max(0.0, began + number * during / len(verbs) - time.perf_counter()))
        since = time.perf_counter()
        verb()
        yield since, time.perf_counter()
    time.sleep(max(0.0, began + during - time.perf_counter()))


@contextmanager
def asking(port: int) -> Iterator[Asked]:
    """Clients that ask while the block runs; what they got is there after it."""
    asked = Asked()
    argv = [sys.executable, "-m", "benchmarks.clients", str(port), str(CLIENTS), str(RATE)]
    with subprocess.Popen(
        argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as child:
        try:
            yield asked
            out, _ = child.communicate()
        except BaseException:
            end(child)
            raise
    asked.requests = [(sent, seconds, version, lost) for sent, seconds, version, lost in json.loads(out)]
