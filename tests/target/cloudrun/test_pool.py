"""Worker pools: the same image with another command, and what stays as it is on one that is there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from google.cloud import run_v2

from tasks.environment.cloudrun import worker
from tasks.target import Release
from tasks.target.cloudrun import pool

from .sample import NEW, OLD, RELEASE, REPOSITORY, api, router, settings, template, variable

POOL = "projects/p/locations/europe-west3/workerPools/api-worker"
CELERY = ("celery", "-A", "app", "worker")


def wanted(root: Path, text: str = "", live: run_v2.WorkerPool | None = None, **more: Any) -> run_v2.WorkerPool:
    return pool.wanted(live, settings(root, text), RELEASE, "worker", CELERY, of="api-00008-new", **more)


def live() -> run_v2.WorkerPool:
    return run_v2.WorkerPool(
        name=POOL,
        uid="1",
        generation=4,
        labels={"cost": "batch"},
        annotations={"owner": "bob"},
        scaling=run_v2.WorkerPoolScaling(manual_instance_count=3),
        template=run_v2.WorkerPoolRevisionTemplate(
            revision="api-worker-00004-abc",
            vpc_access=run_v2.VpcAccess(connector="c"),
            containers=[
                run_v2.Container(
                    image=f"{REPOSITORY}@{OLD}",
                    command=["tini", "--"],
                    args=["celery", "beat"],
                    env=[variable("MODE", "slow")],
                    resources=run_v2.ResourceRequirements(limits={"cpu": "2", "memory": "1Gi"}),
                    liveness_probe=run_v2.Probe(tcp_socket=run_v2.TCPSocketAction(port=9)),
                )
            ],
        ),
        instance_splits=[run_v2.InstanceSplit(type_=pool.BY_NAME, revision="api-worker-00002-old", percent=100)],
        latest_created_revision=f"{POOL}/revisions/api-worker-00004-abc",
        etag='"4"',
    )


@pytest.mark.parametrize(
    ("process", "name"), [("worker", "api-worker"), ("mail_queue", "api-mail-queue"), ("BEAT", "api-beat")]
)
def test_a_pool_is_named_after_its_process(process: str, name: str) -> None:
    assert worker("api", process) == name


def test_a_pool_that_is_there_keeps_all_but_image_command_and_the_settings(tmp_path: Path) -> None:
    found = wanted(
        tmp_path, "ENV_A=1\nMEMORY=2Gi\nPORT=9000\nHEALTH_PATH=/h\n", live(), revision="api-worker-00005-new"
    )
    ledger = dict(found.template.annotations)
    assert ledger["dockyard.of"] == "api-00008-new"
    assert (ledger["dockyard.process"], ledger["dockyard.digest"]) == ("worker", NEW)
    expected = live()
    expected.uid, expected.generation, expected.latest_created_revision = "", 0, ""
    expected.client = "dockyard"
    expected.annotations["dockyard.of"] = "api-00008-new"
    expected.instance_splits[0].revision = "api-worker-00005-new"
    expected.template.revision, expected.template.annotations = "api-worker-00005-new", ledger
    only = expected.template.containers[0]
    only.image, only.args = f"{REPOSITORY}@{NEW}", list(CELERY)
    only.env.append(variable("A", "1"))
    only.resources.limits["memory"] = "2Gi"
    assert found == expected


def test_without_a_name_the_instances_stay_where_they_are(tmp_path: Path) -> None:
    found = wanted(tmp_path, "", live())
    assert found.template.revision == ""
    assert list(found.instance_splits) == list(live().instance_splits)


def test_a_new_pool_has_one_instance_without_requests(tmp_path: Path) -> None:
    found = wanted(
        tmp_path, "CPU=500m\nCONCURRENCY=1\nENV_A=1\nPORT=9000\nHEALTH_PATH=/h\n", revision="api-worker-00001-a"
    )
    assert found == run_v2.WorkerPool(
        client="dockyard",
        launch_stage=3,
        annotations={"dockyard.of": "api-00008-new"},
        scaling=run_v2.WorkerPoolScaling(manual_instance_count=1),
        instance_splits=[run_v2.InstanceSplit(type_=pool.BY_NAME, revision="api-worker-00001-a", percent=100)],
        template=run_v2.WorkerPoolRevisionTemplate(
            revision="api-worker-00001-a",
            annotations=dict(found.template.annotations),
            containers=[
                run_v2.Container(
                    image=f"{REPOSITORY}@{NEW}",
                    args=list(CELERY),
                    env=[variable("A", "1")],
                    resources=run_v2.ResourceRequirements(limits={"cpu": "1"}),
                )
            ],
        ),
    )


def test_a_new_pool_takes_over_network_volumes_and_sidecars_but_nothing_of_requests(tmp_path: Path) -> None:
    like = template(api(command=["gunicorn"], args=["app:app"]), router())
    found = wanted(tmp_path, "", like=like).template
    assert (found.vpc_access, list(found.volumes)) == (like.vpc_access, list(like.volumes))
    assert found.service_account == like.service_account
    main, beside = found.containers
    assert beside == router()
    assert (list(main.command), list(main.args)) == ([], list(CELERY))
    assert not main.ports
    assert "startup_probe" not in main
    assert not main.resources.cpu_idle
    assert list(main.env) == list(api().env)
    assert like == template(api(command=["gunicorn"], args=["app:app"]), router())


def test_a_gpu_is_the_worker_s_too(tmp_path: Path) -> None:
    found = wanted(tmp_path, "GPU=1\nGPU_TYPE=nvidia-l4\nCPU=8\nMEMORY=32Gi\n").template
    assert found.node_selector.accelerator == "nvidia-l4"
    assert found.containers[0].resources.limits["nvidia.com/gpu"] == "1"


def test_a_pool_goes_back_to_a_revision_by_name_and_says_whose_it_is() -> None:
    found = live()
    pool.returned(found, "api-worker-00003-old", "api-00006-xyz")
    assert [(each.revision, each.percent) for each in found.instance_splits] == [("api-worker-00003-old", 100)]
    assert pool.belongs(found) == "api-00006-xyz"
    assert pool.belongs(live()) == ""


def test_a_release_is_the_same_pool_again(tmp_path: Path) -> None:
    first = wanted(tmp_path, "ENV_A=1\n", live(), revision="api-worker-00005-new")
    assert wanted(tmp_path, "ENV_A=1\n", first, revision="api-worker-00005-new") == first
    assert Release(REPOSITORY, NEW).reference == first.template.containers[0].image
