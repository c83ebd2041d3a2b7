"""The build that is submitted for a recipe."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from google.cloud.devtools import cloudbuild_v1

from tasks.environment.settings import Environment
from tasks.errors import SettingError
from tasks.image import cloudbuild, recipe
from tasks.image.cloudbuild import request
from tasks.image.source import Source

Settings = Callable[..., Environment]

CLOUD = (
    "TARGET=cloudrun",
    "BUILDER=cloudbuild",
    "PROJECT=p",
    "REGION=europe-west3",
    "IMAGE=europe-west3-docker.pkg.dev/p/repo/api",
)
HERE = "BUILD_SECRET_TOKEN=env:TOKEN"
IMAGE = "europe-west3-docker.pkg.dev/p/repo/api"


def made(environment: Environment, *, cached: str = "", no_cache: bool = False) -> cloudbuild_v1.Build:
    asked = recipe.of(environment, Source(), no_cache=no_cache)
    names = dict.fromkeys(asked.platforms, f"{IMAGE}:v1")
    return request.of(environment, asked, names, cached=cached)


def test_a_recipe_is_one_step_of_dockers(settings: Settings) -> None:
    environment = settings(
        *CLOUD, "STAGE=final", "BUILD_ARG_MODE=fast", "BUILD_TIMEOUT=30m", "BUILD_MACHINE=E2_HIGHCPU_8"
    )
    assert made(environment) == cloudbuild_v1.Build(
        steps=[
            {
                "id": "build linux/amd64",
                "name": "gcr.io/cloud-builders/docker",
                "args": [
                    *("build", "--progress", "plain", "--file", "Dockerfile", "--platform", "linux/amd64"),
                    *("--target", "final", "--build-arg", "MODE=fast"),
                    *("--label", "org.opencontainers.image.title=api", "--label", "dockyard.env=local"),
                    *("--build-arg", "BUILDKIT_INLINE_CACHE=1", "--tag", f"{IMAGE}:v1", "context"),
                ],
                "env": ["DOCKER_BUILDKIT=1"],
            }
        ],
        images=[f"{IMAGE}:v1"],
        tags=["dockyard", "api", "local"],
        timeout={"seconds": 1800},
        options={
            "requested_verify_option": "VERIFIED",
            "machine_type": "E2_HIGHCPU_8",
            "log_streaming_option": "STREAM_ON",
        },
    )


def test_what_was_built_last_is_built_upon_unless_no_cache_is_wanted(settings: Settings) -> None:
    last = f"{IMAGE}@sha256:{'a' * 64}"
    args = list(made(settings(*CLOUD), cached=last).steps[0].args)
    assert args[args.index("--cache-from") + 1] == last
    anew = made(settings(*CLOUD), cached=last, no_cache=True).steps[0].args
    assert "--no-cache" in anew
    assert not {"--cache-from", "BUILDKIT_INLINE_CACHE=1"} & set(anew)


def test_secrets_are_read_by_cloud_build_and_on_no_command_line(settings: Settings) -> None:
    environment = settings(
        *CLOUD,
        "BUILD_SECRET_PIP_TOKEN=pip-token:3",
        "BUILD_SECRET_npm.rc=projects/other/secrets/npm",
    )
    build = made(environment)
    assert build.available_secrets == cloudbuild_v1.Secrets(
        secret_manager=[
            {"version_name": "projects/p/secrets/pip-token/versions/3", "env": "BUILD_SECRET_PIP_TOKEN"},
            {"version_name": "projects/other/secrets/npm/versions/latest", "env": "BUILD_SECRET_npm_rc"},
        ]
    )
    assert list(build.steps[0].secret_env) == ["BUILD_SECRET_PIP_TOKEN", "BUILD_SECRET_npm_rc"]
    args = list(build.steps[0].args)
    assert args[args.index("--secret") + 1] == "id=PIP_TOKEN,env=BUILD_SECRET_PIP_TOKEN"
    assert not any("pip-token" in part for part in args)


def test_a_bundle_of_certificates_comes_with_the_source(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "ca.crt").touch()
    build = made(settings(*CLOUD, "BUILD_CA=ca.crt"))
    args = list(build.steps[0].args)
    assert args[args.index("--secret") + 1] == "id=ca,src=ca.crt"
    assert (list(build.steps[0].secret_env), build.available_secrets) == ([], cloudbuild_v1.Secrets())


def test_a_secret_of_this_machine_cannot_be_read_there(settings: Settings) -> None:
    environment = settings(
        "PROJECT=p", "BUILDER=buildkit", "BUILD_SECRET_TOKEN=env:TOKEN", "TARGET=cloudrun", *CLOUD[3:]
    )
    with pytest.raises(SettingError, match="BUILD_SECRET_TOKEN=env:TOKEN cannot be read by Cloud Build: store it in"):
        made(environment)


def test_a_dollar_sign_is_not_taken_for_a_substitution(settings: Settings) -> None:
    args = made(settings(*CLOUD, "BUILD_ARG_PRICE='5$PROJECT_ID'")).steps[0].args
    assert "PRICE=5$$PROJECT_ID" in args


def test_two_platforms_are_two_steps_after_one_that_may_fail(settings: Settings) -> None:
    environment = settings(*CLOUD, "PLATFORM=linux/amd64,linux/arm64")
    build = made(environment)
    assert [step.id for step in build.steps] == ["emulate", "build linux/amd64", "build linux/arm64"]
    assert list(build.steps[0].args) == ["run", "--privileged", "--rm", "tonistiigi/binfmt", "--install", "arm64"]
    assert [step.allow_failure for step in build.steps] == [True, False, False]


@pytest.mark.parametrize(
    ("logging", "streaming"), [("", True), ("GCS_ONLY", True), ("CLOUD_LOGGING_ONLY", False), ("NONE", False)]
)
def test_only_a_log_with_an_object_is_streamed_into_it(settings: Settings, logging: str, streaming: bool) -> None:
    options = made(settings(*CLOUD, f"BUILD_LOGGING={logging}")).options
    assert options.logging.name == (logging or "LOGGING_UNSPECIFIED")
    assert (options.log_streaming_option.name == "STREAM_ON") is streaming


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (
            "BUILD_MACHINE=e2-highcpu-8",
            r"=e2-highcpu-8 is no machine of Cloud Build; did you mean E2_HIGHCPU_8\?",
        ),
        (
            "BUILD_MACHINE=huge",
            "=huge is no machine of Cloud Build; write one of N1_HIGHCPU_8, N1_",
        ),
        ("BUILD_TIMEOUT=25h", "BUILD_TIMEOUT is at most 24h on Cloud Build: lower it"),
    ],
)
def test_what_cloud_build_does_not_take_is_refused_before_it_is_asked(settings: Settings, line: str, why: str) -> None:
    with pytest.raises(SettingError, match=why):
        made(settings(*CLOUD, line))


def test_builds_run_in_the_region_of_a_service_on_cloud_run_and_else_anywhere(settings: Settings) -> None:
    there = cloudbuild.place(settings(*CLOUD))
    assert (there.parent, there.bucket, there.given) == ("projects/p/locations/europe-west3", "p_cloudbuild", False)
    other = cloudbuild.place(settings("PROJECT=example.com:p", "BUILDER=cloudbuild"))
    assert (other.location, other.bucket) == ("global", "example_com_p_cloudbuild")
    named = cloudbuild.place(settings(*CLOUD, "BUILD_BUCKET=mine"))
    assert (named.bucket, named.given) == ("mine", True)
