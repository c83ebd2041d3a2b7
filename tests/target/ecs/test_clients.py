"""Clients are made once, retry what AWS throttles, and give up early on what never answers."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import EndpointConnectionError

from tasks.errors import DockyardError
from tasks.target.ecs import clients, faults
from tasks.target.ecs.clients import Clients
from tests.fakes.cloud import Cloud
from tests.service import REPOSITORY, free_port


def test_a_client_is_made_once_for_all_threads(cloud: Cloud) -> None:
    made = Clients("eu-north-1")
    with ThreadPoolExecutor(8) as side_by_side:
        found = set(side_by_side.map(lambda _: id(made.ecs), range(32)))
    assert len(found) == 1


@pytest.mark.parametrize("name", ["ecs", "ecr", "logs", "ssm", "sts", "autoscaling"])
def test_every_client_is_of_the_region_and_follows_the_endpoint_convention(cloud: Cloud, name: str) -> None:
    client = getattr(Clients("eu-west-3"), name)
    assert client.meta.region_name == "eu-west-3"
    assert client.meta.endpoint_url == cloud.url
    assert getattr(Clients("eu-west-3"), name) is not client


def test_an_endpoint_of_one_service_goes_before_that_of_all(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", "http://127.0.0.1:9")
    made = Clients("eu-north-1")
    assert made.ssm.meta.endpoint_url == "http://127.0.0.1:9"
    assert made.ecs.meta.endpoint_url == cloud.url


def test_what_is_throttled_is_tried_twelve_times(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    cloud.fail("DescribeServices", "ThrottlingException", message="Rate exceeded")
    with pytest.raises(DockyardError, match="throttled DescribeServices 12 times in a row"), faults.told():
        Clients("eu-north-1").ecs.describe_services(cluster="c", services=["web"])
    assert len(cloud.requests("DescribeServices")) == clients.ATTEMPTS == 12


def test_a_service_that_is_throttled_for_a_while_answers(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    cloud.fail("DescribeClusters", "ThrottlingException", times=9)
    assert Clients("eu-north-1").ecs.describe_clusters(clusters=["c"])["clusters"]


def test_what_never_answers_is_given_up_early(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    began = time.monotonic()
    with pytest.raises(DockyardError, match="could not be reached"), faults.told():
        Clients("eu-north-1").ecs.describe_clusters()
    assert time.monotonic() - began < 5


def test_what_has_answered_once_is_waited_for(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    naps: list[float] = []
    client = Clients("eu-north-1").ecs
    client.describe_clusters(clusters=["c"])
    monkeypatch.setattr("time.sleep", naps.append)

    def lost(*_: object, **__: object) -> None:
        raise EndpointConnectionError(endpoint_url=cloud.url)

    client.meta.events.register("before-send.ecs", lost)
    with pytest.raises(DockyardError, match="could not be reached"), faults.told():
        client.describe_clusters(clusters=["c"])
    assert len(naps) == clients.ATTEMPTS - 1


def test_listing_the_verbs_imports_no_botocore() -> None:
    code = "import sys, tasks; tasks.collection(); print([each for each in sys.modules if each.startswith('boto')])"
    said = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_without_botocore_a_sentence_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['botocore'] = None; sys.modules['botocore.exceptions'] = None\n"
        "from tasks.errors import SettingError\n"
        "try:\n    import tasks.target.ecs.target\nexcept SettingError as error:\n    print(error)"
    )
    said = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert "pip install 'dockyard[aws]'" in said.stdout
