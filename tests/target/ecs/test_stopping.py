"""Why a task ended, in words."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.target.ecs.stopping import stop_reason

CRASH = {"lastStatus": "STOPPED", "stopCode": "EssentialContainerExited"}


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"lastStatus": "RUNNING"}, ""),
        ({"lastStatus": "STOPPED"}, "no reason was given"),
        ({"lastStatus": "STOPPED", "stopCode": "SpotInterruption"}, "the Spot capacity was taken back"),
        (
            {
                **CRASH,
                "stoppedReason": "Essential container in task exited",
                "containers": [
                    {"name": "api", "exitCode": 3},
                    {"name": "router", "exitCode": 137},
                    {"name": "setup", "exitCode": 0},
                ],
            },
            "Essential container in task exited; api exited with code 3",
        ),
        (
            {
                **CRASH,
                "stoppedReason": "Essential container in task exited",
                "containers": [
                    {
                        "name": "api",
                        "exitCode": 137,
                        "reason": "OutOfMemoryError: Container killed due to memory usage",
                    }
                ],
            },
            "Essential container in task exited; api exited with code 137 (SIGKILL): "
            "OutOfMemoryError: Container killed due to memory usage (raise MEMORY)",
        ),
        (
            {
                "lastStatus": "STOPPED",
                "stopCode": "TaskFailedToStart",
                "stoppedReason": "CannotPullContainerError: failed to resolve ref r/api@sha256:1: not found",
                "containers": [
                    {
                        "name": "api",
                        "reason": "CannotPullContainerError: failed to resolve ref r/api@sha256:1: not found",
                    },
                ],
            },
            "CannotPullContainerError: failed to resolve ref r/api@sha256:1: not found "
            "(the registry has no such digest: see IMAGE and inv images)",
        ),
        (
            {
                **CRASH,
                "stoppedReason": "Essential container in task exited",
                "containers": [
                    {
                        "name": "api",
                        "exitCode": 255,
                        "reason": "CannotStartContainerError: exec /app: exec format error",
                    }
                ],
            },
            "Essential container in task exited; api exited with code 255: "
            "CannotStartContainerError: exec /app: exec format error "
            "(the image is for another processor: see PLATFORM)",
        ),
        (
            {
                **CRASH,
                "stoppedReason": "Essential container in task exited",
                "containers": [{"name": "api", "exitCode": 0}],
            },
            "Essential container in task exited; api exited with code 0",
        ),
        (
            {
                "lastStatus": "STOPPED",
                "stopCode": "ServiceSchedulerInitiated",
                "stoppedReason": "Scaling activity initiated by (deployment d)",
                "containers": [{"name": "api", "exitCode": 0}],
            },
            "Scaling activity initiated by (deployment d)",
        ),
        (
            {
                "lastStatus": "STOPPED",
                "stoppedReason": "CannotPullContainerError: pull access denied: 403 Forbidden",
            },
            "CannotPullContainerError: pull access denied: 403 Forbidden (the task's execution role may not pull: it "
            "needs ecr:GetAuthorizationToken, ecr:BatchGetImage and ecr:GetDownloadUrlForLayer)",
        ),
        (
            {"lastStatus": "STOPPED", "stoppedReason": "Task failed ELB health checks in (target-group t)"},
            "Task failed ELB health checks in (target-group t) (it runs, but does not answer: see HEALTH_PATH)",
        ),
    ],
)
def test_why_a_task_stopped_in_words(found: dict[str, Any], said: str) -> None:
    assert stop_reason(found) == said
