"""CANARY and BAKE as ECS has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasks.errors import SettingError
from tasks.target.ecs import strategy

from .sample import settings

KEPT: dict[str, Any] = {
    "deploymentCircuitBreaker": {"enable": True, "rollback": True},
    "maximumPercent": 200,
    "minimumHealthyPercent": 100,
    "alarms": {"alarmNames": ["5xx"], "enable": True, "rollback": True},
    "lifecycleHooks": [{"hookTargetArn": "arn:aws:lambda:x", "roleArn": "r", "lifecycleStages": ["PRE_SCALE_UP"]}],
}
LIVE: dict[str, Any] = {**KEPT, "strategy": "ROLLING"}


def canary(percent: float, minutes: int) -> dict[str, Any]:
    return {
        "strategy": "CANARY",
        "canaryConfiguration": {"canaryPercent": percent, "canaryBakeTimeInMinutes": minutes},
    }


def linear(percent: float, minutes: int) -> dict[str, Any]:
    return {"strategy": "LINEAR", "linearConfiguration": {"stepPercent": percent, "stepBakeTimeInMinutes": minutes}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("BAKE=90s\n", None),
        ("CANARY=10\n", {**KEPT, **canary(10.0, 1)}),
        ("CANARY=10\nBAKE=90s\n", {**KEPT, **canary(10.0, 2), "bakeTimeInMinutes": 2}),
        ("CANARY=10\nBAKE=0\n", {**KEPT, **canary(10.0, 0), "bakeTimeInMinutes": 0}),
        ("CANARY=25,50,75\nBAKE=5m\nDEPLOY_TIMEOUT=1h\n", {**KEPT, **linear(25.0, 5), "bakeTimeInMinutes": 5}),
        ("CANARY=30,60,90\n", {**KEPT, **linear(30.0, 1)}),
    ],
)
def test_steps_are_a_canary_or_linear_and_all_else_stays(
    tmp_path: Path, text: str, expected: dict[str, Any] | None
) -> None:
    assert strategy.configuration(settings(tmp_path, text), LIVE) == expected


def test_the_other_kind_s_configuration_goes_and_a_bake_time_stays(tmp_path: Path) -> None:
    live = {**KEPT, **linear(25.0, 5), "bakeTimeInMinutes": 7}
    expected = {**KEPT, **canary(5.0, 1), "bakeTimeInMinutes": 7}
    assert strategy.configuration(settings(tmp_path, "CANARY=5\n"), live) == expected


def test_what_is_so_already_is_not_sent_again(tmp_path: Path) -> None:
    assert strategy.configuration(settings(tmp_path, "CANARY=5\n"), {**KEPT, **canary(5, 1)}) is None


@pytest.mark.parametrize(
    ("configuration", "words"),
    [
        ({}, "ROLLING"),
        (LIVE, "ROLLING"),
        ({"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5}, "BLUE_GREEN, then 5 min at 100 %"),
        (canary(2.5, 3), "CANARY 2.5 % for 3 min"),
        ({**linear(25.0, 0), "bakeTimeInMinutes": 1}, "LINEAR 25 % every 0 min, then 1 min at 100 %"),
        ({"strategy": "CANARY"}, "CANARY 5 % for 10 min"),
        ({"strategy": "LINEAR"}, "LINEAR 10 % every 6 min"),
    ],
)
def test_a_configuration_in_words(configuration: dict[str, Any], words: str) -> None:
    assert strategy.described(configuration) == words


def test_a_canary_of_a_service_without_load_balancer_is_refused(tmp_path: Path) -> None:
    it = settings(tmp_path, "CANARY=10\n")
    strategy.refuse(it, {"loadBalancers": [{"targetGroupArn": "t"}]})
    strategy.refuse(it, {"deployments": [{"serviceConnectConfiguration": {"enabled": True}}]})
    strategy.refuse(settings(tmp_path), {})
    with pytest.raises(SettingError) as failure:
        strategy.refuse(settings(tmp_path, "CANARY=10\n"), {"serviceName": "api", "loadBalancers": []})
    assert failure.value.message == (
        "env/prod.env:6: CANARY needs a load balancer or Service Connect, and api has neither; remove it."
    )
