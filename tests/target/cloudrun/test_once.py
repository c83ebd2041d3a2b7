"""One command in an execution of a job: its exit code, its output, and that two never run at a time."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from google.cloud import run_v2

from tasks.errors import DeployFailed, DockyardError
from tasks.target.cloudrun import once, output
from tasks.target.cloudrun.service import Fleet
from tests.fakes.gcp.cloud import Cloud
from tests.target.cloudrun.looking import deployed, digest, fleet, release

ONE = "web-00001-abc"
OVER = "Container called exit(0)."
JOBS = "run.projects.locations.jobs"
COMMAND = ["python", "-c", "migrate()"]


@pytest.fixture
def of(gcp: Cloud, tmp_path: Path) -> Fleet:
    found = fleet(
        gcp, tmp_path, "ENV_MODE=fast\nSECRET_DATABASE_URL=database-url\nCLOUDSQL=p:r:db\nSERVICE_ACCOUNT=a@b.c\n"
    )
    gcp.secrets.add("database-url", b"postgres://")
    deployed(gcp, found, ONE, "v1")
    return found


def job(of: Fleet) -> run_v2.Job:
    return of.clients.jobs.get_job(name=f"{of.clients.parent}/jobs/web-once")


@pytest.mark.parametrize("gcp_transport", ["rest", "grpc"])
def test_a_command_runs_to_its_end_and_its_output_is_shown(
    gcp: Cloud, of: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    gcp.run.output(["upgrading", "upgraded", OVER])
    gcp.forget()
    assert once.run(of, release(gcp, "v2"), COMMAND) == 0
    assert [each for each in gcp.methods("run") if not each.endswith("executions.get")] == [
        "run.projects.locations.services.get",
        f"{JOBS}.get",
        f"{JOBS}.create",
        f"{JOBS}.get",
        f"{JOBS}.run",
    ]
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("Execution web-once-")
    assert said[0].endswith(" of job web-once runs it.")
    assert said[1:] == ["upgrading", "upgraded", OVER]


def test_the_job_has_what_the_service_has_and_no_retries(gcp: Cloud, of: Fleet) -> None:
    gcp.run.output([OVER])
    once.run(of, release(gcp, "v2"), COMMAND)
    task = job(of).template.template
    (container,) = task.containers
    assert task.max_retries == 0
    assert container.image == f"{of.environment.image}@{digest('v2')}"
    assert list(container.args) == COMMAND
    assert [each.name for each in container.env] == ["MODE", "DATABASE_URL"]
    assert container.env[1].value_source.secret_key_ref.secret == "database-url"
    assert task.service_account == "a@b.c"
    assert [list(each.cloud_sql_instance.instances) for each in task.volumes] == [["p:r:db"]]


@pytest.mark.parametrize("gcp_transport", ["rest", "grpc"])
def test_the_exit_code_of_the_task_counts(gcp: Cloud, of: Fleet) -> None:
    gcp.run.output(["boom", OVER], exit_code=3)
    assert once.run(of, release(gcp, "v1"), COMMAND) == 3
    assert gcp.counted()[f"{JOBS}.executions.tasks.list"] == 1
    assert job(of).execution_count == 1


def test_a_second_command_changes_the_job_by_its_etag(gcp: Cloud, of: Fleet) -> None:
    gcp.run.output([OVER])
    once.run(of, release(gcp, "v1"), ["one"])
    etag = job(of).etag
    gcp.forget()
    once.run(of, release(gcp, "v2"), ["two"])
    (patch,) = [each for each in gcp.calls if each.method == f"{JOBS}.patch"]
    assert patch.request["body"]["etag"] == etag
    assert list(job(of).template.template.containers[0].args) == ["two"]


def test_a_job_that_is_changed_meanwhile_is_changed_anew(gcp: Cloud, of: Fleet) -> None:
    gcp.run.output([OVER])
    once.run(of, release(gcp, "v1"), ["one"])

    def change() -> None:
        found = job(of)
        found.annotations["other"] = "kept"
        of.clients.jobs.update_job(job=found)

    gcp.meanwhile("run", "jobs.patch", change)
    assert once.run(of, release(gcp, "v2"), ["two"]) == 0
    assert job(of).annotations["other"] == "kept"
    assert list(job(of).template.template.containers[0].args) == ["two"]


def test_a_command_is_not_run_in_a_job_that_has_just_been_given_another(gcp: Cloud, of: Fleet) -> None:
    def change() -> None:
        found = job(of)
        found.template.template.containers[0].args = ["of somebody else"]
        of.clients.jobs.update_job(job=found)

    gcp.meanwhile("run", "jobs.run", change)
    with pytest.raises(DockyardError, match=r"Job web-once was changed meanwhile, and the command was not run"):
        once.run(of, release(gcp, "v2"), COMMAND)
    assert job(of).execution_count == 0


def test_a_start_whose_answer_is_lost_is_found_and_not_made_twice(gcp: Cloud, of: Fleet) -> None:
    gcp.run.output([OVER])
    gcp.fault("run", "jobs.run", 503, lost=True)
    assert once.run(of, release(gcp, "v1"), COMMAND) == 0
    assert job(of).execution_count == 1


def test_an_execution_of_a_killed_process_is_waited_for(
    gcp: Cloud, of: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    gcp.run.output([OVER])
    once.run(of, release(gcp, "v1"), COMMAND)
    gcp.run.output([OVER], seconds=1.5)
    of.clients.jobs.run_job(name=job(of).name)
    gcp.run.output([OVER])
    gcp.forget()
    began = time.monotonic()
    assert once.run(of, release(gcp, "v2"), COMMAND) == 0
    assert time.monotonic() - began > 1.4
    assert "still runs a command of a process that was killed; waiting for its end." in capsys.readouterr().err
    order = gcp.methods("run")
    assert order.index(f"{JOBS}.patch") > order.index(f"{JOBS}.executions.list")


def test_a_command_that_takes_too_long_is_cancelled(gcp: Cloud, tmp_path: Path) -> None:
    of = fleet(gcp, tmp_path, "DEPLOY_TIMEOUT=1s\n")
    gcp.run.output(["begun"], seconds=60)
    with pytest.raises(DeployFailed, match=r"did not end within 1 s \(DEPLOY_TIMEOUT\): it is cancelled now"):
        once.run(of, release(gcp, "v1"), COMMAND)
    assert gcp.counted()[f"{JOBS}.executions.cancel"] == 1


def test_an_interrupt_cancels_the_execution_and_shows_what_came(
    gcp: Cloud, of: Fleet, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    gcp.run.output(["begun"], seconds=60)
    looks = []

    def show(self: output.Output) -> int:
        looks.append(1)
        if len(looks) == 3:
            raise KeyboardInterrupt
        return 0

    monkeypatch.setattr(output.Output, "show", show)
    with pytest.raises(KeyboardInterrupt):
        once.run(of, release(gcp, "v1"), COMMAND)
    said = capsys.readouterr().err
    assert "is cancelled." in said
    assert "begun" in said
    (left,) = of.clients.executions.list_executions(parent=job(of).name)
    assert left.cancelled_count == 1


def test_an_execution_that_somebody_cancels_is_no_success(gcp: Cloud, of: Fleet) -> None:
    gcp.run.output(["begun"], seconds=60)

    def cancel() -> None:
        deadline = time.monotonic() + 10
        while f"{JOBS}.run" not in gcp.methods() and time.monotonic() < deadline:
            time.sleep(0.05)
        (running,) = of.clients.executions.list_executions(parent=job(of).name)
        of.clients.executions.cancel_execution(name=running.name)

    thread = threading.Thread(target=cancel)
    thread.start()
    with pytest.raises(DeployFailed, match="was cancelled: the command may have done a part"):
        once.run(of, release(gcp, "v1"), COMMAND)
    thread.join()


def test_a_command_whose_secret_is_missing_was_not_run(gcp: Cloud, tmp_path: Path) -> None:
    of = fleet(gcp, tmp_path, "SECRET_TOKEN=nowhere\n")
    with pytest.raises(DockyardError, match=r"web-once-\w+ could not start: .*nowhere.* The command was not run") as no:
        once.run(of, release(gcp, "v1"), COMMAND)
    assert no.value.code == 1


def test_output_that_may_not_be_read_is_said_and_the_exit_code_still_counts(
    gcp: Cloud, of: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    gcp.deny("logging.*")
    gcp.run.output(["boom"], exit_code=2)
    assert once.run(of, release(gcp, "v1"), COMMAND) == 2
    assert capsys.readouterr().err.count("Its output is not shown: Google denies") == 1


def test_lines_that_come_late_are_shown(gcp: Cloud, of: Fleet, capsys: pytest.CaptureFixture[str]) -> None:
    gcp.set(logging_delay=1.5)
    gcp.run.output(["late", OVER])
    assert once.run(of, release(gcp, "v1"), COMMAND) == 0
    assert capsys.readouterr().err.splitlines()[1:] == ["late", OVER]


def test_a_job_that_somebody_else_made_is_left_alone(gcp: Cloud, of: Fleet) -> None:
    foreign = run_v2.Job(template={"template": {"containers": [{"image": "docker.io/library/python"}]}})
    of.clients.jobs.create_job(parent=of.clients.parent, job=foreign, job_id="web-once")
    with pytest.raises(DockyardError, match="There is a job web-once that Dockyard did not make"):
        once.run(of, release(gcp, "v1"), COMMAND)
    assert job(of).execution_count == 0
