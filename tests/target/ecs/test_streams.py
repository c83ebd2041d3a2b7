"""Where tasks log to, and the request for what they wrote, by exact expected value."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.errors import DockyardError
from tasks.target.ecs import streams
from tasks.target.ecs.streams import Place
from tests.target.ecs import sample

PLACE = Place("eu-north-1", "/ecs/web", "ecs/app/")


def test_named_streams_are_asked_for_and_only_the_newest_events() -> None:
    assert streams.request(PLACE, 2_000_000_000_000, tasks=["b", "a"], pattern="ERROR", newest=20) == {
        "logGroupName": "/ecs/web",
        "logStreamNames": ["ecs/app/a", "ecs/app/b"],
        "startTime": 2_000_000_000_000,
        "filterPattern": "ERROR",
        "startFromHead": False,
        "limit": 100,
    }


def test_more_streams_than_can_be_named_are_asked_for_by_their_beginning() -> None:
    assert streams.request(PLACE, 5, tasks=[str(n) for n in range(101)]) == {
        "logGroupName": "/ecs/web",
        "logStreamNamePrefix": "ecs/app/",
        "startTime": 5,
    }


def test_a_read_from_the_end_begins_no_sooner_than_cloudwatch_allows() -> None:
    assert streams.request(PLACE, 0, newest=1)["startTime"] == 1_704_067_200_000


def test_times_are_as_those_of_every_target() -> None:
    assert streams.at(1_795_300_467_007) == "2026-11-21T22:34:27.007Z"


@pytest.mark.parametrize(
    ("logging", "sentence"),
    [
        ({"logDriver": "awsfirelens", "options": {}}, "logs through awsfirelens, and Dockyard reads CloudWatch only"),
        (None, "Container api of api:42 has no log configuration, and Dockyard reads CloudWatch only: give it the"),
        ({"logDriver": "awslogs", "options": {"awslogs-group": "/x"}}, "without awslogs-stream-prefix"),
    ],
)
def test_another_log_driver_or_none_is_said(tmp_path: Path, logging: object, sentence: str) -> None:
    content = sample.described()
    content["containerDefinitions"][0]["logConfiguration"] = logging
    with pytest.raises(DockyardError, match=sentence):
        streams.places(sample.live(content), sample.settings(tmp_path))


def test_the_region_is_that_of_the_log_driver(tmp_path: Path) -> None:
    content = sample.described()
    content["containerDefinitions"][0]["logConfiguration"]["options"]["awslogs-region"] = "us-east-1"
    assert streams.places(sample.live(content), sample.settings(tmp_path)) == [
        Place("us-east-1", "/ecs/api", "ecs/api/")
    ]
