"""Every message is one that Cloud Run takes, and what it fills in is no difference the next time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from google.cloud import run_v2

from tasks.environment.settings import Environment
from tasks.target.cloudrun import desired, job, pool
from tasks.target.cloudrun.clients import Clients
from tasks.target.cloudrun.difference import difference
from tests.fakes.gcp.cloud import Cloud

from .sample import RELEASE, settings

ALL = (
    "PORT=9000\nCPU=8\nMEMORY=32Gi\nGPU=1\nGPU_TYPE=nvidia-l4\nCONCURRENCY=1\nMIN_INSTANCES=1\nMAX_INSTANCES=3\n"
    "REQUEST_TIMEOUT=600s\nPUBLIC=true\nSERVICE_ACCOUNT=a@p.iam.gserviceaccount.com\nCLOUDSQL=p:r:db\nENV_A='ü\n\"'\n"
    "ENV_EMPTY=\nSECRET_KEY=key:3\nHEALTH_PATH=/health\nHEALTH_TIMEOUT=4m\n"
)
CASES = pytest.mark.parametrize(
    "text",
    [
        "",
        ALL,
        "CPU=500m\nMEMORY=256Mi\nCONCURRENCY=1\n",
        "MEMORY=1GB\n",
        "HEALTH_PATH=/h\nHEALTH_TIMEOUT=1s\n",
    ],
)
pytestmark = pytest.mark.parametrize("gcp_transport", ["rest", "grpc"])


def here(root: Path, cloud: Cloud, text: str) -> tuple[Environment, Clients]:
    return settings(root, text), Clients(cloud.project, cloud.region)


def message(operation: Any) -> Any:
    """What a validation gives back."""
    return operation.result() if operation.operation.done else operation.metadata


@CASES
def test_a_service_is_taken_and_then_as_it_should_be(tmp_path: Path, gcp: Cloud, text: str) -> None:
    environment, clients = here(tmp_path, gcp, text)
    wanted = desired.service(None, environment, RELEASE, revision="api-00001-abc")
    asked = run_v2.CreateServiceRequest(parent=clients.parent, service_id="api", service=wanted, validate_only=True)
    filled = message(clients.services.create_service(request=asked))
    assert filled.template.containers[0].resources.limits["memory"]
    again = desired.service(filled, environment, RELEASE)
    assert difference(filled.template, again.template) == []
    assert {each.what for each in difference(wanted.template, filled.template)} <= {"SERVICE_ACCOUNT"}


@CASES
def test_a_worker_pool_is_taken_and_then_as_it_should_be(tmp_path: Path, gcp: Cloud, text: str) -> None:
    environment, clients = here(tmp_path, gcp, text)
    like = desired.service(None, environment, RELEASE).template
    for beside in (None, like):
        wanted = pool.wanted(
            None, environment, RELEASE, "w", ("celery",), of="api-00001-abc", revision="api-w-00001-abc", like=beside
        )
        asked = run_v2.CreateWorkerPoolRequest(
            parent=clients.parent, worker_pool_id="api-w", worker_pool=wanted, validate_only=True
        )
        filled = message(clients.pools.create_worker_pool(request=asked))
        again = pool.wanted(filled, environment, RELEASE, "w", ("celery",), of="api-00001-abc")
        assert difference(filled.template, again.template) == []


@CASES
def test_a_job_is_taken(tmp_path: Path, gcp: Cloud, text: str) -> None:
    environment, clients = here(tmp_path, gcp, text)
    like = desired.service(None, environment, RELEASE).template
    for beside in (None, like):
        wanted = job.wanted(None, beside, environment, RELEASE, ("alembic", "upgrade", "head"))
        asked = run_v2.CreateJobRequest(parent=clients.parent, job_id="api-once", job=wanted, validate_only=True)
        filled = message(clients.jobs.create_job(request=asked))
        task = filled.template.template
        assert (task.max_retries, list(task.containers[0].args)) == (0, ["alembic", "upgrade", "head"])
