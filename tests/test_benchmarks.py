"""The benchmarks' own sums, their table, and that nothing of theirs stays where they are interrupted."""

from __future__ import annotations

import functools
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.clock import interleaved, percentile, ratio
from benchmarks.ecs import fifty
from benchmarks.ecs.application import Application
from benchmarks.ecs.fake import faked
from benchmarks.ecs.project import EcsProject
from benchmarks.ecs.sides import before_first_poll
from benchmarks.switch import Asked
from benchmarks.table import Row, render
from tasks.target.docker.engine import Engine
from tasks.target.docker.names import LABEL

from .server import serving
from .target.docker.conftest import until

ROOT = Path(__file__).parent.parent


def services(engine: Engine) -> set[str]:
    return {
        name
        for found in (engine.containers.list(all=True, ignore_removed=True), engine.volumes.list())
        for each in found
        if (name := ((each.attrs.get("Config") or each.attrs)["Labels"] or {}).get(LABEL, "")).startswith("bench")
    }


def test_a_figure_is_compared_with_its_goal() -> None:
    assert (Row("a", 1.3, "x", 1.3).reached, Row("a", 1.31, "x", 1.3).reached, Row("a", 9.0, "s").reached) == (
        True,
        False,
        None,
    )
    shown = render([Row("slow", 2.0, "s", 1.0, {"plain": 0.25, "Kamal": None}), Row("lost", 0, "lost", 0)])
    assert shown.splitlines()[2:] == [
        "slow       2.00 s  <= 1.00 s  not reached  plain 0.25 s, Kamal not installed",
        "lost       0 lost  <= 0 lost  reached",
    ]


def test_each_round_begins_with_another_side() -> None:
    turns: list[str] = []

    def side(name: str) -> float:
        turns.append(name)
        return float(len(turns))

    sides = {name: functools.partial(side, name) for name in "abc"}
    assert interleaved(3, sides) == {"a": [1, 6, 8], "b": [2, 4, 9], "c": [3, 5, 7]}
    assert "".join(turns) == "abcbcacab"


def test_ratios_are_of_the_same_round_and_percentiles_of_real_values() -> None:
    assert ratio([2, 20, 30], [1, 10, 10]) == 2
    assert (percentile(range(1, 201), 99), percentile([5.0], 99), percentile([], 99)) == (198, 5.0, 0.0)


def test_only_requests_sent_while_a_verb_ran_count_as_sent_during_a_switch() -> None:
    asked = Asked([(1.0, 0.1, "a", ""), (2.0, 0.2, "a", ""), (2.5, 9.0, "", "timeout"), (3.0, 0.3, "b", "")])
    assert asked.during([(1.5, 2.75), (3.0, 3.1)]) == [0.2, 0.3]
    assert asked.lost == {"timeout": 1}


def test_calls_are_counted_until_the_first_that_asks_how_far_the_rollout_is() -> None:
    calls = ["DescribeServices", "RegisterTaskDefinition", "UpdateService", "ListServiceDeployments"]
    assert before_first_poll([f"ecs:{name}" for name in (*calls, "DescribeServiceDeployments", "DescribeTasks")]) == 4


def test_services_deployed_at_once_under_a_throttle_are_all_verified_and_leave_no_lock(tmp_path: Path) -> None:
    names = ["service-00", "service-01", "service-02"]
    with faked(tmp_path) as fake, serving(Application) as address:
        project = EcsProject(tmp_path / "project", fake)
        project.write(names, f"http://{address}")
        for name in names:
            fake.service(name)
        rows = fifty.measure(project, names)
        unverified = [name for name in names if not fifty.verified(fake, name)]
    assert [(row.figure, row.goal) for row in rows] == [(0, 0), (0, 0), (0, 0)], rows
    assert unverified == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_benchmark_leaves_nothing(engine: Engine, tmp_path: Path, number: signal.Signals) -> None:
    before = services(engine)
    argv = [sys.executable, "-m", "benchmarks", "--only=nothing", "--no-kamal", "--json"]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        try:
            until(lambda: bool(services(engine) - before))
            child.send_signal(number)
            out, err = child.communicate(timeout=60)
        finally:
            child.kill()
    assert (child.returncode, out) == (130, "")
    assert "all that the benchmarks made was taken away" in err
    assert services(engine) <= before
