"""CPU and MEMORY: the task's or the container's, and what Fargate has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tasks.errors import SettingError
from tasks.target.ecs import definition

from .sample import ACCEPTED, API, RELEASE, ROUTER, api, described, live, settings

EC2: dict[str, Any] = {"requiresCompatibilities": ["EC2"], "cpu": None, "memory": None}


def wanted(root: Path, text: str, **content: Any) -> dict[str, Any]:
    return definition.wanted(live(described(**content)), settings(root, text), RELEASE, ACCEPTED)


def test_on_fargate_they_are_the_task_s(tmp_path: Path) -> None:
    after = wanted(tmp_path, "CPU=500m\nMEMORY=3Gi\n")
    assert (after["cpu"], after["memory"], api(after)["cpu"], "memory" in api(after)) == ("512", "3072", 0, False)


def test_a_container_that_had_all_of_the_task_s_keeps_it_all(tmp_path: Path) -> None:
    whole = {**API, "cpu": 256, "memory": 512}
    after = wanted(tmp_path, "CPU=1\nMEMORY=2Gi\n", containerDefinitions=[whole])
    assert (after["cpu"], after["memory"], api(after)["cpu"], api(after)["memory"]) == ("1024", "2048", 1024, 2048)


def test_a_container_with_a_limit_of_its_own_keeps_that(tmp_path: Path) -> None:
    after = wanted(tmp_path, "MEMORY=1Gi\n", containerDefinitions=[{**API, "memory": 300}])
    assert (after["memory"], api(after)["memory"]) == ("1024", 300)


def test_on_ec2_they_are_the_container_s_alone(tmp_path: Path) -> None:
    after = wanted(tmp_path, "CPU=100m\nMEMORY=100Mi\n", **EC2)
    assert (api(after)["cpu"], api(after)["memory"], "cpu" in after, "memory" in after) == (102, 100, False, False)
    assert after["containerDefinitions"][1]["cpu"] == ROUTER["cpu"]


def test_on_ec2_a_size_of_the_task_stays_the_task_s(tmp_path: Path) -> None:
    after = wanted(tmp_path, "CPU=300m\n", **{**EC2, "cpu": "256"})
    assert (after["cpu"], api(after)["cpu"]) == ("307", 0)


def test_a_size_of_the_definition_that_no_setting_names_is_not_judged(tmp_path: Path) -> None:
    assert wanted(tmp_path, "", cpu="1", memory="1")["cpu"] == "1"


def test_a_larger_size_than_is_known_is_left_to_ecs(tmp_path: Path) -> None:
    assert wanted(tmp_path, "CPU=32\nMEMORY=60Gi\n")["cpu"] == "32768"


@pytest.mark.parametrize(
    ("text", "content", "sentence"),
    [
        (
            "CPU=300m\n",
            {},
            "env/prod.env:6: Fargate has no tasks of 307 CPU units and 512 MiB; "
            "write CPU as one of 0.25, 0.5, 1, 2, 4, 8, 16.",
        ),
        (
            "MEMORY=3Gi\n",
            {},
            "env/prod.env:6: Fargate has no tasks of 256 CPU units and 3072 MiB; with CPU=0.25 write MEMORY from "
            "512Mi to 2048Mi, 1024Mi.",
        ),
        (
            "CPU=8\nMEMORY=17Gi\n",
            {},
            "env/prod.env:7: Fargate has no tasks of 8192 CPU units and 17408 MiB; with CPU=8 write MEMORY from "
            "16384Mi to 61440Mi in steps of 4096Mi.",
        ),
        (
            "MEMORY=512Mi\n",
            {"memory": "1024", "containerDefinitions": [{**API, "memory": 500}, {**ROUTER, "memory": 50}]},
            "env/prod.env:6: the containers' own memory (api 500, router 50) is more than the task's 512 MiB; "
            "raise MEMORY, or lower theirs in the task definition.",
        ),
        (
            "DRAIN_TIMEOUT=3m\n",
            {},
            "env/prod.env:6: DRAIN_TIMEOUT is at most 120s on Fargate; lower it.",
        ),
    ],
)
def test_what_fargate_does_not_have_is_a_sentence(
    tmp_path: Path, text: str, content: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(SettingError) as failure:
        wanted(tmp_path, text, **content)
    assert failure.value.message == sentence


def test_what_only_fargate_does_not_have_is_fine_on_ec2(tmp_path: Path) -> None:
    assert api(wanted(tmp_path, "CPU=300m\nDRAIN_TIMEOUT=3m\n", **EC2))["stopTimeout"] == 180
