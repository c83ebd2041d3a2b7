"""What botocore's own model of ECS takes, and what it would drop of a reply."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.session import Session

from tasks.errors import DockyardError
from tasks.target.ecs import definition, fields

from .sample import DESCRIBED, described, live

ARN = DESCRIBED["taskDefinitionArn"]


@pytest.fixture(scope="module")
def model() -> Any:
    return Session()


@pytest.fixture
def client(model: Any) -> Any:
    return model.create_client(
        "ecs", region_name="eu-north-1", aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="none"
    )


@pytest.fixture
def answering(client: Any) -> Callable[[Any, int], dict[str, Any]]:
    """The client's own answer to a raw body, as if it had come over the network."""

    def answer(body: Any, status: int = 200) -> dict[str, Any]:
        class Raw:
            headers: dict[str, str] = {}  # noqa: RUF012

            def stream(self, **_: Any) -> list[bytes]:
                return [json.dumps(body, default=str).encode() if not isinstance(body, bytes) else body]

        def send(**_: Any) -> AWSResponse:
            return AWSResponse("https://ecs", status, HTTPHeaders(), Raw())

        client.meta.events.register("before-send.ecs.DescribeTaskDefinition", send)
        found: dict[str, Any] = client.describe_task_definition(taskDefinition="api", include=["TAGS"])
        return found

    return answer


def test_the_request_s_keys_are_those_of_the_model(client: Any) -> None:
    accepted = fields.accepted(client)
    assert {"family", "containerDefinitions", "tags", "cpu", "volumes", "runtimePlatform"} <= accepted
    assert not accepted & {"taskDefinitionArn", "revision", "status", "compatibilities", "registeredAt", "registeredBy"}


def test_a_described_definition_can_be_registered_again_by_the_model(client: Any) -> None:
    from botocore.validate import ParamValidator

    content = definition.registrable({**described(), "compatibilities": ["EC2"]}, fields.accepted(client))
    shape = client.meta.service_model.operation_model("RegisterTaskDefinition").input_shape
    assert not ParamValidator().validate(content, shape).has_errors()


def test_a_field_that_the_model_knows_is_not_noted(client: Any, answering: Callable[..., dict[str, Any]]) -> None:
    found: list[str] = []
    fields.watch(client, found)
    content = described(registeredAt=1762000000.0)
    content["containerDefinitions"][0]["dockerLabels"] = {"any": "label"}
    reply = answering({"taskDefinition": content, "tags": [{"key": "a", "value": "b"}]})
    assert (found, definition.read(reply, found).tags) == ([], {"a": "b"})


def test_what_the_client_drops_is_noted_with_its_path_and_refused(
    client: Any, answering: Callable[..., dict[str, Any]]
) -> None:
    found: list[str] = []
    fields.watch(client, found)
    content = described(registeredAt=1762000000.0, newest={"deep": 1}, later=[], none=None)
    main = content["containerDefinitions"][0]
    main["healthCheck"]["startInterval"] = 5
    main["portMappings"].append({"containerPort": 1, "mode": "x"})
    main["shiny"] = False
    reply = answering({"taskDefinition": content})
    assert "newest" not in reply["taskDefinition"]
    assert sorted(found) == [
        f"{ARN} containerDefinitions[0].healthCheck.startInterval",
        f"{ARN} containerDefinitions[0].portMappings[1].mode",
        f"{ARN} containerDefinitions[0].shiny",
        f"{ARN} newest",
    ]
    only = definition.read(reply, [found[0]])
    with pytest.raises(DockyardError) as failure:
        fields.refuse(only)
    assert failure.value.exit_code == 1
    assert failure.value.message == (
        f"api:42 has {found[0].partition(' ')[2]}, which the installed botocore does not know and a new revision "
        "would lose: pip install --upgrade botocore, then type the same command again."
    )


def test_a_failed_reply_is_left_to_botocore(client: Any, answering: Callable[..., dict[str, Any]]) -> None:
    found: list[str] = []
    fields.watch(client, found)
    with pytest.raises(client.exceptions.ClientException):
        answering({"__type": "ClientException", "message": "Unable to describe task definition."}, 400)
    assert found == []


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]"])
def test_a_body_that_is_no_object_notes_nothing(body: bytes) -> None:
    assert fields.body_of({"status_code": 200, "body": body}) == {}


def test_a_definition_without_unknown_fields_is_not_refused() -> None:
    fields.refuse(live())
