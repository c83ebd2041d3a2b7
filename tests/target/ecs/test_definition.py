"""A release as the request that registers it: what the settings name, and nothing else."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from tasks.errors import SettingError
from tasks.target.ecs import definition
from tasks.target.ecs.difference import difference

from .sample import (
    ACCEPTED,
    API,
    DESCRIBED,
    NEW,
    OLD,
    RELEASE,
    REPOSITORY,
    ROUTER,
    api,
    described,
    live,
    settings,
    worker,
)

PLAIN = {
    "family": "api",
    "executionRoleArn": "arn:aws:iam::180703226577:role/ecsTaskExecutionRole",
    "networkMode": "awsvpc",
    "requiresCompatibilities": ["FARGATE"],
    "cpu": "256",
    "memory": "512",
    "volumes": [],
    "placementConstraints": [],
    "containerDefinitions": [
        {**API, "image": f"{REPOSITORY}@{NEW}"},
        {key: value for key, value in ROUTER.items() if value is not None},
    ],
}


def wanted(root: Path, text: str = "", content: dict[str, Any] | None = None) -> dict[str, Any]:
    return definition.wanted(live(content), settings(root, text), RELEASE, ACCEPTED)


def test_a_reply_becomes_a_request_with_the_new_digest_and_nothing_else(tmp_path: Path) -> None:
    assert wanted(tmp_path) == PLAIN


def test_the_described_definition_is_left_as_it_was(tmp_path: Path) -> None:
    found = live()
    before = copy.deepcopy(found.content)
    request = definition.wanted(found, settings(tmp_path, "ENV_MODE=slow\n"), RELEASE, ACCEPTED)
    api(request)["environment"].clear()
    assert found.content == before


def test_a_definition_tells_its_name_and_digest(tmp_path: Path) -> None:
    found = live(tags={"team": "blue"})
    assert (found.name, found.family, found.active) == ("api:42", "api", True)
    assert (found.digest(settings(tmp_path)), found.tags, found.unknown) == (OLD, {"team": "blue"}, ())
    assert not live(described(status="INACTIVE")).active


def test_a_definition_of_another_image_has_no_digest(tmp_path: Path) -> None:
    assert live(described(containerDefinitions=[ROUTER])).digest(settings(tmp_path)) == ""


def test_only_the_fields_of_its_own_raw_reply_are_noted() -> None:
    arn = DESCRIBED["taskDefinitionArn"]
    noted = [f"{arn} containerDefinitions[0].new", f"{arn}1 other", f"{arn} containerDefinitions[0].new"]
    assert definition.read({"taskDefinition": described()}, noted).unknown == ("containerDefinitions[0].new",)


def test_a_family_of_the_settings_is_the_service_s_own(tmp_path: Path) -> None:
    assert wanted(tmp_path, "TASK_FAMILY=other\n")["family"] == "other"
    it = settings(tmp_path, "TASK_FAMILY=other\n")
    assert definition.wanted(worker(), it, RELEASE, ACCEPTED, ["run"])["family"] == "api-worker"


def test_a_worker_gets_its_command_and_neither_port_nor_health_check(tmp_path: Path) -> None:
    it = settings(tmp_path, "CONTAINER=api\nPORT=9000\nHEALTH_COMMAND=true\nENV_MODE=slow\n")
    before = definition.registrable(worker().content, ACCEPTED)
    after = definition.wanted(worker(), it, RELEASE, ACCEPTED, ["celery", "-A", "app"])
    assert after == {
        **before,
        "containerDefinitions": [
            {
                **before["containerDefinitions"][0],
                "image": f"{REPOSITORY}@{NEW}",
                "command": ["celery", "-A", "app"],
                "environment": [{"name": "MODE", "value": "slow"}, *API["environment"][1:]],
            }
        ],
    }


def test_container_names_one_of_any_image(tmp_path: Path) -> None:
    after = wanted(tmp_path, "CONTAINER=router\n")
    assert [each["image"] for each in after["containerDefinitions"]] == [API["image"], f"{REPOSITORY}@{NEW}"]


def test_all_containers_of_the_image_get_it_and_the_one_with_ports_is_the_service(tmp_path: Path) -> None:
    other = {"name": "sidecar", "image": f"{REPOSITORY}:old", "essential": True}
    after = wanted(tmp_path, "HEALTH_COMMAND=true\nENV_A=1\n", described(containerDefinitions=[other, API]))
    sidecar, main = after["containerDefinitions"]
    assert sidecar == {**other, "image": f"{REPOSITORY}@{NEW}", "environment": [{"name": "A", "value": "1"}]}
    assert main["healthCheck"]["command"] == ["CMD", "true"]


@pytest.mark.parametrize(
    ("text", "content", "sentence"),
    [
        (
            "CONTAINER=app\n",
            {},
            "env/prod.env:6: CONTAINER=app is no container of api:42; write one of api, router.",
        ),
        (
            "",
            {"containerDefinitions": [ROUTER]},
            f"env/prod.env: no container of api:42 has an image of IMAGE={REPOSITORY}; write CONTAINER with the one "
            "that gets it: router (public.ecr.aws/aws-observability/aws-for-fluent-bit).",
        ),
        (
            "HEALTH_COMMAND=true\n",
            {"containerDefinitions": [{**API, "portMappings": []}, {**API, "name": "b", "portMappings": []}]},
            "env/prod.env: api and b of api:42 all run IMAGE; write CONTAINER with the one that is the service.",
        ),
        (
            "PORT=1\n",
            {"containerDefinitions": [{**API, "portMappings": [{"containerPort": 80}, {"containerPort": 81}]}]},
            "env/prod.env:6: PORT=1 is none of the ports of container api (80, 81), and which of them it replaces "
            "cannot be told; write one of them, or map it yourself first.",
        ),
        (
            "LOG_GROUP=/ecs/a\n",
            {"containerDefinitions": [{**API, "logConfiguration": {"logDriver": "awsfirelens"}}]},
            "env/prod.env:6: container api logs through awsfirelens, which knows no LOG_GROUP; remove it, or give "
            "the container the driver awslogs.",
        ),
    ],
)
def test_what_cannot_be_honoured_is_a_sentence(
    tmp_path: Path, text: str, content: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(SettingError) as failure:
        wanted(tmp_path, text, described(**content))
    assert failure.value.message == sentence


def test_a_request_registered_and_described_again_is_no_difference(tmp_path: Path) -> None:
    request = wanted(tmp_path, "ENV_MODE=slow\nREAD_ONLY=true\nPORT=8000\n")
    again = live({**described(taskDefinitionArn=f"{DESCRIBED['taskDefinitionArn']}3"), **request})
    it = settings(tmp_path, "ENV_MODE=slow\nREAD_ONLY=true\nPORT=8000\n")
    assert definition.wanted(again, it, RELEASE, ACCEPTED) == request
    assert difference(definition.registrable(again.content, ACCEPTED), request) == []
