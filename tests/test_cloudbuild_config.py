"""BUILD_CONFIG: a cloudbuild.yaml of the user's own, from its submission to the pinned digest."""

from __future__ import annotations

import pytest

from tasks.image import pin
from tasks.image.registry import Registry

from .cloudbuild import Built
from .cloudbuild import cloud as cloud
from .conftest import Dockyard
from .fakes.gcp.fixtures import gcp as gcp
from .fakes.gcp.fixtures import gcp_transport as gcp_transport

OWN = """\
steps:
  - id: build
    name: gcr.io/cloud-builders/docker
    args: [build, --no-cache, --build-arg, 'MODE=${_MODE}', -t, '${_IMAGE}:$SHORT_SHA', -t, '${_IMAGE}:latest', .]
    timeout: 900s
  - id: look
    name: gcr.io/cloud-builders/docker
    args: [image, inspect, --format, 'made of $COMMIT_SHA', '${_IMAGE}:latest']
images: ['${_IMAGE}:$SHORT_SHA', '${_IMAGE}:latest']
timeout: 1800s
options: {machineType: E2_HIGHCPU_8, logging: CLOUD_LOGGING_ONLY}
"""


@pytest.fixture
def own(cloud: Built) -> Built:
    """The project with a configuration as inspirenet has one."""
    (cloud.root / "cloudbuild.yaml").write_text(OWN)
    (cloud.root / "Dockerfile").write_text("FROM scratch\nARG MODE\nLABEL mode=$MODE\nCOPY hello.txt /\n")
    cloud.write("BUILD_CONFIG=cloudbuild.yaml", "BUILD_ARG_MODE=fast")
    return cloud


def test_it_is_submitted_with_what_it_names_and_its_image_is_pinned(own: Built, dockyard: Dockyard) -> None:
    built = dockyard("build --env=prod --json", own.root)
    assert built.code == 0, built.err
    registry = Registry(own.image)
    digest = registry.digest(own.sha[:7])
    assert built.document["digest"] == digest == registry.digest("latest") == registry.digest(built.document["tag"])
    assert registry.config(digest)["config"]["Labels"] == {"mode": "fast"}
    assert f"made of {own.sha}" in built.err
    assert own.submitted["substitutions"] == {
        "_IMAGE": own.image,
        "_MODE": "fast",
        "SHORT_SHA": own.sha[:7],
        "COMMIT_SHA": own.sha,
    }
    assert own.submitted["options"] == {"machineType": "E2_HIGHCPU_8", "logging": "CLOUD_LOGGING_ONLY"}
    pushed = dockyard("push --env=prod --json", own.root)
    assert (pushed.code, pushed.document["digest"]) == (0, digest)
    assert dockyard("pin --env=prod", own.root).code == 0
    assert pin.read(own.root, "prod").digest == digest


def test_the_same_source_is_uploaded_once_and_built_again(own: Built, dockyard: Dockyard) -> None:
    first = dockyard("build --env=prod --json", own.root).document
    own.cloud.forget()
    again = dockyard("build --env=prod --json", own.root)
    assert again.code == 0, again.err
    assert again.document["tag"] == f"{first['tag']}-v2"
    assert "storage.objects.insert" not in own.methods()


def test_the_last_lines_of_a_step_that_fails_are_shown(own: Built, dockyard: Dockyard) -> None:
    (own.root / "cloudbuild.yaml").write_text(OWN.replace("'${_IMAGE}:latest']\nimages", "nothing-like-it]\nimages"))
    failed = dockyard("build --env=prod --json", own.root)
    assert failed.code == 1
    assert failed.document["step"] == "look"
    assert any("No such image: nothing-like-it" in line for line in failed.document["lines"])
    assert "The build failed in the step look: exit code 1" in failed.err


def test_an_image_that_it_does_not_push_is_asked_for(own: Built, dockyard: Dockyard) -> None:
    (own.root / "cloudbuild.yaml").write_text(OWN.partition("images:")[0])
    failed = dockyard("build --env=prod", own.root)
    assert failed.code == 1
    assert "pushed no image that could be told to be" in failed.err
    assert "name it under images there, as ${_IMAGE}:${_TAG}." in failed.err
