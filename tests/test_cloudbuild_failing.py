"""Cloud Build when it goes wrong: what is said, and what is left."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from tasks.image.cloudbuild import results
from tasks.image.progress import View
from tasks.image.registry import Registry

from .cloudbuild import Built
from .cloudbuild import cloud as cloud
from .conftest import Dockyard
from .fakes.gcp.fixtures import gcp as gcp
from .fakes.gcp.fixtures import gcp_transport as gcp_transport
from .image.conftest import trixie as trixie

BASE = "python:3.11-slim-bookworm"
STALE = """\
FROM {base}
RUN apt-get update \\
 && apt-get install -y --no-install-recommends \\
    libgl1-mesa-glx
"""


def ended(cloud: Built) -> dict[str, str]:
    """Each build's status, by its id."""
    return {name: each.document["status"] for name, each in cloud.cloud.build.running.items()}


@pytest.mark.parametrize("logging", ["LEGACY", "CLOUD_LOGGING_ONLY"])
def test_a_stale_package_is_explained(cloud: Built, dockyard: Dockyard, trixie: str, logging: str) -> None:
    cloud.write("TAG=v1", f"BUILD_LOGGING={logging}")
    cloud.dockerfile(STALE.format(base=trixie))
    failed = dockyard("build --env=prod --json", cloud.root)
    assert failed.code == 1
    assert "Package 'libgl1-mesa-glx' has no installation candidate" in failed.document["lines"][-1]
    assert failed.document["step"].startswith("[2/2] RUN apt-get update")
    assert failed.document["error"].endswith(
        f"{cloud.root / 'Dockerfile'}:4 installs libgl1-mesa-glx, which this release of Debian has not any more: write "
        "libgl1 there. A cache can keep an older step or package list: type inv build --no-cache, or set NO_CACHE=true."
    )
    assert Registry(cloud.image).tags() == []


def test_lines_are_shown_while_it_runs(cloud: Built, dockyard: Dockyard, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud.dockerfile(f"FROM {BASE}\nRUN echo the first; sleep 3; echo the second; date +%N\n")
    seen: list[tuple[str, str]] = []
    shown = View.line

    def line(self: View, line: str, text: str | None = None) -> None:
        seen.append((line, next(iter(ended(cloud).values()))))
        shown(self, line, text)

    monkeypatch.setattr(View, "line", line)
    assert dockyard("build --env=prod --no-cache", cloud.root).code == 0
    assert [status for text, status in seen if text.endswith(" the first")] == ["WORKING"]


def test_a_build_without_a_log_still_says_what_failed(cloud: Built, dockyard: Dockyard) -> None:
    cloud.write("TAG=v1", "BUILD_LOGGING=NONE")
    cloud.dockerfile(f"FROM {BASE}\nRUN exit 3\n")
    failed = dockyard("build --env=prod", cloud.root)
    assert failed.code == 1
    assert "The build failed in the step build linux/amd64: exit code 1; mend it" in failed.err


def test_an_interrupted_build_is_cancelled(cloud: Built, dockyard: Dockyard) -> None:
    cloud.dockerfile(f"FROM {BASE}\nRUN echo waiting; sleep 60\n")

    def interrupt() -> None:
        deadline = time.monotonic() + 20
        while "WORKING" not in ended(cloud).values() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=interrupt, daemon=True).start()
    began = time.monotonic()
    stopped = dockyard("build --env=prod --no-cache", cloud.root)
    assert stopped.code == 130
    assert time.monotonic() - began < 20
    (ident,) = ended(cloud)
    assert f"The build {ident} was cancelled." in stopped.err
    assert ended(cloud) == {ident: "CANCELLED"}
    assert Registry(cloud.image).tags() == []


def test_a_build_that_takes_too_long_is_ended(cloud: Built, dockyard: Dockyard) -> None:
    cloud.write("BUILD_TIMEOUT=2s")
    cloud.dockerfile(f"FROM {BASE}\nRUN echo begun; sleep 60\n")
    late = dockyard("build --env=prod --no-cache --json", cloud.root)
    assert late.code == 1
    assert "The build was ended after 2 s in [2/2] RUN echo begun; sleep 60: make it faster, or raise" in late.err
    assert late.document["lines"] == ["begun"]


