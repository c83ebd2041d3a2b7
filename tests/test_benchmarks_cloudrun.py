"""What the benchmark of Cloud Run counts, and that both of its sides deploy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.cloudrun import counting, verbs
from benchmarks.cloudrun.fake import faked
from benchmarks.cloudrun.project import CloudRunProject
from benchmarks.cloudrun.sides import DOCKYARD, MINIMAL, Sides
from benchmarks.processes import Failed

SERVICES = "run.projects.locations.services"


def patch(**percents: int) -> dict[str, Any]:
    traffic = [{"revision": f"api-{name}", "percent": percent} for name, percent in percents.items()]
    return {"method": f"{SERVICES}.patch", "request": {"body": {"traffic": traffic}}}


def test_calls_are_listed_in_order_and_those_of_one_kind_once() -> None:
    calls = [f"{SERVICES}.get", f"{SERVICES}.get", f"{SERVICES}.revisions.list", f"{SERVICES}.get"]
    assert counting.listed(calls) == "services.get x2, revisions.list, services.get"


def test_calls_count_until_all_of_the_traffic_has_moved_not_until_something_is_written() -> None:
    look = {"method": f"{SERVICES}.get", "request": {"name": "api"}}
    calls = [look, patch(old=100), patch(old=50, new=50), patch(new=100, old=0), look]
    assert len(counting.until_moved(calls, "api-new")) == 4
    with pytest.raises(Failed, match="gives the traffic to api-other"):
        counting.until_moved(calls, "api-other")


def test_both_sides_deploy_and_a_rollback_moves_the_traffic_by_its_third_call(tmp_path: Path) -> None:
    with faked() as fake:
        for name in (DOCKYARD, MINIMAL):
            fake.service(name)
        sides = Sides(fake, CloudRunProject(tmp_path / "cloudrun", fake))
        sides.project.write([DOCKYARD, MINIMAL])
        assert min(sides.minimal(), sides.dockyard(), sides.dockyard()) > 0
        assert [counting.short(each) for each in sides.calls[MINIMAL]][:2] == ["services.get", "services.patch"]
        assert sides.fake.ready(sides.revision) <= sides.ended
        assert len(verbs.rolled_back(sides)) <= 3
