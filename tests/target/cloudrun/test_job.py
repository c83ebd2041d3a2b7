"""The job that runs a command once: the service's own surroundings, no retries, nothing that serves."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from google.cloud import run_v2

from tasks.errors import DockyardError
from tasks.target.cloudrun import job

from .sample import NEW, RELEASE, REPOSITORY, api, reference, router, settings, template, variable

UP = ("alembic", "upgrade", "head")


def wanted(
    root: Path, text: str = "", like: run_v2.RevisionTemplate | None = None, live: run_v2.Job | None = None
) -> run_v2.Job:
    return job.wanted(live, like, settings(root, text), RELEASE, UP)


def test_a_command_runs_with_the_service_s_variables_secrets_network_and_database(tmp_path: Path) -> None:
    like = template(api(command=["gunicorn"], args=["app:app"]), router())
    found = wanted(tmp_path, "ENV_MODE=slow\nSECRET_KEY=key\nCLOUDSQL=p:r:db\nDEPLOY_TIMEOUT=15m\n", like)
    annotations = dict(found.template.annotations)
    assert (annotations["dockyard.digest"], annotations["dockyard.by"]) == (NEW, "alice@example.com")
    assert found == run_v2.Job(
        client="dockyard",
        labels={"dockyard": "api"},
        template=run_v2.ExecutionTemplate(
            annotations=annotations,
            task_count=1,
            parallelism=1,
            template=run_v2.TaskTemplate(
                containers=[
                    run_v2.Container(
                        name="api-1",
                        image=f"{REPOSITORY}@{NEW}",
                        args=list(UP),
                        env=[
                            variable("MODE", "slow"),
                            variable("DB_PASSWORD", "hunter2"),
                            reference("TOKEN", "token"),
                            reference("KEY", "key"),
                        ],
                        resources=run_v2.ResourceRequirements(limits={"cpu": "1000m", "memory": "512Mi"}),
                        volume_mounts=[
                            run_v2.VolumeMount(name="assets", mount_path="/assets"),
                            run_v2.VolumeMount(name="cloudsql", mount_path="/cloudsql"),
                        ],
                    )
                ],
                volumes=[
                    *like.volumes,
                    run_v2.Volume(name="cloudsql", cloud_sql_instance=run_v2.CloudSqlInstance(instances=["p:r:db"])),
                ],
                max_retries=0,
                timeout=timedelta(minutes=15),
                service_account=like.service_account,
                vpc_access=like.vpc_access,
            ),
        ),
    )


def test_no_retries_are_said_and_not_left_to_the_default_of_three(tmp_path: Path) -> None:
    task = wanted(tmp_path).template.template
    assert run_v2.TaskTemplate.to_dict(task, always_print_fields_with_no_presence=False)["max_retries"] == 0


def test_what_only_a_sidecar_mounts_is_left_out(tmp_path: Path) -> None:
    like = template(api(volume_mounts=[]), router())
    assert not wanted(tmp_path, "", like).template.template.volumes


def test_a_migration_needs_no_gpu_and_at_least_a_whole_cpu(tmp_path: Path) -> None:
    gpu = wanted(tmp_path, "GPU=1\nGPU_TYPE=nvidia-l4\nCPU=8\nMEMORY=32Gi\n").template.template
    assert dict(gpu.containers[0].resources.limits) == {"cpu": "8", "memory": "32Gi"}
    assert "node_selector" not in gpu
    assert "gpu_zonal_redundancy_disabled" not in gpu
    small = wanted(tmp_path, "CPU=80m\nMEMORY=128Mi\n").template.template
    assert dict(small.containers[0].resources.limits) == {"cpu": "1", "memory": "512Mi"}


def test_a_job_that_is_there_is_updated_by_its_etag_and_keeps_its_own_labels(tmp_path: Path) -> None:
    live = run_v2.Job(
        name="projects/p/locations/europe-west3/jobs/api-once",
        uid="1",
        generation=3,
        labels={"dockyard": "api", "cost": "web"},
        execution_count=3,
        etag='"3"',
    )
    found = wanted(tmp_path, live=live)
    assert (found.name, found.etag, found.uid, found.execution_count) == (live.name, '"3"', "", 0)
    assert dict(found.labels) == {"dockyard": "api", "cost": "web"}
    assert found.template == wanted(tmp_path).template


def test_a_job_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(DockyardError) as failure:
        wanted(tmp_path, live=run_v2.Job(name="projects/p/locations/europe-west3/jobs/api-once"))
    assert failure.value.message == (
        "There is a job api-once that Dockyard did not make, and commands of api would run in it; rename it, then "
        "type the same command again."
    )
