"""What Cloud Run refuses though the documents allow it."""

from __future__ import annotations

from typing import Any

import pytest

from .asking import IMAGE, ask
from .cloud import Cloud

SERVICES = "/v2/projects/test-project/locations/europe-west1/services"
LATEST, NAMED = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
GPU: dict[str, Any] = {
    "nodeSelector": {"accelerator": "nvidia-l4"},
    "gpuZonalRedundancyDisabled": True,
    "containers": [
        {
            "image": IMAGE,
            "resources": {"limits": {"cpu": "4", "memory": "16Gi", "nvidia.com/gpu": "1"}, "cpuIdle": False},
        }
    ],
}


def refused(cloud: Cloud, body: dict[str, Any], name: str = "web") -> str:
    """Why a service is not created; "" where it is."""
    status, found = ask(cloud, "POST", f"{SERVICES}?serviceId={name}", body)
    return str(found["error"]["message"]) if status != 200 else ""


def with_container(**fields: Any) -> dict[str, Any]:
    return {"template": {"containers": [{"image": IMAGE, **fields}]}}


def with_limits(cpu: str, memory: str) -> dict[str, Any]:
    return with_container(resources={"limits": {"cpu": cpu, "memory": memory}})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"template": {}}, "must have at least one container"),
        (with_container(image=""), "image: must be set"),
        (with_container(env=[{"name": "PORT", "value": "1"}]), "reserved env names were provided: PORT"),
        (with_container(env=[{"name": "A"}, {"name": "A"}]), "unique: A"),
        (with_container(volumeMounts=[{"name": "sql", "mountPath": "/cloudsql"}]), "there is no volume 'sql'"),
        (with_container(startupProbe={"httpGet": {}, "periodSeconds": 60, "failureThreshold": 5}), "240 seconds"),
        (with_container(startupProbe={"httpGet": {}, "timeoutSeconds": 20}), "less than or equal to period_seconds"),
        (with_limits("3", "1Gi"), "Invalid value specified for cpu"),
        (with_limits("1", "8Gi"), "memory must be between 128Mi and 4Gi"),
        (with_limits("4", "1Gi"), "memory must be between 2Gi and 16Gi"),
        ({"annotations": {"run.googleapis.com/x": "1"}, **with_container()}, "System annotations"),
        ({"annotations": {"a": "x" * 256 * 1024}, **with_container()}, "Too long"),
        ({"labels": {"a": "Upper"}, **with_container()}, "is not valid"),
        ({"labels": {"a": "x" * 64}, **with_container()}, "is not valid"),
        ({"template": {**with_container()["template"], "timeout": "3601s"}}, "not exceed 3600s"),
        ({"template": {**with_container()["template"], "revision": "api-00001-aaa"}}, "must begin with 'web-'"),
        ({"template": {**with_container()["template"], "revision": "web-" + "a" * 60}}, "at most 63"),
        ({"traffic": [{"type": LATEST, "percent": 99}], **with_container()}, "must be 100, is 99"),
        ({"traffic": [{"type": NAMED, "revision": "web-1", "percent": 100}], **with_container()}, "was not found"),
        ({"traffic": [{"type": LATEST, "revision": "web-1", "percent": 100}], **with_container()}, "must be set for"),
        ({"traffic": [{"percent": 100}], **with_container()}, "type: must be set"),
        ({"traffic": [{"type": LATEST, "percent": 100, "tag": "A"}], **with_container()}, "tag: 'A' must begin"),
        ({"traffic": [{"type": LATEST, "percent": 100, "tag": "a" * 44}], **with_container()}, "at most 43"),
        ({"traffic": [{"type": LATEST, "percent": each, "tag": "a"} for each in (1, 99)], **with_container()}, "uniq"),
    ],
)  # fmt: skip
def test_a_service_that_cannot_be_is_refused(gcp: Cloud, body: dict[str, Any], message: str) -> None:
    assert message in refused(gcp, body)
    assert gcp.run.services == {}


def test_a_name_is_short_and_lower_case(gcp: Cloud) -> None:
    assert "at most 49" in refused(gcp, with_container(), "a" * 50)
    assert "must begin with a letter" in refused(gcp, with_container(), "Web")


def test_256_kibibytes_of_annotations_and_64_labels_are_taken(gcp: Cloud) -> None:
    labels = {f"l{each}": "x" * 63 for each in range(64)}
    assert refused(gcp, {"annotations": {"a": "x" * (256 * 1024 - 1)}, "labels": labels, **with_container()}) == ""


def test_a_gpu_that_has_all_it_needs_is_taken(gcp: Cloud) -> None:
    assert refused(gcp, {"template": GPU}) == ""


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"nodeSelector": None}, "node_selector: must be set"),
        ({"nodeSelector": {"accelerator": "nvidia-t4"}}, "'nvidia-t4' is not supported"),
        ({"gpuZonalRedundancyDisabled": False}, "quota for using GPUs with zonal redundancy"),
        ({"resources": {"limits": {"cpu": "4", "memory": "16Gi"}}}, "nvidia.com/gpu must be set"),
        ({"resources": {"limits": {"cpu": "2", "memory": "8Gi", "nvidia.com/gpu": "1"}}}, "at least 4 CPU and 16Gi"),
        ({"resources": {"limits": {"cpu": "4", "memory": "16Gi", "nvidia.com/gpu": "2"}}}, "must be 1"),
        ({"resources": {**GPU["containers"][0]["resources"], "cpuIdle": True}}, "cpu_idle: must be false"),
    ],
)
def test_a_gpu_that_lacks_something_is_refused(gcp: Cloud, change: dict[str, Any], message: str) -> None:
    template = {**GPU, **{key: value for key, value in change.items() if key != "resources"}}
    if "resources" in change:
        template["containers"] = [{**GPU["containers"][0], "resources": change["resources"]}]
    assert message in refused(gcp, {"template": template})


def test_a_secret_that_is_not_there_fails_the_revision_and_not_the_request(gcp: Cloud) -> None:
    reference = {"secretKeyRef": {"secret": "key", "version": "latest"}}
    body = with_container(env=[{"name": "KEY", "valueSource": reference}])
    assert refused(gcp, body) == ""
    told = gcp.run.service("web")["terminalCondition"]
    assert told["message"].endswith("Secret projects/123456789012/secrets/key/versions/latest was not found")
    gcp.secrets.add("key", "value")
    assert refused(gcp, body, "api") == ""
    assert gcp.run.service("api")["terminalCondition"]["state"] == "CONDITION_SUCCEEDED"
