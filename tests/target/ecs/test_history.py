"""The history of a family: newest first, described as it is looked at."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from tasks.rollback import choose, halfway
from tasks.target import Current, Revision, Traffic
from tasks.target.ecs.history import PAGE, History, history
from tests.fakes.cloud import Cloud
from tests.target.ecs.looking import fleet, register, served, settings


def found(cloud: Cloud, root: Path, text: str = "") -> History:
    env = settings(cloud, root, text)
    return history(fleet(env).catalog, env, "web", {"web:1": 100})


def described(cloud: Cloud) -> int:
    return len(cloud.requests("DescribeTaskDefinition"))


def test_a_task_definition_that_dockyard_never_made_tells_what_its_image_tells(cloud: Cloud, tmp_path: Path) -> None:
    digest = served(cloud)
    only = found(cloud, tmp_path)[0]
    assert (only.name, only.release.digest, only.verified, only.percent) == ("web:1", digest, False, 100)
    assert only.running
    assert only.startable


def test_one_that_goes_by_a_tag_tells_the_tag(cloud: Cloud, tmp_path: Path) -> None:
    cloud.service("web", image=f"{cloud.repository('web')}:v7")
    only = found(cloud, tmp_path)[0]
    assert (only.release.tag, only.release.digest) == ("v7", "")


def test_the_ledger_is_read_from_the_tags(cloud: Cloud, tmp_path: Path) -> None:
    other = cloud.image("web", "v2")
    served(cloud)
    register(cloud, "web:1", other, tag="v2", by="ann", at="2026-11-22T05:05:00Z", verified="2026-11-22T05:06:00Z")
    newest, oldest = found(cloud, tmp_path)
    assert (newest.name, newest.verified, newest.percent) == ("web:2", True, 0)
    assert (newest.release.tag, newest.release.by, newest.release.at) == ("v2", "ann", "2026-11-22T05:05:00Z")
    assert oldest.name == "web:1"


def test_a_family_whose_name_begins_alike_is_another(cloud: Cloud, tmp_path: Path) -> None:
    served(cloud)
    served(cloud, "web-beat")
    assert [each.name for each in found(cloud, tmp_path)] == ["web:1"]


def test_what_was_deregistered_is_no_history(cloud: Cloud, tmp_path: Path) -> None:
    digest = served(cloud)
    register(cloud, "web:1", digest)
    cloud.client("ecs").deregister_task_definition(taskDefinition="web:2")
    assert [each.name for each in found(cloud, tmp_path)] == ["web:1"]


def test_only_what_is_looked_at_is_described(cloud: Cloud, tmp_path: Path) -> None:
    digest = served(cloud)
    for _ in range(2 * PAGE + 2):
        register(cloud, "web:1", digest)
    every = found(cloud, tmp_path)
    cloud.reset_calls()
    assert len(every) == 2 * PAGE + 3
    assert described(cloud) == 0
    assert next(iter(every)).name == f"web:{2 * PAGE + 3}"
    assert described(cloud) == PAGE
    assert len(every[: PAGE + 1]) == PAGE + 1
    assert described(cloud) == 2 * PAGE
    assert [each.name for each in every][-1] == "web:1"
    assert every[-1].name == "web:1"
    assert described(cloud) == 2 * PAGE + 3  # and nothing twice


def test_a_page_is_described_once_for_several_who_look() -> None:
    asked: list[str] = []

    def describe(arn: str) -> Revision:
        asked.append(arn)
        return Revision(arn, None)  # type: ignore[arg-type]

    every = History([f"x/web:{number}" for number in range(PAGE + 1)], describe)
    assert [each.name for each in islice(every, 2)] == [each.name for each in every[:2]]
    assert len(asked) == PAGE
    assert every[0:0] == []
    assert list(History([], describe)) == []


def test_a_rollback_describes_no_more_than_it_needs(cloud: Cloud, tmp_path: Path) -> None:
    first = served(cloud)
    second = cloud.image("web", "v2")
    for number in range(2 * PAGE):
        register(cloud, "web:1", (first, second)[number % 2], verified="2026-11-22T05:06:00Z")
    newest = f"web:{2 * PAGE + 1}"
    every = found(cloud, tmp_path)
    cloud.reset_calls()
    assert halfway(every, Current(None, (Traffic(newest, 100),))) == ("", "")
    goal = choose(every, newest, "prod")
    assert goal is not None
    assert goal.name == f"web:{2 * PAGE}"
    assert described(cloud) == PAGE


def test_a_canary_and_what_it_shares_the_traffic_with_are_found(cloud: Cloud, tmp_path: Path) -> None:
    digest = served(cloud)
    register(cloud, "web:1", digest, verified="2026-11-22T05:06:00Z")
    register(cloud, "web:1", cloud.image("web", "v2"))
    env = settings(cloud, tmp_path)
    shares = {"web:2": 90, "web:3": 10}
    every = history(fleet(env).catalog, env, "web", shares)
    current = Current(None, tuple(Traffic(name, percent) for name, percent in shares.items()))
    assert halfway(every, current) == ("web:3", "web:2")
