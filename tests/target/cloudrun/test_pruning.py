"""Which revisions go, and that nothing goes which somebody needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.target import Traffic
from tasks.target.cloudrun import pruning
from tasks.target.cloudrun.service import Fleet
from tests.fakes.gcp.cloud import Cloud
from tests.target.cloudrun.looking import change, deployed, digest, fleet, verified
from tests.target.cloudrun.project import Project

NAMES = [f"web-0000{number}-abc" for number in range(1, 8)]
DELETE = "run.projects.locations.services.revisions.delete"


@pytest.fixture
def of(gcp: Cloud, tmp_path: Path) -> Fleet:
    """Seven revisions, v1 to v7, the last of which serves; 2, 3, 5 and 7 were verified."""
    found = fleet(gcp, tmp_path)
    for number, name in enumerate(NAMES, 1):
        deployed(gcp, found, name, f"v{number}")
    verified(found, *(NAMES[each - 1] for each in (2, 3, 5, 7)))
    gcp.forget()
    return found


def names(of: Fleet, keep: int = 1, pinned: tuple[str, ...] = ()) -> list[int]:
    found = pruning.prunable(of, keep, pinned)
    assert {each.kind for each in found} <= {"revision"}
    return [NAMES.index(each.name) + 1 for each in found]


@pytest.mark.parametrize(("keep", "going"), [(0, [6, 5, 4, 3, 2, 1]), (1, [6, 4, 3, 2, 1]), (2, [6, 4, 2, 1])])
def test_what_serves_and_the_last_verified_ones_stay(of: Fleet, keep: int, going: list[int]) -> None:
    assert names(of, keep) == going


def test_why_each_goes_is_told(of: Fleet) -> None:
    why = {each.name: each.why for each in pruning.prunable(of, 1, ())}
    assert why[NAMES[5]] == "never verified"
    assert why[NAMES[1]] == "not among the last 1 verified"


def test_what_is_pinned_has_traffic_or_a_tag_stays(gcp: Cloud, of: Fleet) -> None:
    deployed(
        gcp, of, "web-00008-abc", "v8", [Traffic(NAMES[6], 90), Traffic(NAMES[3], 10), Traffic(NAMES[0], 0, "old")]
    )
    assert names(of, 0, (digest("v6"),)) == [5, 3, 2]


def test_a_revision_that_somebody_else_made_stays(gcp: Cloud, of: Fleet) -> None:
    live = of.read()
    assert live is not None
    live.template.annotations.clear()
    change(of, template=live.template)
    deployed(gcp, of, "web-00009-abc", "v9")
    foreign = next(each for each in of.revisions() if not each.annotations)
    assert foreign.name.rpartition("/")[2] not in {each.name for each in pruning.prunable(of, 0, ())}


@pytest.mark.parametrize("gcp_transport", ["rest", "grpc"])
def test_what_goes_is_deleted(gcp: Cloud, of: Fleet) -> None:
    going = pruning.prunable(of, 1, ())
    assert pruning.prune(of, going) == going
    assert gcp.counted()[DELETE] == len(going) == 5
    assert [each.name.rpartition("/")[2] for each in of.revisions()] == [NAMES[6], NAMES[4]]


def test_what_has_got_traffic_meanwhile_is_not_deleted(gcp: Cloud, of: Fleet) -> None:
    going = pruning.prunable(of, 1, ())
    shares = [Traffic(NAMES[6], 50), Traffic(NAMES[5], 50)]
    deployed(gcp, of, "web-00008-abc", "v8", shares)
    assert NAMES[5] not in {each.name for each in pruning.prune(of, going)}
    assert {each.name.rpartition("/")[2] for each in of.revisions()} >= {NAMES[5], NAMES[6]}


def test_what_cloud_run_keeps_and_what_is_gone_already_stop_nothing(gcp: Cloud, of: Fleet) -> None:
    going = pruning.prunable(of, 1, ())
    of.clients.revisions.delete_revision(name=f"{of.name}/revisions/{NAMES[0]}")
    gcp.fault("run", "revisions.delete", 400, "Revision is serving")
    assert len(pruning.prune(of, going)) == len(going) - 1


def test_the_verb_deletes_what_no_rollback_takes(web: Project) -> None:
    first, second, third = web.deployed("v1", "v2", "v3")
    done = web.inv("prune --keep=1 --json")
    assert done.code == 0, done.err
    assert [each["name"] for each in done.document["removed"]] == [first]
    assert [each["revision"] for each in web.inv("history --json").document["releases"]] == [third, second]
    assert web.lock == ""


def test_the_lock_is_there_before_anything_is_deleted(web: Project) -> None:
    web.deployed("v1", "v2", "v3")
    seen: list[str] = []
    web.cloud.meanwhile("run", "revisions.delete", lambda: seen.append(web.lock))
    assert web.inv("prune --keep=0").code == 0
    assert [bool(each) for each in seen] == [True]
    assert web.lock == ""
