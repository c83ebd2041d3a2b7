"""Logs that go on: late lines, releases, and the verbs that read them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tasks.target import LogQuery
from tasks.target.ecs import following, logs
from tasks.target.ecs.workers import Fleet
from tests.fakes.cloud import Cloud
from tests.target.ecs.project import Project
from tests.target.ecs.reading import fleet as fleet
from tests.target.ecs.reading import ids, now, quiet


@pytest.fixture
def follow(fleet: Callable[..., Fleet], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Iterator[str]]:
    monkeypatch.setattr(following, "POLL", 0.02)
    monkeypatch.setattr(following, "LOOK", 0.02)

    def lines(**query: Any) -> Iterator[str]:
        return (each.text for each in logs.read(fleet(), LogQuery(follow=True, **query)))

    return lines


def test_following_gives_each_line_once_late_ones_too(cloud: Cloud, follow: Callable[..., Iterator[str]]) -> None:
    cloud.service("web", desired=2)
    one, two = ids(cloud)
    coming = follow()
    assert [next(coming), next(coming)] == ["ready", "ready"]
    at = now()
    cloud.logs("/ecs/web", f"ecs/app/{one}", [(at, "first")])
    assert next(coming) == "first"
    cloud.logs("/ecs/web", f"ecs/app/{two}", [(at - 500, "late"), (at, "same time")])
    assert [next(coming), next(coming)] == ["late", "same time"]
    cloud.logs("/ecs/web", f"ecs/app/{one}", [(at + 1, "last")])
    assert next(coming) == "last"


def test_following_does_not_bring_back_what_the_limit_left_out(
    cloud: Cloud, follow: Callable[..., Iterator[str]]
) -> None:
    quiet(cloud)
    cloud.service("web")
    [task] = ids(cloud)
    at = now()
    cloud.logs("/ecs/web", f"ecs/app/{task}", [(at - 500 + n, f"line {n}") for n in range(5)])
    coming = follow(limit=1)
    assert next(coming) == "line 4"
    cloud.logs("/ecs/web", f"ecs/app/{task}", [(now() + 1500, "new")])
    assert next(coming) == "new"


def test_following_goes_on_over_a_release_even_to_another_group(
    cloud: Cloud, follow: Callable[..., Iterator[str]]
) -> None:
    cloud.service("web")
    coming = follow()
    assert next(coming) == "ready"
    client = cloud.client("ecs")
    content = cloud.task_definition("web")
    container = content["containerDefinitions"][0]
    container["logConfiguration"]["options"]["awslogs-group"] = "/ecs/moved"
    registered = client.register_task_definition(
        family="web", containerDefinitions=[container], networkMode="awsvpc", cpu="256", memory="512",
        requiresCompatibilities=["FARGATE"],
    )  # fmt: skip
    cloud.set(startup=("second is up",))
    client.update_service(cluster="c", service="web", taskDefinition=registered["taskDefinition"]["taskDefinitionArn"])
    assert list(itertools.islice(coming, 1)) == ["second is up"]


def test_a_log_that_cannot_be_read_leaves_a_release_unverified_and_undoes_nothing(web: Project, cloud: Cloud) -> None:
    web.set(LOG_DENY="exec format error")
    cloud.deny("logs:FilterLogEvents")
    web.pin("v2")
    deployed = web.inv("deploy --json")
    assert deployed.code == 0, deployed.err
    [check] = [each for each in deployed.document["checks"] if each["name"] == "log"]
    assert (check["ok"], check["detail"][:31]) == (None, "AWS denies logs:FilterLogEvents")


def test_a_line_that_log_deny_forbids_undoes_a_release(web: Project, cloud: Cloud) -> None:
    web.set(LOG_DENY="exec format error")
    web.pin("v2")
    cloud.set(startup=("starting", "exec format error: ./app"))
    deployed = web.inv("deploy")
    assert deployed.code == 4
    assert "web:2 serves but failed log (web-" in deployed.err
    assert web.serving() == "web:1"


def test_the_verb_s_lines_for_programs(web: Project, cloud: Cloud) -> None:
    quiet(cloud)
    [task, _] = ids(cloud)
    cloud.logs("/ecs/web", f"ecs/app/{task}", [(1, "before the deployment"), (now(), "caf\u00e9 ERROR")])
    shown = web.inv("logs.tail --json --filter=ERROR --limit=5")
    assert shown.code == 0, shown.err
    assert shown.document["source"] == f"web-{task[:8]}"
    assert shown.document["text"] == "caf\u00e9 ERROR"
