"""What is said of a build that ended without an image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from google.cloud.devtools import cloudbuild_v1

from tasks.image.cloudbuild import Place, failure
from tasks.image.progress import Progress

PLACE = Place("p", "europe-west3", "p_cloudbuild")
DOCKERFILE = Path("/app/Dockerfile")
RECORDED = """\
#5 [2/3] RUN make
#5 0.209 cc main.c
#5 1.211 \x1b[31mmain.c:1: error\x1b[0m
#5 ERROR: executor failed running [/bin/sh -c make]: exit code: 2
ERROR: build step 0 "gcr.io/cloud-builders/docker" failed: step exited with non-zero status: 1
"""


def read(text: str) -> Progress:
    progress = Progress()
    for line in text.splitlines():
        progress.feed(line)
    return progress


def ended(status: str, kind: str = "", detail: str = "", **more: Any) -> cloudbuild_v1.Build:
    failed = {"failure_info": {"type_": kind, "detail": detail}} if kind else {}
    return cloudbuild_v1.Build(status=status, **failed, **more)


def test_the_failing_steps_last_lines_come_first() -> None:
    error = failure.of(PLACE, ended("FAILURE", "USER_BUILD_STEP", "Build step failure"), read(RECORDED), DOCKERFILE)
    assert str(error) == (
        "[2/3] RUN make\n  cc main.c\n  main.c:1: error\nThe build of /app/Dockerfile failed in this step: executor "
        "failed running [/bin/sh -c make]: exit code: 2; mend it and type the command again."
    )
    assert error.document == {"step": "[2/3] RUN make", "lines": ["cc main.c", "main.c:1: error"]}


def test_a_step_that_is_not_dockers_is_named_by_its_id() -> None:
    steps = [{"id": "lint", "name": "node", "status": "FAILURE", "exit_code": 3}]
    build = ended("FAILURE", "USER_BUILD_STEP", "x", steps=steps, log_url="https://example.com/log")
    error = failure.of(PLACE, build, read("no such file\n"), DOCKERFILE)
    assert str(error) == (
        "lint\n  no such file\nThe build failed in the step lint: exit code 3; mend it, then type the command again; "
        "see https://example.com/log."
    )


@pytest.mark.parametrize(
    ("build", "why"),
    [
        (
            ended("TIMEOUT", timeout={"seconds": 900}),
            "The build was ended after 900 s in [2/3] RUN make: make it faster, or raise BUILD_TIMEOUT.",
        ),
        (ended("EXPIRED"), "The build waited too long for its turn: type the command again."),
        (ended("CANCELLED"), "The build was cancelled by somebody else: type the command again."),
        (
            ended("FAILURE", "PUSH_NOT_AUTHORIZED", "denied", service_account="projects/p/serviceAccounts/b@p.iam"),
            "The build's service account (b@p.iam) may not push the image (denied): give it "
            "roles/artifactregistry.writer, then type the command again.",
        ),
        (
            ended("FAILURE", "FETCH_SOURCE_FAILED", "403"),
            "The build's service account (the default one of p) could not fetch the source from gs://p_cloudbuild "
            "(403): give it roles/storage.objectViewer, then type the command again.",
        ),
        (ended("FAILURE", "PUSH_IMAGE_NOT_FOUND", "x"), "No step made an image that the build names under images"),
        (ended("FAILURE", "PUSH_FAILED", "name unknown"), "The image could not be pushed (name unknown): see that"),
    ],
)
def test_other_ends_say_what_to_do(build: cloudbuild_v1.Build, why: str) -> None:
    assert why in str(failure.of(PLACE, build, read("#5 [2/3] RUN make\n"), DOCKERFILE))


def test_a_failure_of_cloud_builds_own_is_not_laid_on_the_recipe() -> None:
    error = failure.of(PLACE, ended("INTERNAL_ERROR", status_detail="try again."), Progress(), DOCKERFILE)
    assert str(error) == "Cloud Build itself failed (try again): type the command again."