def test_a_secret_is_used_and_never_shown(cloud: Built, dockyard: Dockyard) -> None:
    cloud.cloud.secrets.add("pip-token", "hunter2hunter2")
    cloud.write("BUILD_SECRET_PIP_TOKEN=pip-token")
    cloud.dockerfile(
        f"FROM {BASE}\nRUN --mount=type=secret,id=PIP_TOKEN test $(cat /run/secrets/PIP_TOKEN | wc -c) = 14\n"
    )
    built = dockyard("build --env=prod --no-cache", cloud.root)
    assert built.code == 0, built.err
    assert "hunter2" not in built.err + str(cloud.cloud.calls)
    assert cloud.submitted["steps"][0]["secretEnv"] == ["BUILD_SECRET_PIP_TOKEN"]


def test_a_dollar_sign_reaches_the_build(cloud: Built, dockyard: Dockyard) -> None:
    cloud.write("BUILD_ARG_PRICE='5$PROJECT_ID and $$'")
    cloud.dockerfile("FROM scratch\nARG PRICE\nLABEL price=$PRICE\nCOPY hello.txt /\n")
    built = dockyard("build --env=prod --json", cloud.root)
    assert built.code == 0, built.err
    labels = Registry(cloud.image).config(built.document["digest"])["config"]["Labels"]
    assert labels["price"] == "5$PROJECT_ID and $$"


def test_an_image_over_size_is_refused_each_time(cloud: Built, dockyard: Dockyard) -> None:
    cloud.write("TAG=v1", "MAX_IMAGE_SIZE=1MB")
    (cloud.root / "hello.txt").write_bytes(b"0" * 2_500_000)
    for tag in ("v1", "v1"):
        refused = dockyard("build --env=prod", cloud.root)
        assert refused.code == 1
        assert f"{cloud.image}@sha256:" in refused.err
        assert "has 2.502 MB, more than MAX_IMAGE_SIZE=1 MB" in refused.err
        assert Registry(cloud.image).tags() == [tag]


def test_a_wrong_architecture_is_refused(cloud: Built, dockyard: Dockyard) -> None:
    cloud.write("TAG=v1", "BUILD_CONFIG=cloudbuild.yaml")
    (cloud.root / "cloudbuild.yaml").write_text(
        "steps: [{name: gcr.io/cloud-builders/docker, args: [build, --platform, linux/arm64, -t, '${_IMAGE}:v1', .], "
        "env: [DOCKER_BUILDKIT=1]}]\nimages: ['${_IMAGE}:v1']\n"
    )
    refused = dockyard("build --env=prod", cloud.root)
    assert refused.code == 1
    assert "is for linux/arm64, but PLATFORM is linux/amd64, where it would end with `exec format error`" in refused.err


@pytest.mark.parametrize(
    ("status", "message", "why"),
    [
        (
            429,
            "Quota exceeded for quota metric 'Build requests'",
            "wait until others are done, take BUILD_MACHINE out, or have the quota raised",
        ),
        (403, "Permission 'cloudbuild.builds.create' denied", "Google denies cloudbuild.builds.create"),
        (403, "Cloud Build API has not been used in project 1", "is not enabled"),
    ],
)
def test_what_cloud_build_refuses_is_a_sentence(
    cloud: Built, dockyard: Dockyard, status: int, message: str, why: str
) -> None:
    cloud.cloud.fault("cloudbuild", "create", status, message)
    refused = dockyard("build --env=prod", cloud.root)
    assert refused.code == 1
    assert why in refused.err
    assert "Traceback" not in refused.err


def test_a_build_goes_on_while_nobody_can_look_at_it(cloud: Built, dockyard: Dockyard) -> None:
    cloud.cloud.fault("cloudbuild", "builds.get", 429, "Quota exceeded", times=2)
    cloud.cloud.fault("storage", "objects.get", 403, "Permission 'storage.objects.get' denied", times=1, after=1)
    built = dockyard("build --env=prod", cloud.root)
    assert built.code == 0, built.err
    assert built.err.count("The build's log cannot be read now: Google denies storage.objects.get") == 1
    assert "COPY hello.txt /" in built.err


def test_a_failure_of_cloud_builds_own_is_told_as_such(cloud: Built, dockyard: Dockyard) -> None:
    cloud.cloud.build.fail("INTERNAL_ERROR", "no worker was there")
    failed = dockyard("build --env=prod", cloud.root)
    assert failed.code == 1
    assert "Cloud Build itself failed (no worker was there): type the command again" in failed.err


def test_a_registry_that_has_something_else_is_not_trusted(
    cloud: Built, dockyard: Dockyard, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = results.digests
    monkeypatch.setattr(
        results, "digests", lambda build, image: dict.fromkeys(said(build, image), f"sha256:{'0' * 64}")
    )
    refused = dockyard("build --env=prod --tag=v1", cloud.root)
    assert refused.code == 1
    assert f"Cloud Build says that {cloud.image}:v1 is sha256:{'0' * 64}, but it is sha256:" in refused.err
