"""Two task definitions that ECS treats alike do not differ, and what differs is told without secrets."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as run
from hypothesis import strategies as st

from tasks.target import Change
from tasks.target.ecs import definition
from tasks.target.ecs.difference import difference

from .sample import ACCEPTED, API, NEW, OLD, REPOSITORY, ROUTER, SECRET, described

ONE: dict[str, Any] = {"family": "api", "networkMode": "awsvpc", "containerDefinitions": [API]}


def but(**changed: Any) -> dict[str, Any]:
    return {**ONE, "containerDefinitions": [{**API, **changed}]}


def test_the_same_is_no_difference() -> None:
    request = definition.registrable(described(), ACCEPTED)
    assert difference(request, copy.deepcopy(request)) == []


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (but(image=f"{REPOSITORY}@{NEW}"), [Change("IMAGE digest", OLD, NEW)]),
        (
            but(image=f"other/api@{NEW}"),
            [Change("IMAGE", REPOSITORY, "other/api"), Change("IMAGE digest", OLD, NEW)],
        ),
        (
            but(environment=[{"name": "MODE", "value": ""}, *API["environment"][1:], {"name": "A", "value": "b"}]),
            [Change("ENV_A", "", "b"), Change("ENV_MODE", "fast", "''")],
        ),
        (
            but(environment=[API["environment"][0], {"name": "DB_PASSWORD", "value": "other"}]),
            [
                Change("ENV_DB_PASSWORD", "********", "******** (another value)"),
                Change("ENV_EMPTY", "''", ""),
            ],
        ),
        (
            but(
                environment=[each for each in API["environment"] if each["name"] != "DB_PASSWORD"],
                secrets=[*API["secrets"], {"name": "DB_PASSWORD", "valueFrom": f"{SECRET}db"}],
            ),
            [Change("ENV_DB_PASSWORD", "********", ""), Change("SECRET_DB_PASSWORD", "", f"{SECRET}db")],
        ),
        (but(essential=False), [Change("essential", "", "false")]),
        (but(stopTimeout=30), [Change("stopTimeout", "", "30")]),
        (
            but(command=["run", "--token", "hunter2", "--api-key=hunter2", "postgresql://u:hunter2@h", "a b"]),
            [Change("command", "", "run --token '********' '--api-key=********' '********' 'a b'")],
        ),
        (
            but(logConfiguration={"logDriver": "splunk", "options": {"splunk-token": "hunter2", "splunk-url": "u"}}),
            [
                Change("logConfiguration.logDriver", "awslogs", "splunk"),
                Change("logConfiguration.options.awslogs-group", "/ecs/api", ""),
                Change("logConfiguration.options.awslogs-region", "eu-north-1", ""),
                Change("logConfiguration.options.awslogs-stream-prefix", "ecs", ""),
                Change("logConfiguration.options.splunk-token", "", "********"),
                Change("logConfiguration.options.splunk-url", "", "u"),
            ],
        ),
        ({**ONE, "cpu": "512"}, [Change("cpu", "", "512")]),
        ({**ONE, "family": "b"}, [Change("family", "api", "b")]),
        ({**ONE, "volumes": [{"name": "data"}]}, [Change("volumes.data", "", "true")]),
        (
            {**ONE, "containerDefinitions": [API, {"name": "b", "image": "c@d"}]},
            [Change("IMAGE", "", "c@d")],
        ),
    ],
)
def test_a_difference_is_told_by_name(after: dict[str, Any], expected: list[Change]) -> None:
    assert difference(ONE, after) == expected


def test_a_port_that_is_added_is_told() -> None:
    more = [*API["portMappings"], {"containerPort": 53, "protocol": "udp"}]
    assert difference(ONE, but(portMappings=more)) == [Change("portMappings.53 udp", "", "true")]


def test_the_order_of_a_command_and_of_files_of_variables_counts() -> None:
    assert difference(but(command=["a", "b"]), but(command=["b", "a"])) == [Change("command", "a b", "b a")]


FULL: dict[str, Any] = {
    "family": "api",
    "networkMode": "awsvpc",
    "requiresCompatibilities": ["EC2", "FARGATE"],
    "volumes": [
        {"name": "a", "efsVolumeConfiguration": {"fileSystemId": "fs", "rootDirectory": "/"}},
        {"name": "b", "host": {}},
    ],
    "containerDefinitions": [
        {
            **API,
            "ulimits": [{"name": "nofile", "softLimit": 1, "hardLimit": 2}, {"name": "core", "softLimit": 0}],
            "mountPoints": [
                {"sourceVolume": "a", "containerPath": "/a", "readOnly": False},
                {"sourceVolume": "b", "containerPath": "/b", "readOnly": True},
            ],
            "dependsOn": [{"containerName": "router", "condition": "START"}],
            "dockerLabels": {"essential": "true", "cpu": "0"},
            "linuxParameters": {"capabilities": {"add": ["SYS_PTRACE", "KILL"], "drop": ["ALL"]}},
        },
        {**ROUTER, "healthCheck": {"command": ["CMD", "true"], "interval": 30, "timeout": 5, "retries": 3}},
    ],
}
ORDERED = ("command", "entryPoint")
FILLED: dict[str, dict[str, Any]] = {
    "containerDefinitions": {"cpu": 0, "essential": True, "mountPoints": [], "user": None, "privileged": False},
    "healthCheck": {"interval": 30, "timeout": 5, "retries": 3, "startPeriod": None},
    "portMappings": {"protocol": "tcp"},
    "mountPoints": {"readOnly": False},
    "efsVolumeConfiguration": {"rootDirectory": "/"},
    "linuxParameters": {"initProcessEnabled": False, "devices": [], "tmpfs": None},
}


def rewritten(value: Any, field: str, dice: random.Random) -> Any:
    if isinstance(value, list):
        again = [rewritten(each, field, dice) for each in value]
        if field not in ORDERED:
            dice.shuffle(again)
        return again
    if not isinstance(value, dict):
        return value
    filled = FILLED.get(field, {})
    kept = {k: v for k, v in value.items() if not (k in filled and v == filled[k] and dice.random() < 0.5)}
    added = {k: v for k, v in filled.items() if k not in value and dice.random() < 0.5}
    members = [(name, rewritten(each, name, dice)) for name, each in (kept | added).items()]
    dice.shuffle(members)
    return dict(members)


@run(max_examples=100, deadline=None)
@given(st.randoms(use_true_random=False), st.randoms(use_true_random=False))
def test_order_defaults_and_nothing_are_no_difference(first: random.Random, second: random.Random) -> None:
    assert difference(rewritten(FULL, "", first), rewritten(FULL, "", second)) == []


@run(max_examples=100, deadline=None)
@given(st.randoms(use_true_random=False), st.sampled_from(["add", "drop", "change"]))
def test_a_variable_that_differs_is_found_whatever_the_order(dice: random.Random, how: str) -> None:
    other = rewritten(FULL, "", dice)
    main = next(each for each in other["containerDefinitions"] if each["name"] == "api")
    variables = main["environment"]
    if how == "add":
        variables.insert(0, {"name": "ZED", "value": ""})
        expected = Change("ENV_ZED", "", "''")
    elif how == "drop":
        main["environment"] = [each for each in variables if each["name"] != "MODE"]
        expected = Change("ENV_MODE", "fast", "")
    else:
        main["environment"] = [each for each in variables if each["name"] != "MODE"] + [{"name": "MODE", "value": "x"}]
        expected = Change("ENV_MODE", "fast", "x")
    assert difference(FULL, other) == [expected]


def test_labels_that_are_named_like_fields_are_compared() -> None:
    assert difference(but(dockerLabels={"essential": "true"}), but()) == [Change("dockerLabels.essential", "true", "")]


def test_where_several_containers_differ_each_is_named() -> None:
    both = {**ONE, "containerDefinitions": [{**API, "user": "a"}, {"name": "b", "image": "c:1", "user": "a"}]}
    more = {**ONE, "containerDefinitions": [{**API, "user": "b"}, {"name": "b", "image": "c:2", "user": "a"}]}
    assert difference(both, more) == [Change("b IMAGE digest", "1", "2"), Change("api user", "a", "b")]
