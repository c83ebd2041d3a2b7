"""A build configuration of the user's own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasks.environment.settings import Environment
from tasks.errors import SettingError
from tasks.image.cloudbuild import config
from tasks.image.source import Source

from .test_request import CLOUD, IMAGE

Settings = Callable[..., Environment]

OWN = """\
steps:
  - name: gcr.io/cloud-builders/docker
    args: [build, --no-cache, -t, '${_IMAGE}:$SHORT_SHA', --build-arg, "MODE=${_MODE}", .]
    timeout: 900s
images: ['${_IMAGE}:$SHORT_SHA', '${_IMAGE}:latest']
substitutions:
  _MODE: slow
  _OTHER: kept
timeout: 1800s
options:
  machineType: E2_HIGHCPU_8
  logging: CLOUD_LOGGING_ONLY
tags: [ours]
"""
TREE = Source(sha="abcdef0123" * 4, short="abcdef01", branch="main")


@pytest.fixture
def own(settings: Settings, tmp_path: Path) -> Callable[..., Environment]:
    """An environment whose BUILD_CONFIG says `text`: `own(text, "BUILD_ARG_MODE=fast")`."""

    def make(text: str, *lines: str) -> Environment:
        (tmp_path / "cloudbuild.yaml").write_text(text)
        return settings(*CLOUD, "BUILD_CONFIG=cloudbuild.yaml", *lines)

    return make


def test_what_it_names_is_supplied_and_the_rest_stays(own: Callable[..., Environment]) -> None:
    build = config.of(own(OWN, "BUILD_ARG_MODE=fast"), TREE, "v1")
    assert dict(build.substitutions) == {"_MODE": "fast", "_OTHER": "kept", "_IMAGE": IMAGE, "SHORT_SHA": "abcdef0"}
    step = build.steps[0]
    assert step.args[3] == "${_IMAGE}:$SHORT_SHA"
    assert (step.timeout.seconds, build.timeout.seconds) == (900, 1800)
    assert (build.options.machine_type.name, build.options.logging.name) == ("E2_HIGHCPU_8", "CLOUD_LOGGING_ONLY")
    assert list(build.tags) == ["ours", "dockyard", "api", "local"]
    assert list(build.images) == ["${_IMAGE}:$SHORT_SHA", "${_IMAGE}:latest"]


def test_settings_win_over_it(own: Callable[..., Environment]) -> None:
    build = config.of(own(OWN, "BUILD_TIMEOUT=20m", "BUILD_MACHINE=E2_MEDIUM", "BUILD_LOGGING=GCS_ONLY"), TREE, "v1")
    assert (build.timeout.seconds, build.options.machine_type.name) == (1200, "E2_MEDIUM")
    assert (build.options.logging.name, build.options.log_streaming_option.name) == ("GCS_ONLY", "STREAM_ON")


def test_json_is_read_too(own: Callable[..., Environment]) -> None:
    document: dict[str, Any] = {"steps": [{"name": "bash", "args": ["-c", "echo $$HOME"]}]}
    build = config.of(own(json.dumps(document)), TREE, "v1")
    assert list(build.steps[0].args) == ["-c", "echo $$HOME"]
    assert dict(build.substitutions) == {}
    assert build.timeout.seconds == 3600


def test_a_dollar_sign_that_is_meant_names_nothing() -> None:
    assert config.used(["$$_A", "$$$_B", "${_C}x", "$_D-$SHORT_SHA", "$lower"]) == {"_B", "_C", "_D", "SHORT_SHA"}


def test_a_script_has_no_substitutions_unless_they_are_mapped(own: Callable[..., Environment]) -> None:
    step: dict[str, Any] = {"name": "bash", "script": "echo $_IMAGE"}
    assert dict(config.of(own(json.dumps({"steps": [step]})), TREE, "v1").substitutions) == {}
    build = config.of(own(json.dumps({"steps": [{**step, "automapSubstitutions": True}]})), TREE, "v1")
    assert dict(build.substitutions) == {"_IMAGE": IMAGE}


def test_outside_git_a_commit_that_it_names_is_asked_for(own: Callable[..., Environment]) -> None:
    with pytest.raises(SettingError, match=r"cloudbuild\.yaml names SHORT_SHA, and this is no git commit: commit, or"):
        config.of(own(OWN), Source(), "v1")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("steps: [", "is neither YAML nor JSON"),
        ("images: [x]", "has no steps"),
        ("- steps", "has no steps"),
        ("steps: [{name: x}]\nsource: {}", "says source, which only a build that was submitted has"),
        ("stepz: []\nsteps: [{name: x}]", 'is no build configuration: .* has no field named "stepz"'),
        ("steps: [{name: x, args: a b}]", "is no build configuration: Failed to parse steps field"),
        ("steps: [{name: x}]\noptions: {machineType: HUGE}", "Invalid enum value HUGE"),
    ],
)
def test_what_is_no_configuration_is_said(own: Callable[..., Environment], text: str, why: str) -> None:
    with pytest.raises(SettingError, match=why) as refused:
        config.of(own(text), TREE, "v1")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("STAGE=final", "STAGE"),
        ("BUILD_NETWORK=host", "BUILD_NETWORK"),
        ("BUILD_SECRET_TOKEN=token", "BUILD_SECRET_TOKEN"),
        ("BUILD_ARG_UNUSED=1", "BUILD_ARG_UNUSED"),
    ],
)
def test_a_setting_that_nothing_would_come_of_is_refused(own: Callable[..., Environment], line: str, key: str) -> None:
    with pytest.raises(SettingError, match=rf"{key} does nothing beside BUILD_CONFIG=cloudbuild\.yaml"):
        config.of(own(OWN, line), TREE, "v1")


def test_a_file_that_is_not_there_is_said(settings: Settings) -> None:
    with pytest.raises(SettingError, match=r"BUILD_CONFIG=.*/none\.yaml cannot be read"):
        config.of(settings(*CLOUD, "BUILD_CONFIG=none.yaml"), TREE, "v1")
