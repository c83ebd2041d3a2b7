"""Jobs and their executions, and worker pools."""

from __future__ import annotations

import pytest
from google.api_core import exceptions
from google.cloud import run_v2

from tasks.gcp.clients import make

from .asking import IMAGE, OTHER
from .cloud import Cloud

TRANSPORTS = pytest.mark.parametrize("gcp_transport", ["rest", "grpc"])


def jobs() -> run_v2.JobsClient:
    client: run_v2.JobsClient = make(run_v2.JobsClient, "RUN")
    return client


def started(cloud: Cloud, retries: int | None = 0) -> run_v2.Execution:
    """An execution of a new job."""
    task = run_v2.TaskTemplate(containers=[run_v2.Container(image=IMAGE, args=["migrate"])])
    if retries is not None:
        task.max_retries = retries
    job = run_v2.Job(template=run_v2.ExecutionTemplate(template=task))
    jobs().create_job(parent=cloud.run.parent, job_id="web-once", job=job)
    made: run_v2.Execution = jobs().run_job(name=f"{cloud.run.parent}/jobs/web-once").metadata
    return made


def looked(name: str) -> run_v2.Execution:
    found: run_v2.Execution = make(run_v2.ExecutionsClient, "RUN").get_execution(name=name)
    return found


@TRANSPORTS
def test_an_execution_that_fails_says_with_which_exit_code(gcp: Cloud) -> None:
    gcp.run.output(["migrating"], exit_code=3)
    found = looked(started(gcp).name)
    short = found.name.rpartition("/")[2]
    assert (found.failed_count, found.succeeded_count, found.running_count) == (1, 0, 0)
    assert found.conditions[0].execution_reason.name == "NON_ZERO_EXIT_CODE"
    assert found.conditions[0].message.startswith(f"Task {short}-task0 failed with exit code: 3")
    tasks = list(make(run_v2.TasksClient, "RUN").list_tasks(parent=found.name))
    assert [each.last_attempt_result.exit_code for each in tasks] == [3]


@TRANSPORTS
def test_an_execution_takes_its_time_and_logs_meanwhile(gcp: Cloud) -> None:
    gcp.run.output(["one", "two"], seconds=10)
    name = started(gcp).name
    asked = {"resourceNames": ["projects/test-project"], "filter": 'resource.type="cloud_run_job"'}
    assert looked(name).running_count == 1
    assert [each["textPayload"] for each in gcp.logging.listed(asked)["entries"]] == ["one"]
    gcp.later(10)
    assert looked(name).succeeded_count == 1
    entries = gcp.logging.listed(asked)["entries"]
    assert [each["textPayload"] for each in entries] == ["one", "two"]
    assert entries[0]["labels"]["run.googleapis.com/execution_name"] == name.rpartition("/")[2]
    assert entries[0]["resource"]["labels"]["job_name"] == "web-once"


def test_a_job_that_says_nothing_tries_four_times(gcp: Cloud) -> None:
    gcp.run.output(["again"], exit_code=1)
    found = looked(started(gcp, retries=None).name)
    assert (found.retried_count, found.failed_count) == (3, 1)
    asked = {"resourceNames": ["projects/test-project"], "filter": '"again"'}
    assert len(gcp.logging.listed(asked)["entries"]) == 4


def test_an_attempt_may_fail_and_the_next_succeed(gcp: Cloud) -> None:
    gcp.run.output(codes=(1, 0))
    found = looked(started(gcp, retries=2).name)
    assert (found.retried_count, found.succeeded_count) == (1, 1)


@TRANSPORTS
def test_an_execution_can_be_cancelled_while_it_runs(gcp: Cloud) -> None:
    gcp.run.output(seconds=600)
    name = started(gcp).name
    executions = make(run_v2.ExecutionsClient, "RUN")
    executions.cancel_execution(name=name)
    found = looked(name)
    assert (found.cancelled_count, found.failed_count) == (1, 0)
    assert found.conditions[0].execution_reason.name == "CANCELLED"
    with pytest.raises(exceptions.GoogleAPICallError, match="already completed"):
        executions.cancel_execution(name=name)


def test_executions_are_listed_newest_first(gcp: Cloud) -> None:
    first = started(gcp).name
    second = jobs().run_job(name=f"{gcp.run.parent}/jobs/web-once").metadata.name
    listed = make(run_v2.ExecutionsClient, "RUN").list_executions(parent=f"{gcp.run.parent}/jobs/web-once")
    assert [each.name for each in listed] == [second, first]
    assert jobs().get_job(name=f"{gcp.run.parent}/jobs/web-once").execution_count == 2


def test_a_run_may_override_what_is_run(gcp: Cloud) -> None:
    started(gcp)
    override = run_v2.RunJobRequest.Overrides.ContainerOverride(
        args=["other"], env=[run_v2.EnvVar(name="A", value="1")]
    )
    overrides = run_v2.RunJobRequest.Overrides(container_overrides=[override])
    request = run_v2.RunJobRequest(name=f"{gcp.run.parent}/jobs/web-once", overrides=overrides)
    container = jobs().run_job(request).metadata.template.containers[0]
    assert (list(container.args), container.env[0].name) == (["other"], "A")


def test_a_job_is_changed_under_its_etag(gcp: Cloud) -> None:
    started(gcp)
    job = jobs().get_job(name=f"{gcp.run.parent}/jobs/web-once")
    job.template.template.containers[0].image = OTHER
    jobs().update_job(job=job)
    with pytest.raises(exceptions.Conflict, match="Conflict for resource 'web-once'"):
        jobs().update_job(job=job)


@TRANSPORTS
def test_a_worker_pool_is_moved_by_the_names_of_its_revisions(gcp: Cloud) -> None:
    pools: run_v2.WorkerPoolsClient = make(run_v2.WorkerPoolsClient, "RUN")
    first = run_v2.WorkerPoolRevisionTemplate(containers=[run_v2.Container(image=IMAGE)], revision="web-mail-00001-aaa")
    pools.create_worker_pool(
        parent=gcp.run.parent, worker_pool_id="web-mail", worker_pool=run_v2.WorkerPool(template=first)
    )
    name = f"{gcp.run.parent}/workerPools/web-mail"
    live = pools.get_worker_pool(name=name)
    assert live.scaling.manual_instance_count == 1
    assert [each.revision for each in live.instance_split_statuses] == ["web-mail-00001-aaa"]
    live.template.containers[0].image, live.template.revision = OTHER, "web-mail-00002-bbb"
    live.instance_splits = [run_v2.InstanceSplit(revision="web-mail-00001-aaa", percent=100, type_=2)]
    pools.update_worker_pool(worker_pool=live)
    live = pools.get_worker_pool(name=name)
    assert [each.revision for each in live.instance_split_statuses] == ["web-mail-00001-aaa"]
    assert live.latest_ready_revision.endswith("/web-mail-00002-bbb")
    revisions = make(run_v2.RevisionsClient, "RUN").list_revisions(parent=name)
    assert [each.name.rpartition("/")[2] for each in revisions] == ["web-mail-00002-bbb", "web-mail-00001-aaa"]
