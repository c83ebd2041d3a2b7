"""What counts as a difference between two templates, and how it is told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from google.cloud import run_v2

from tasks.target import Change
from tasks.target.cloudrun import template as built
from tasks.target.cloudrun.difference import difference

from .sample import NEW, OLD, RELEASE, REPOSITORY, api, reference, router, settings, template, variable


def limits(**texts: str) -> run_v2.ResourceRequirements:
    return run_v2.ResourceRequirements(limits=texts, cpu_idle=True, startup_cpu_boost=True)


@pytest.mark.parametrize(
    "same",
    [
        template(revision="api-00009-xyz"),
        template(annotations={"owner": "bob", "dockyard.at": "now", "run.googleapis.com/client-name": "gcloud"}),
        template(labels={"team": "images", "goog-managed-by": "cloudfunctions"}),
        template(api(resources=limits(cpu="1", memory="512Mi"))),
        template(api(resources=limits(cpu="1.0", memory="536870912"))),
        template(api(resources=limits())),
        template(api(ports=[])),
        template(api(startup_probe=None)),
        template(api(name="another")),
        template(api(env=[reference("TOKEN", "token", ""), *api().env[1::-1]])),
        template(max_instance_request_concurrency=0),
        template(timeout=None),
    ],
)
def test_names_orders_defaults_and_other_words_for_the_same_are_none(same: run_v2.RevisionTemplate) -> None:
    assert difference(template(), same) == []
    assert difference(same, template()) == []


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (template(labels={"team": "video"}), [Change("labels.team", "images", "video")]),
        (template(annotations={}), [Change("annotations.owner", "bob", "")]),
        (template(scaling=None), [Change("MAX_INSTANCES", "5", "100")]),
        (template(service_account=""), [Change("SERVICE_ACCOUNT", "old@p.iam.gserviceaccount.com", "")]),
        (template(session_affinity=False), [Change("sessionAffinity", "true", "false")]),
        (template(timeout=timedelta(seconds=900)), [Change("REQUEST_TIMEOUT", "300s", "900s")]),
        (template(max_instance_request_concurrency=4), [Change("CONCURRENCY", "80", "4")]),
        (
            template(vpc_access=None),
            [Change("vpcAccess.connector", "projects/p/locations/europe-west3/connectors/c", "")],
        ),
        (
            template(volumes=[]),
            [
                Change("volumes.assets.gcs.bucket", "assets", ""),
                Change("volumes.assets.gcs.readOnly", "true", ""),
            ],
        ),
        (template(api(image=f"{REPOSITORY}@{NEW}")), [Change("IMAGE digest", OLD, NEW)]),
        (
            template(api(image=f"gcr.io/p/api@{OLD}")),
            [Change("IMAGE", REPOSITORY, "gcr.io/p/api")],
        ),
        (
            template(api(resources=limits(cpu="2", memory="1Gi"))),
            [Change("CPU", "1", "2"), Change("MEMORY", "512Mi", "1Gi")],
        ),
        (
            template(api(resources=run_v2.ResourceRequirements(startup_cpu_boost=True))),
            [Change("resources.cpuIdle", "true", "false")],
        ),
        (template(api(env=api().env[1:])), [Change("ENV_MODE", "fast", "")]),
        (template(api(env=[*api().env, variable("EMPTY", "")])), [Change("ENV_EMPTY", "", "''")]),
        (template(api(args=["serve", "--token=hunter2"])), [Change("command", "", "serve '--token=********'")]),
        (
            template(api(startup_probe=run_v2.Probe(http_get=run_v2.HTTPGetAction(path="/h"), period_seconds=2))),
            [
                Change("startupProbe.asks", "tcpSocket", "httpGet"),
                Change("HEALTH_PATH", "", "/h"),
                Change("startup probe", "every 240 s, tries: 1, each 240 s", "every 2 s, tries: 3, each 1 s"),
            ],
        ),
        (template(api(volume_mounts=[])), [Change("volumeMounts.assets", "/assets", "")]),
    ],
)
def test_what_differs_is_told_in_the_settings_words(changed: run_v2.RevisionTemplate, expected: list[Change]) -> None:
    assert difference(template(), changed) == expected
    assert difference(changed, template()) == [Change(each.what, each.after, each.before) for each in expected]


def test_secrets_are_told_by_reference_and_never_by_value() -> None:
    env = [variable("DB_PASSWORD", "hunter3"), reference("TOKEN", "token", "3"), variable("URL", "https://u:pw1@h/")]
    found = difference(template(), template(api(env=[variable("MODE", "fast"), *env])))
    assert found == [
        Change("ENV_DB_PASSWORD", "********", "******** (another value)"),
        Change("ENV_URL", "", "********"),
        Change("SECRET_TOKEN", "token:latest", "token:3"),
    ]


def test_a_header_of_a_probe_is_told_without_its_secret() -> None:
    headers = [run_v2.HTTPHeader(name=name, value="hunter2") for name in ("Authorization", "X-Probe", "X-Probe")]
    asks = run_v2.Probe(http_get=run_v2.HTTPGetAction(path="/live", http_headers=headers))
    assert difference(template(), template(api(liveness_probe=asks))) == [
        Change("livenessProbe.asks", "", "httpGet"),
        Change("livenessProbe.httpGet.path", "", "/live"),
        Change("livenessProbe.httpHeaders.Authorization", "", "********"),
        Change("livenessProbe.httpHeaders.X-Probe", "", "hunter2, hunter2"),
        Change("livenessProbe.pace", "", "every 10 s, tries: 3, each 1 s"),
    ]


def test_a_variable_that_becomes_a_secret_is_two_changes() -> None:
    env = [reference("MODE", "mode"), *api().env[1:]]
    assert difference(template(), template(api(env=env))) == [
        Change("ENV_MODE", "fast", ""),
        Change("SECRET_MODE", "", "mode:latest"),
    ]


def test_of_several_containers_each_is_told_by_name() -> None:
    louder = run_v2.Container(name="router", image="fluent/fluent-bit:4", env=[variable("LEVEL", "debug")])
    assert difference(template(api(), router()), template(louder, api())) == [
        Change("router IMAGE digest", "3", "4"),
        Change("router ENV_LEVEL", "info", "debug"),
    ]


def test_what_comes_first_is_told_against_what_cloud_run_does_by_itself(tmp_path: Path) -> None:
    text = (
        "PORT=9000\nCPU=8\nMEMORY=32Gi\nGPU=1\nGPU_TYPE=nvidia-l4\nCONCURRENCY=1\nMAX_INSTANCES=3\n"
        "REQUEST_TIMEOUT=600s\nCLOUDSQL=p:r:db\nENV_A=1\nSECRET_B=b\n"
    )
    found = difference(None, built.wanted(None, settings(tmp_path, text), RELEASE))
    told: dict[str, Any] = {each.what: (each.before, each.after) for each in found}
    assert told == {
        "IMAGE": ("", REPOSITORY),
        "IMAGE digest": ("", NEW),
        "PORT": ("8080", "9000"),
        "CPU": ("1", "8"),
        "MEMORY": ("512Mi", "32Gi"),
        "GPU": ("", "1"),
        "GPU_TYPE": ("", "nvidia-l4"),
        "GPU_ZONAL_REDUNDANCY": ("true", "false"),
        "resources.cpuIdle": ("true", "false"),
        "resources.startupCpuBoost": ("false", "true"),
        "CONCURRENCY": ("80", "1"),
        "MAX_INSTANCES": ("100", "3"),
        "REQUEST_TIMEOUT": ("300s", "600s"),
        "CLOUDSQL": ("", "p:r:db"),
        "volumeMounts.cloudsql": ("", "/cloudsql"),
        "ENV_A": ("", "1"),
        "SECRET_B": ("", "b:latest"),
    }
