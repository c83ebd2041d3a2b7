"""When a deployment is looked at, and which of its ends are a success."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.target.ecs.faults import ClientError
from tasks.target.ecs.service import Entry, Service
from tasks.target.ecs.waiting import pause
from tests.fakes.cloud import Cloud
from tests.target.ecs.project import Project


def looks(pending: float, running: float) -> list[float]:
    """When a deployment is looked at whose tasks run after `pending` seconds, and which is over `running` later."""
    at, seen = [0.0], False
    while at[-1] < pending + running:
        seen = seen or at[-1] >= pending
        at.append(at[-1] + pause(at[-1], running=seen))
    return at


@pytest.mark.parametrize("half", [0.0, 0.05, 0.5, 1.0, 3.0, 10.0, 29.0])
def test_the_end_is_seen_within_a_second(half: float) -> None:
    assert looks(half, half)[-1] - 2 * half <= 1.0


def test_twenty_seconds_take_few_looks() -> None:
    assert len(looks(10, 10)) <= 19


def test_what_takes_minutes_is_looked_at_seldom() -> None:
    assert len(looks(30, 600)) < 300


def test_a_pause_grows_with_the_time_that_it_has_taken() -> None:
    pauses = [pause(each, running=False) for each in (0.0, 0.1, 0.3, 1.0, 5.0, 30.0, 400.0)]
    assert pauses == sorted(pauses)
    assert pauses[0] == 0.1
    assert pauses[-1] == 5.0


def test_a_deploy_of_twenty_seconds_is_back_in_a_second_with_at_most_35_calls(web: Project, cloud: Cloud) -> None:
    web.pin("v2")
    web.set(DEPLOY_TIMEOUT="60s")
    cloud.rollout(20)
    cloud.reset_calls()
    done = web.inv("deploy --json")
    assert done.code == 0, done.err
    update = next(each.at for each in cloud.log if each.operation == "UpdateService")
    tag = next(each.at for each in cloud.log if each.operation == "TagResource")
    assert 20 <= tag - update < 21.3, done.err
    assert len(cloud.calls) <= 35, "\n".join(f"{each.at - update:.2f} {each.operation}" for each in cloud.log)


def test_events_are_said_as_they_come_each_once(web: Project, cloud: Cloud) -> None:
    web.pin("v2")
    cloud.rollout(1)
    done = web.inv("deploy")
    assert done.code == 0, done.err
    for said in ("has started 2 tasks", "deployment completed", "has reached a steady state"):
        assert done.err.count(said) == 1, done.err


def test_a_deployment_that_is_listed_late_is_found(web: Project, cloud: Cloud) -> None:
    web.pin("v2")
    cloud.rollout(0.2)
    cloud.set(lag=1.0, stale=True)
    done = web.inv("deploy --json")
    assert (done.code, done.document["revision"]) == (0, "web:2"), done.err


def test_a_current_service_deployment_that_is_stale_misleads_nobody(web: Project, cloud: Cloud) -> None:
    cloud.set(stale=True)
    digest = web.pin("v2")
    cloud.broken(digest, how="crash")
    done = web.inv("deploy")
    assert done.code == 4, done.err
    assert cloud.running("web")["taskDefinition"].endswith("web:1")


@pytest.mark.parametrize(
    "configuration",
    [
        {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 2},
        {"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 20.0, "canaryBakeTimeInMinutes": 2}},
        {"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 50.0, "stepBakeTimeInMinutes": 1}},
    ],
    ids=lambda each: str(each["strategy"]),
)
def test_the_service_s_own_bakes_come_on_top_of_the_timeout(
    web: Project, cloud: Cloud, configuration: dict[str, Any]
) -> None:
    web.service("moved", strategy=configuration["strategy"], deploymentConfiguration=configuration)
    web.set(SERVICE="moved", DEPLOY_TIMEOUT="1s")
    cloud.rollout(0.2, minute=0.6)
    web.pin("v2")
    before = cloud.running("moved")["deploymentConfiguration"]
    done = web.inv("deploy")
    assert done.code == 0, done.err
    assert cloud.running("moved")["deploymentConfiguration"] == before
    (update,) = cloud.requests("UpdateService")
    assert set(update) == {"cluster", "service", "taskDefinition"}


def test_a_service_whose_answers_lag_behind_its_deployment_is_looked_at_again(
    web: Project, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.pin("v2")
    late = iter([True, True])
    entry = Service.entry

    def stale(service: Service) -> Entry:
        found = entry(service)
        first, *others = found["deployments"]
        if not next(late, False):
            return found
        old = {**first, "status": "ACTIVE", "id": "ecs-svc/1", "taskDefinition": "arn:aws:ecs:task-definition/web:1"}
        return {**found, "deployments": [{**first, "rolloutState": "IN_PROGRESS"}, old, *others]}

    monkeypatch.setattr(Service, "entry", stale)
    done = web.inv("deploy --json")
    assert (done.code, done.document["revision"]) == (0, "web:2"), done.err
    assert next(late, None) is None


def test_a_request_that_ecs_failed_to_answer_may_have_been_carried_out(web: Project, cloud: Cloud) -> None:
    web.pin("v2")
    update = Service.update
    refusal: Any = {"Error": {"Code": "ServerException"}, "ResponseMetadata": {"HTTPStatusCode": 500}}
    asked: list[dict[str, Any]] = []

    def failing(service: Service, **request: Any) -> Entry:
        found = update(service, **request)
        asked.append(request)
        if len(asked) == 1:
            raise ClientError(refusal, "UpdateService")
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Service, "update", failing)
        done = web.inv("deploy")
    assert done.code == 4, done.err
    assert "It was undone; web:1 serves." in done.err
    assert web.serving() == "web:1"
