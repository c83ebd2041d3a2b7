"""`migrate` on ECS: the command's output and exit code, what could not start, what takes too long, what was killed."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from tasks.target.ecs import once, output
from tests.fakes.cloud import Cloud
from tests.target.ecs.project import Project


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(once, "POLL", 0.05)
    monkeypatch.setattr(output, "QUIET", 0.2)
    monkeypatch.setattr(output, "PAUSE", 0.02)


@pytest.fixture
def migrating(web: Project) -> Project:
    """The project with a pinned `v2` that brings a migration."""
    web.set(RELEASE_COMMAND="alembic upgrade head", ROLLBACK_COMMAND="alembic downgrade -1")
    web.pin("v2")
    return web


def one_off(cloud: Cloud) -> list[dict[str, str]]:
    client = cloud.client("ecs")
    arns = [
        arn
        for status in ("RUNNING", "STOPPED")
        for arn in client.list_tasks(cluster="c", startedBy="dockyard", desiredStatus=status)["taskArns"]
    ]
    return list(client.describe_tasks(cluster="c", tasks=arns)["tasks"]) if arns else []


def test_it_runs_in_the_pinned_image_with_its_output_on_standard_error(migrating: Project, cloud: Cloud) -> None:
    cloud.task_output(["Running upgrade -> 1a", "done"])
    result = migrating.inv("migrate.up --json")
    assert result.code == 0, result.err
    assert result.document["changed"]
    assert "\nRunning upgrade -> 1a\ndone\n" in result.err
    [asked] = cloud.requests("RunTask")
    assert asked["overrides"] == {"containerOverrides": [{"name": "app", "command": ["alembic", "upgrade", "head"]}]}
    assert asked["networkConfiguration"] == cloud.running("web")["networkConfiguration"]
    definition = cloud.task_definition(asked["taskDefinition"])
    assert definition["containerDefinitions"][0]["image"].endswith(f"@{result.document['digest']}")
    assert "UpdateService" not in migrating.calls()


def test_a_task_that_ends_within_one_poll_is_done(migrating: Project, cloud: Cloud) -> None:
    assert migrating.inv("migrate.down").code == 0
    assert [each["lastStatus"] for each in one_off(cloud)] == ["STOPPED"]
    assert "StopTask" not in migrating.calls()


def test_the_exit_code_counts(migrating: Project, cloud: Cloud) -> None:
    cloud.task_output(["no such table"], exit_code=3)
    result = migrating.inv("migrate.up")
    assert result.code == 4
    assert "no such table\n" in result.err
    assert "RELEASE_COMMAND (alembic upgrade head) ended with exit code 3; its output is above." in result.err


def test_a_way_down_that_fails_says_which_image_may_know_it(migrating: Project, cloud: Cloud) -> None:
    cloud.task_output(["Can't locate revision identified by '1b'"], exit_code=255)
    result = migrating.inv("migrate.down")
    assert result.code == 4
    assert "pin the one that does: inv pin --env=prod --tag=TAG, with a tag of inv history --env=prod." in result.err
    assert "inv migrate.down" not in result.err


def test_a_migration_that_fails_keeps_the_deploy_from_beginning(migrating: Project, cloud: Cloud) -> None:
    cloud.task_output([], exit_code=1)
    assert migrating.inv("deploy").code == 4
    assert migrating.serving() == "web:1"
    assert "UpdateService" not in migrating.calls()


def test_a_deploy_uses_what_the_migration_has_registered(migrating: Project) -> None:
    assert migrating.inv("deploy").code == 0
    assert migrating.calls().count("RegisterTaskDefinition") == 1
    assert migrating.serving() == "web:2"


def test_what_cannot_start_is_said_with_its_reason(migrating: Project, cloud: Cloud) -> None:
    cloud.task_output(
        [], exit_code=None, stop_code="TaskFailedToStart", stopped="CannotPullContainerError: manifest unknown"
    )
    result = migrating.inv("migrate.up")
    assert result.code == 1
    assert "could not start (TaskFailedToStart): CannotPullContainerError: manifest unknown" in result.err
    cloud.set(refused="RESOURCE:MEMORY")
    result = migrating.inv("migrate.up")
    assert result.code == 1
    assert "ECS could not start a task of web:2 (RESOURCE:MEMORY)" in result.err


def test_too_little_memory_is_said(migrating: Project, cloud: Cloud) -> None:
    cloud.task_output([], exit_code=137, reason="OutOfMemoryError: Container killed due to memory usage")
    result = migrating.inv("migrate.up")
    assert result.code == 4
    assert "OutOfMemoryError" in result.err
    assert "raise MEMORY" in result.err


def test_what_takes_longer_than_deploy_timeout_is_stopped(migrating: Project, cloud: Cloud) -> None:
    migrating.set(DEPLOY_TIMEOUT="1s")
    cloud.task_output(["still at it"], seconds=60)
    result = migrating.inv("migrate.up")
    assert result.code == 4
    assert "still at it\n" in result.err
    assert "did not end within 1 s (DEPLOY_TIMEOUT), and is RUNNING: it is stopped now" in result.err
    assert [each["stoppedReason"] for each in one_off(cloud)] == ["dockyard: given up"]


def test_a_log_that_cannot_be_read_stops_no_migration(migrating: Project, cloud: Cloud) -> None:
    cloud.deny("logs:GetLogEvents")
    cloud.task_output(["unseen"])
    result = migrating.inv("migrate.up")
    assert result.code == 0
    assert result.err.count("Its output is not shown: AWS denies") == 1


def test_a_dry_run_starts_nothing(migrating: Project) -> None:
    assert migrating.dockyard("--dry migrate.up --env=prod", migrating.root).code == 0
    assert not {"RunTask", "RegisterTaskDefinition"} & set(migrating.calls())


@pytest.fixture
def started(migrating: Project, cloud: Cloud) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Start a migration of a minute as a process of its own, and return once its task runs."""
    processes: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        cloud.task_output(["begun"], seconds=60)
        processes.append(migrating.start("migrate.up", "--env=prod"))
        deadline = time.monotonic() + 60
        while not [each for each in one_off(cloud) if each["lastStatus"] == "RUNNING"]:
            assert processes[-1].poll() is None, processes[-1].communicate()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def test_ctrl_c_stops_the_task(started: Callable[[], subprocess.Popen[str]], cloud: Cloud) -> None:
    process = started()
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert [each["stoppedReason"] for each in one_off(cloud)] == ["dockyard: interrupted"]


def test_a_killed_one_s_task_is_waited_for_and_then_told_how_to_stop(
    started: Callable[[], subprocess.Popen[str]], migrating: Project, cloud: Cloud
) -> None:
    started().kill()
    cloud.task_output(["mine"])
    migrating.inv("lock.release --steal")
    migrating.set(DEPLOY_TIMEOUT="1s")
    result = migrating.inv("migrate.up")
    [left] = [str(each["taskArn"]).rpartition("/")[2] for each in one_off(cloud)]
    assert result.code == 1, result.err
    assert f"Task {left} still runs a command of a process that was killed; waiting for its end." in result.err
    assert f"or after aws ecs stop-task --cluster=c --task={left}." in result.err
    cloud.client("ecs").stop_task(cluster="c", task=left)
    result = migrating.inv("migrate.up --json")
    assert (result.code, json.loads(result.out)["changed"]) == (0, True)
