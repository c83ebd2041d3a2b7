"""Task definitions of the fake: kept as registered, filled in as ECS does, tagged."""

from __future__ import annotations

import pytest

from tests.fakes.cloud import Cloud
from tests.fakes.registering import registered


def test_a_definition_comes_back_with_what_ecs_fills_in(cloud: Cloud) -> None:
    ecs = cloud.client("ecs")
    container = {"name": "app", "image": "i", "healthCheck": {"command": ["CMD", "true"]}, "ulimits": []}
    environment = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    given = [{**container, "environment": environment}]
    found = ecs.register_task_definition(family="web", containerDefinitions=given)["taskDefinition"]
    assert (found["status"], found["revision"], found["compatibilities"]) == ("ACTIVE", 1, ["EC2"])
    kept = found["containerDefinitions"][0]
    assert (kept["essential"], kept["cpu"], kept["ulimits"]) == (True, 0, [])
    assert kept["healthCheck"] == {"command": ["CMD", "true"], "interval": 30, "timeout": 5, "retries": 3}
    assert kept["environment"] == environment[::-1]


def test_tags_come_when_asked_for_and_are_lost_when_forgotten(cloud: Cloud) -> None:
    cloud.service("web", tags={"team": "shop"})
    ecs = cloud.client("ecs")
    assert "tags" not in ecs.describe_task_definition(taskDefinition="web")
    tagged = ecs.describe_task_definition(taskDefinition="web", include=["TAGS"])
    assert tagged["tags"] == [{"key": "team", "value": "shop"}]
    arn = registered(cloud, "v2")
    assert ecs.describe_task_definition(taskDefinition=arn, include=["TAGS"])["tags"] == []
    ecs.tag_resource(resourceArn=arn, tags=[{"key": "a", "value": "1"}, {"key": "b", "value": "2"}])
    ecs.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert ecs.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "b", "value": "2"}]


def test_the_newest_active_one_is_the_familys(cloud: Cloud) -> None:
    cloud.service("web")
    ecs = cloud.client("ecs")
    second = registered(cloud, "v2")
    assert ecs.describe_task_definition(taskDefinition="web")["taskDefinition"]["revision"] == 2
    assert ecs.deregister_task_definition(taskDefinition=second)["taskDefinition"]["status"] == "INACTIVE"
    assert ecs.describe_task_definition(taskDefinition="web")["taskDefinition"]["revision"] == 1
    listed = ecs.list_task_definitions(familyPrefix="web", sort="DESC")["taskDefinitionArns"]
    assert [each.rpartition(":")[2] for each in listed] == ["1"]
    with pytest.raises(ecs.exceptions.ClientException, match="TaskDefinition is inactive"):
        ecs.update_service(cluster="c", service="web", taskDefinition=second)
    with pytest.raises(ecs.exceptions.ClientException, match="Unable to describe task definition"):
        ecs.describe_task_definition(taskDefinition="web:9")


def test_a_field_that_no_client_knows_is_in_the_raw_reply(cloud: Cloud) -> None:
    cloud.service("web")
    cloud.set(extra={"futureField": {"depth": 1}})
    ecs, raw = cloud.client("ecs"), []
    ecs.meta.events.register(
        "before-parse.ecs.DescribeTaskDefinition", lambda response_dict, **_: raw.append(response_dict["body"])
    )
    assert "futureField" not in ecs.describe_task_definition(taskDefinition="web")["taskDefinition"]
    assert b'"futureField": {"depth": 1}' in raw[0]
