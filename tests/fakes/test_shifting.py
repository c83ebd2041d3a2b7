"""Blue/green, canary and linear deployments of the fake."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.cloud import Cloud
from tests.fakes.registering import registered, update

CANARY = {"strategy": "CANARY", "canaryConfiguration": {"canaryPercent": 20.0, "canaryBakeTimeInMinutes": 5}}
LINEAR = {"strategy": "LINEAR", "linearConfiguration": {"stepPercent": 25.0, "stepBakeTimeInMinutes": 2}}
BLUE_GREEN = {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 3}


def now(cloud: Cloud) -> dict[str, Any]:
    arn = cloud.running("web")["currentServiceDeployment"]
    found: dict[str, Any] = cloud.client("ecs").describe_service_deployments(serviceDeploymentArns=[arn])
    going: dict[str, Any] = found["serviceDeployments"][0]
    return going


@pytest.mark.parametrize(
    ("configuration", "expected"),
    [
        (CANARY, [(20.0, 5), (100.0, 0)]),
        (LINEAR, [(25.0, 2), (50.0, 2), (75.0, 2), (100.0, 0)]),
        (BLUE_GREEN, [(100.0, 3)]),
    ],
    ids=lambda each: each.get("strategy", "") if isinstance(each, dict) else "",
)
def test_the_traffic_moves_in_steps(
    cloud: Cloud, configuration: dict[str, Any], expected: list[tuple[float, int]]
) -> None:
    cloud.service("web", load_balancer=True)
    cloud.rollout(0, minute=60)
    update(cloud, registered(cloud, "v2"), deploymentConfiguration=configuration)
    for share, minutes in expected:
        if minutes:
            going = now(cloud)
            target, source = going["targetServiceRevision"], going["sourceServiceRevisions"][0]
            assert going["status"] == "IN_PROGRESS"
            assert target["requestedProductionTrafficWeight"] == share
            assert source["requestedProductionTrafficWeight"] == 100 - share
            assert [each["runningCount"] for each in cloud.running("web")["deployments"]] == [1, 1]
            cloud.later(60 * minutes)
    assert now(cloud)["status"] == "SUCCESSFUL"
    assert now(cloud)["lifecycleStage"] == "CLEAN_UP"
    assert len(cloud.running("web")["deployments"]) == 1
    assert cloud.running("web")["deploymentConfiguration"]["deploymentCircuitBreaker"]["enable"]


def test_a_broken_one_never_gets_traffic_and_no_breaker_ends_it(cloud: Cloud) -> None:
    cloud.service("web", strategy="BLUE_GREEN")
    image = registered(cloud, "v2")
    cloud.broken("sha256:")
    update(cloud, image)
    cloud.later(3600)
    going = now(cloud)
    assert (going["status"], going["lifecycleStage"]) == ("IN_PROGRESS", "SCALE_UP")
    assert going["targetServiceRevision"]["requestedProductionTrafficWeight"] == 0
    assert going["deploymentCircuitBreaker"]["status"] == "DISABLED"


def test_the_breaker_may_end_it_too(cloud: Cloud) -> None:
    cloud.service("web", strategy="BLUE_GREEN")
    image = registered(cloud, "v2")
    cloud.set(breaks_shifting=True)
    cloud.broken("sha256:", "pull")
    update(cloud, image)
    assert now(cloud)["status"] == "ROLLBACK_SUCCESSFUL"


def test_an_alarm_takes_it_back(cloud: Cloud) -> None:
    cloud.service("web", strategy="CANARY")
    before = cloud.running("web")["taskDefinition"]
    cloud.rollout(0, minute=60)
    update(cloud, registered(cloud, "v2"))
    cloud.alarm("web")
    assert now(cloud)["status"] == "ROLLBACK_SUCCESSFUL"
    assert cloud.running("web")["taskDefinition"] == before


def test_steps_need_something_that_moves_the_traffic(cloud: Cloud) -> None:
    cloud.service("web")
    ecs = cloud.client("ecs")
    with pytest.raises(ecs.exceptions.InvalidParameterException, match="requires a load balancer or Service Connect"):
        ecs.update_service(cluster="c", service="web", deploymentConfiguration=CANARY)
    assert cloud.running("web")["deploymentConfiguration"]["strategy"] == "ROLLING"
