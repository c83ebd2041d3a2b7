"""Failures of a build that are known, and what to do about them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.image.explanation import explained
from tasks.image.progress import Progress, failure

DOCKERFILE = """\
FROM debian:trixie-slim
# libgl1-mesa-glx is not what it was
RUN apt-get update && apt-get install -y \\
    curl \\
    libgl1-mesa-glx
ARG PIP_DEFAULT_TIMEOUT
RUN pip install --require-hashes -r requirements.txt
"""


@pytest.fixture
def dockerfile(tmp_path: Path) -> Path:
    path = tmp_path / "Dockerfile"
    path.write_text(DOCKERFILE)
    return path


@pytest.mark.parametrize(
    "line",
    ["E: Package 'libgl1-mesa-glx' has no installation candidate", "E: Unable to locate package libgl1-mesa-glx"],
)
def test_a_package_with_another_name_by_now(dockerfile: Path, line: str) -> None:
    assert explained(["Reading package lists...", line], dockerfile) == (
        f"{dockerfile}:5 installs libgl1-mesa-glx, which this release of Debian has not any more: write libgl1 there. "
        "A cache can keep an older step or package list: type inv build --no-cache, or set NO_CACHE=true."
    )


def test_a_package_that_a_cached_step_installs(dockerfile: Path) -> None:
    dockerfile.write_text("FROM debian:trixie-slim\nRUN ./install.sh\n")
    said = explained(["E: Unable to locate package libgl1-mesa-glx"], dockerfile)
    assert said.startswith(f"{dockerfile} does not name libgl1-mesa-glx")
    assert "write libgl1 where it is named" in said
    assert "--no-cache" in said


def test_a_package_that_there_never_was(dockerfile: Path) -> None:
    dockerfile.write_text("FROM debian:trixie-slim\nRUN apt-get install -y curlz\n")
    said = explained(["E: Unable to locate package curlz"], dockerfile)
    assert said.startswith(f"{dockerfile}:2 installs curlz, which the base image's package lists do not have")


def test_a_part_of_another_name_is_not_the_package(dockerfile: Path) -> None:
    dockerfile.write_text("FROM x\nRUN apt-get install -y libgl1-mesa-glx-dev\nRUN apt-get install libgl1-mesa-glx=1\n")
    assert explained(["E: Unable to locate package libgl1-mesa-glx"], dockerfile).startswith(f"{dockerfile}:3 installs")


@pytest.mark.parametrize(
    "line",
    [
        "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated the package",
        "  Hash mismatch for `torch==2.8.0`",
        "E: Failed to fetch http://deb.debian.org/x.deb  Hash Sum mismatch",
    ],
)
def test_hashes_that_differ(dockerfile: Path, line: str) -> None:
    said = explained([line, "    numpy from https://example.com/x"], dockerfile)
    assert said.startswith("What was downloaded is not what its hash says")
    assert "Type inv build --no-cache" in said


def test_a_download_that_took_too_long(dockerfile: Path) -> None:
    line = "pip._vendor.urllib3.exceptions.ReadTimeoutError: HTTPSConnectionPool(host='x'): Read timed out."
    assert explained([line], dockerfile).startswith(
        "A download took too long: set BUILD_ARG_PIP_DEFAULT_TIMEOUT=1000. CPU"
    )
    dockerfile.write_text("FROM x\nRUN pip install torch\n")
    assert f"1000, and write ARG PIP_DEFAULT_TIMEOUT before that step of {dockerfile}." in explained([line], dockerfile)
    uv = "Failed to download distribution due to network timeout. Try increasing UV_HTTP_TIMEOUT (current value: 30s)."
    assert "BUILD_ARG_UV_HTTP_TIMEOUT=1000" in explained([uv], dockerfile)


@pytest.mark.parametrize(
    "line", ["  cause: operation timed out", "Try increasing UV_HTTP_TIMEOUT (current value: 30s)."]
)
def test_uv_s_download_is_given_time_by_the_argument_that_the_dockerfile_takes(dockerfile: Path, line: str) -> None:
    assert "set BUILD_ARG_PIP_DEFAULT_TIMEOUT=1000. CPU" in explained([line], dockerfile)


def test_a_step_that_sets_a_timeout_did_not_take_too_long_by_that(dockerfile: Path) -> None:
    step = 'executor failed running [/bin/sh -c export UV_HTTP_TIMEOUT="60"; uv pip install x]: exit code: 1'
    assert explained(["error: no such package", step], dockerfile) == ""
    assert explained(["  Hash mismatch for `torch==2.8.0`", step], dockerfile).startswith("What was downloaded is not")


def test_what_is_not_known_is_not_explained(dockerfile: Path) -> None:
    assert explained(["E: something else", "exit code: 1"], dockerfile) == ""


def test_a_failed_build_ends_with_the_explanation(dockerfile: Path) -> None:
    progress = Progress()
    for line in (
        "#5 [2/3] RUN apt-get update && apt-get install -y curl libgl1-mesa-glx",
        "#5 3.1 E: Package 'libgl1-mesa-glx' has no installation candidate",
        "#5 ERROR: executor failed running [/bin/sh -c apt-get]: exit code: 100",
    ):
        progress.feed(line)
    said = str(failure(progress, dockerfile, "exit code 1"))
    assert f"failed in this step: executor failed running [/bin/sh -c apt-get]: exit code: 100. {dockerfile}:5" in said
    assert said.endswith("type inv build --no-cache, or set NO_CACHE=true.")
