"""What is wrong on the way to the fake, and what it remembers of the calls."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request

import pytest
from botocore.exceptions import ClientError

from tests.fakes.aws import told
from tests.fakes.cloud import Cloud


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_calls_are_remembered_in_order(cloud: Cloud) -> None:
    cloud.client("ecs").list_clusters()
    cloud.client("sts").get_caller_identity()
    assert cloud.calls == [("ecs", "ListClusters"), ("sts", "GetCallerIdentity")]
    cloud.reset_calls()
    assert cloud.calls == []


def test_more_than_a_seconds_worth_of_calls_is_throttled(cloud: Cloud) -> None:
    cloud.throttle(3, only=["ecs"])
    clusters = cloud.client("ecs").list_clusters
    with pytest.raises(ClientError) as error:
        [clusters() for _ in range(1000)]
    assert code(error) == "ThrottlingException"
    cloud.client("ecr").describe_repositories()


def test_credentials_expire_for_json_and_query_services(cloud: Cloud) -> None:
    cloud.expire()
    for service, call, expected in (
        ("ecs", "list_clusters", "ExpiredTokenException"),
        ("sts", "get_caller_identity", "ExpiredToken"),
    ):
        with pytest.raises(ClientError) as error:
            getattr(cloud.client(service), call)()
        assert code(error) == expected


def test_an_action_is_denied_by_name(cloud: Cloud) -> None:
    cloud.deny("ssm:PutParameter")
    ssm = cloud.client("ssm")
    with pytest.raises(ClientError, match="not authorized to perform: ssm:PutParameter") as error:
        ssm.put_parameter(Name="/a", Value="b", Type="String")
    assert code(error) == "AccessDeniedException"
    assert ssm.get_parameters(Names=["/a"])["InvalidParameters"] == ["/a"]


def test_a_call_fails_as_often_as_planned(cloud: Cloud) -> None:
    cloud.fail("ecs:ListClusters", "ServerException", times=1, after=1, status=500)
    ecs = cloud.client("ecs")
    ecs.list_clusters()
    with pytest.raises(ClientError) as error:
        ecs.list_clusters()
    assert code(error) == "ServerException"
    ecs.list_clusters()


def test_an_unknown_operation_is_told_at_once(cloud: Cloud) -> None:
    with pytest.raises(ClientError, match="does not know DescribeCapacityProviders"):
        cloud.client("ecs").describe_capacity_providers()


def test_the_account_and_a_parameter_that_is_made_once_are_motos(cloud: Cloud) -> None:
    cloud.knobs.account = "180703226577"
    assert cloud.client("sts").get_caller_identity()["Account"] == "180703226577"
    ssm = cloud.client("ssm")
    ssm.put_parameter(Name="/lock", Value="mine", Type="String", Overwrite=False)
    with pytest.raises(ssm.exceptions.ParameterAlreadyExists):
        ssm.put_parameter(Name="/lock", Value="theirs", Type="String", Overwrite=False)
    assert ssm.get_parameter(Name="/lock")["Parameter"]["Value"] == "mine"


def test_each_test_has_an_empty_parameter_store(cloud: Cloud) -> None:
    assert cloud.client("ssm").get_parameters(Names=["/lock"])["Parameters"] == []


def test_another_process_turns_the_knobs(cloud: Cloud) -> None:
    told(cloud.url, "service", "web", desired=2)
    told(cloud.url, "broken", "sha256:", how="stuck")
    assert cloud.running("web")["runningCount"] == 2
    cloud.client("ecs").list_clusters()
    with urllib.request.urlopen(f"{cloud.url}/_fake/counted") as reply:
        assert json.load(reply) == {"count": 1, "calls": ["ecs:ListClusters"], "throttled": 0}


def test_it_runs_on_its_own() -> None:
    argv = [sys.executable, "-m", "tests.fakes.aws", "--account=180703226577", "--region=us-east-1", "--rollout=20"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env={**os.environ}) as served:
        try:
            assert served.stdout is not None
            url = served.stdout.readline().strip()
            assert told(url, "cluster", "c") == "arn:aws:ecs:us-east-1:180703226577:cluster/c"
            assert told(url, "counted")["count"] == 0
            assert told(url, "environ")["AWS_ENDPOINT_URL"] == url
        finally:
            served.terminate()
