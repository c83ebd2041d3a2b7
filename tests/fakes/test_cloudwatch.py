"""CloudWatch Logs of the fake: what is filtered, in which order, on how many pages."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.cloud import Cloud
from tests.fakes.cloudwatch import matches

START = 1_700_000_000_000


def written(cloud: Cloud) -> Any:
    cloud.logs("/ecs/web", "ecs/app/a", [(START, "GET / 200"), (START + 2000, "ERROR no database 500")])
    cloud.logs("/ecs/web", "ecs/app/b", [(START + 1000, "ERROR timeout")])
    cloud.logs("/ecs/web", "otel/otel/a", [(START + 1500, "otel started")])
    return cloud.client("logs")


def found(logs: Any, **more: Any) -> list[str]:
    return [each["message"] for each in logs.filter_log_events(logGroupName="/ecs/web", **more)["events"]]


def test_streams_are_interleaved_by_time(cloud: Cloud) -> None:
    every = found(written(cloud))
    assert every == ["GET / 200", "ERROR timeout", "otel started", "ERROR no database 500"]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"filterPattern": "ERROR"}, ["ERROR timeout", "ERROR no database 500"]),
        ({"logStreamNamePrefix": "otel/"}, ["otel started"]),
        ({"logStreamNames": ["ecs/app/b"]}, ["ERROR timeout"]),
        ({"startTime": START + 1, "endTime": START + 1500}, ["ERROR timeout", "otel started"]),
    ],
    ids=["pattern", "prefix", "names", "times"],
)
def test_events_are_chosen(cloud: Cloud, more: dict[str, Any], expected: list[str]) -> None:
    assert found(written(cloud), **more) == expected


@pytest.mark.parametrize(
    ("pattern", "message", "expected"),
    [
        ("", "anything", True),
        ("ERROR 500", "ERROR 500 x", True),
        ("ERROR 500", "ERROR x", False),
        ('"no database"', "a no database b", True),
        ("?ERROR ?WARN", "WARN x", True),
        ("?ERROR ?WARN", "INFO x", False),
        ("ERROR -timeout", "ERROR timeout", False),
        ("error", "ERROR", False),
    ],
)
def test_patterns_are_terms(pattern: str, message: str, expected: bool) -> None:
    assert matches(pattern, message) is expected


def test_pages_follow_each_other_and_may_be_empty(cloud: Cloud) -> None:
    logs = written(cloud)
    cloud.set(log_page=3, log_gaps=True)
    pages: list[int] = []
    token: dict[str, str] = {}
    while True:
        reply = logs.filter_log_events(logGroupName="/ecs/web", **token)
        pages.append(len(reply["events"]))
        if "nextToken" not in reply:
            break
        token = {"nextToken": reply["nextToken"]}
    assert pages == [0, 3, 1]


def test_a_stream_is_read_on_from_its_token(cloud: Cloud) -> None:
    logs = written(cloud)
    read = {"logGroupName": "/ecs/web", "logStreamName": "ecs/app/a"}
    first = logs.get_log_events(**read, startFromHead=True)
    assert len(first["events"]) == 2
    again = logs.get_log_events(**read, nextToken=first["nextForwardToken"])
    assert (again["events"], again["nextForwardToken"]) == ([], first["nextForwardToken"])
    cloud.logs("/ecs/web", "ecs/app/a", [(START + 3000, "more")])
    assert logs.get_log_events(**read, nextToken=first["nextForwardToken"])["events"][0]["message"] == "more"


def test_events_can_be_read_a_while_after_they_happened(cloud: Cloud) -> None:
    cloud.set(log_delay=10)
    now = int(cloud.region().now() * 1000)
    cloud.logs("/ecs/web", "s", [(now, "late")])
    logs = cloud.client("logs")
    assert found(logs) == []
    cloud.later(10)
    assert found(logs) == ["late"]


def test_groups_and_streams_are_listed_or_missing(cloud: Cloud) -> None:
    logs = written(cloud)
    assert [each["logGroupName"] for each in logs.describe_log_groups(logGroupNamePrefix="/ecs")["logGroups"]] == [
        "/ecs/web"
    ]
    newest = logs.describe_log_streams(logGroupName="/ecs/web", orderBy="LastEventTime", descending=True)
    assert [each["logStreamName"] for each in newest["logStreams"]] == ["ecs/app/a", "otel/otel/a", "ecs/app/b"]
    with pytest.raises(logs.exceptions.ResourceNotFoundException, match="log group does not exist"):
        logs.filter_log_events(logGroupName="/ecs/nope")
    with pytest.raises(logs.exceptions.ResourceNotFoundException, match="log stream does not exist"):
        found(logs, logStreamNames=["nope"])


def test_a_client_writes_too(cloud: Cloud) -> None:
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName="/ecs/web")
    logs.create_log_stream(logGroupName="/ecs/web", logStreamName="s")
    now = int(cloud.region().now() * 1000)
    logs.put_log_events(logGroupName="/ecs/web", logStreamName="s", logEvents=[{"timestamp": now, "message": "hello"}])
    assert found(logs) == ["hello"]


def test_a_scalable_target_owns_a_count(cloud: Cloud) -> None:
    cloud.autoscaled("web", 1, 4)
    scaling = cloud.client("application-autoscaling")
    reply = scaling.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=["service/c/web"])
    assert [(each["MinCapacity"], each["MaxCapacity"]) for each in reply["ScalableTargets"]] == [(1, 4)]
    other = scaling.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=["service/c/nope"])
    assert other["ScalableTargets"] == []
