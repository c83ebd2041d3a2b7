"""What happened lately: deployments with counts and reasons, tasks that stopped and why, events."""

from __future__ import annotations

from pathlib import Path

from tasks.target import Recent
from tasks.target.ecs.recent import recent
from tests.fakes.cloud import Cloud
from tests.target.ecs.looking import deployed, fleet, served, settings


def looked(cloud: Cloud, root: Path, text: str = "") -> Recent:
    env = settings(cloud, root, text)
    look = fleet(env)
    return recent(look.clients.ecs, env, look.names, {"web-beat:1": "web:1"})


def test_a_steady_service_has_one_deployment_with_its_counts(cloud: Cloud, tmp_path: Path) -> None:
    served(cloud, desired=2)
    found = looked(cloud, tmp_path)
    assert [(each.revision, each.state) for each in found.deployments] == [("web:1", "PRIMARY COMPLETED")]
    assert found.deployments[0].detail.startswith("2 of 2 running; ECS deployment ecs-svc/")
    assert found.stopped == ()
    assert found.events[0].text == "(service web) has reached a steady state."
    assert found.events[0].at.endswith("Z")


def test_a_task_that_crashed_says_why(cloud: Cloud, tmp_path: Path) -> None:
    served(cloud)
    cloud.crash("web", exit_code=3)
    (gone,) = looked(cloud, tmp_path).stopped
    assert (gone.process, gone.revision) == ("web", "web:1")
    assert gone.detail.endswith("Essential container in task exited; app exited with code 3")


def test_a_deployment_that_the_circuit_breaker_took_back_is_told_with_its_reason(cloud: Cloud, tmp_path: Path) -> None:
    served(cloud)
    other = cloud.image("web", "v2")
    cloud.broken(other, "oom")
    deployed(cloud, other)
    found = looked(cloud, tmp_path)
    states = {each.revision: each for each in found.deployments}
    assert states["web:1"].state == "PRIMARY COMPLETED"
    assert states["web:2"].state.startswith("ROLLBACK_")
    assert "circuit breaker" in states["web:2"].detail
    assert any("(raise MEMORY)" in each.detail for each in found.stopped if each.revision == "web:2")


def test_a_rollout_under_way_shows_both_deployments(cloud: Cloud, tmp_path: Path) -> None:
    served(cloud)
    cloud.rollout(60)
    deployed(cloud, cloud.image("web", "v2"))
    found = looked(cloud, tmp_path).deployments
    assert [(each.revision, each.state.split()[0]) for each in found] == [("web:2", "PRIMARY"), ("web:1", "ACTIVE")]
    assert "1 pending" in found[0].detail


def test_workers_are_told_beside_the_service(cloud: Cloud, tmp_path: Path) -> None:
    served(cloud)
    served(cloud, "web-beat")
    cloud.crash("web-beat")
    found = looked(cloud, tmp_path, "PROCESS_BEAT=beat\n")
    assert {each.revision for each in found.deployments} == {"web:1", "web-beat:1"}
    assert [(each.process, each.revision) for each in found.stopped] == [("beat", "web:1")]
    assert {each.text.partition(")")[0] for each in found.events} == {"(service web", "(service web-beat"}


def test_only_the_last_ten_events_are_told_newest_first(cloud: Cloud, tmp_path: Path) -> None:
    served(cloud)
    for exit_code in range(12):
        cloud.crash("web", exit_code=exit_code)
    found = looked(cloud, tmp_path)
    assert len(found.events) == len(found.stopped) == 10
    assert [each.at for each in found.events] == sorted((each.at for each in found.events), reverse=True)


def test_a_worker_that_crashes_all_the_time_does_not_hide_the_service(cloud: Cloud, tmp_path: Path) -> None:
    served(cloud)
    served(cloud, "web-beat")
    cloud.crash("web")
    for _ in range(12):
        cloud.crash("web-beat")
    found = looked(cloud, tmp_path, "PROCESS_BEAT=beat\n")
    assert sorted(each.process for each in found.stopped) == ["beat"] * 10 + ["web"]
    assert any(each.text.startswith("(service web) ") for each in found.events)
