"""`build`, `push` and `pin` with BUILDER=cloudbuild: no Docker engine, a registry, Storage and Cloud Build."""

from __future__ import annotations

import re

import pytest

from tasks.image import pin
from tasks.image.registry import Registry

from .cloudbuild import Built
from .cloudbuild import cloud as cloud
from .conftest import Dockyard
from .fakes.gcp.fixtures import gcp as gcp
from .fakes.gcp.fixtures import gcp_transport as gcp_transport


@pytest.mark.parametrize("gcp_transport", ["rest", "grpc"])
def test_an_image_lands_in_the_registry_without_an_engine(cloud: Built, dockyard: Dockyard) -> None:
    built = dockyard("build --env=prod --json --note=first", cloud.root)
    assert built.code == 0, built.err
    document = built.document
    registry = Registry(cloud.image)
    manifest = registry.manifest(document["tag"])
    assert manifest is not None
    assert document["digest"] == manifest.digest
    assert document["tag"] == cloud.sha[: len(document["tag"])]
    assert document["images"] == [
        {"platform": "linux/amd64", "id": manifest.config, "size": registry.size(manifest.digest)}
    ]
    assert (document["reused"], document["changed"]) == (False, True)
    assert document["reproducible"] is False
    assert document["reproducible_why"].startswith("Cloud Build writes the time of the build into the image, so each")
    labels = registry.config(manifest.digest)["config"]["Labels"]
    assert labels["org.opencontainers.image.revision"] == cloud.sha
    assert (labels["dockyard.env"], labels["dockyard.note"]) == ("prod", "first")
    assert registry.digest(f"inputs-{labels['dockyard.inputs'].removeprefix('sha256:')}") == manifest.digest
    assert "COPY hello.txt /" in built.err
    assert cloud.methods("cloudbuild").count("cloudbuild.projects.locations.builds.create") == 1


def test_the_same_inputs_are_not_built_twice(cloud: Built, dockyard: Dockyard) -> None:
    first = dockyard("build --env=prod --json", cloud.root).document
    cloud.cloud.forget()
    again = dockyard("build --env=prod --json", cloud.root)
    assert again.document["digest"] == first["digest"]
    assert (again.document["reused"], again.document["changed"]) == (True, False)
    assert (again.document["reproducible"], again.document["reproducible_why"]) == (None, None)
    (cloud.root / ".build").mkdir()
    (cloud.root / ".build" / "left.o").touch()
    other = dockyard("build --env=prod --json --tag=v7", cloud.root).document
    assert (other["digest"], other["tag"], other["reused"], other["changed"]) == (first["digest"], "v7", True, True)
    assert Registry(cloud.image).digest("v7") == first["digest"]
    assert cloud.cloud.calls == []


def test_no_cache_builds_anew_from_the_same_source(cloud: Built, dockyard: Dockyard) -> None:
    cloud.write("TAG=v1")
    first = dockyard("build --env=prod --json", cloud.root).document
    cloud.cloud.forget()
    anew = dockyard("build --env=prod --json --no-cache", cloud.root)
    assert (anew.document["tag"], anew.document["reused"]) == ("v1-v2", False)
    assert "storage.objects.insert" not in cloud.methods()
    assert "--no-cache" in cloud.submitted["steps"][0]["args"]
    assert Registry(cloud.image).digest("v1") == first["digest"]


def test_a_tag_that_was_given_is_not_overwritten(cloud: Built, dockyard: Dockyard) -> None:
    first = dockyard("build --env=prod --json --tag=v1", cloud.root).document
    (cloud.root / "hello.txt").write_text("other")
    cloud.cloud.forget()
    refused = dockyard("build --env=prod --tag=v1", cloud.root)
    assert refused.code == 1
    assert f"{cloud.image}:v1 has other content in the registry, and a tag is not overwritten" in refused.err
    assert (cloud.cloud.calls, Registry(cloud.image).digest("v1")) == ([], first["digest"])


def test_a_dry_build_says_what_would_be_uploaded_and_submitted(cloud: Built, dockyard: Dockyard) -> None:
    cloud.write("TAG=v1", "BUILD_ARG_MODE=fast", "BUILD_MACHINE=E2_HIGHCPU_8", "BUILD_SECRET_TOKEN=pip-token")
    said = dockyard("build --env=prod --dry --json", cloud.root)
    assert said.code == 0, said.err
    assert re.search(
        r"Would upload 4 files, \d+ B, to gs://test-project_cloudbuild/source/[0-9a-f]{64}\.tgz\.", said.err
    )
    assert f"Would submit to Cloud Build in projects/test-project/locations/{cloud.cloud.region}:" in said.err
    assert "gcr.io/cloud-builders/docker build --progress plain --file Dockerfile" in said.err
    assert "with BUILD_SECRET_TOKEN from projects/test-project/secrets/pip-token/versions/latest" in said.err
    assert "on E2_HIGHCPU_8, in 3600 s at most" in said.err
    assert f"Would tag {cloud.image}:v1." in said.err
    assert (said.document["changed"], said.document["digest"], said.document["images"]) == (False, None, [])
    assert {call.method.rpartition(".")[2] for call in cloud.cloud.calls} <= {"get", "list"}
    assert cloud.cloud.storage.buckets == {}


def test_push_and_pin_take_what_was_built_last(cloud: Built, dockyard: Dockyard) -> None:
    cloud.write("TAG=v1", "ALSO_TAG=edge")
    built = dockyard("build --env=prod --json", cloud.root).document
    assert Registry(cloud.image).digest("edge") == ""
    pushed = dockyard("push --env=prod --json --also=latest", cloud.root)
    assert pushed.code == 0, pushed.err
    assert {key: pushed.document[key] for key in ("tag", "digest", "moved")} == {
        "tag": "v1",
        "digest": built["digest"],
        "moved": ["edge", "latest"],
    }
    assert Registry(cloud.image).digest("latest") == built["digest"]
    pinned = dockyard("pin --env=prod --json", cloud.root)
    assert pinned.code == 0, pinned.err
    found = pin.read(cloud.root, "prod")
    assert (found.digest, found.tag, found.git_sha) == (built["digest"], "v1", cloud.sha)


def test_what_is_pinned_is_built_upon(cloud: Built, dockyard: Dockyard) -> None:
    cloud.write("TAG=v1")
    built = dockyard("build --env=prod --json", cloud.root).document
    assert "--cache-from" not in cloud.submitted["steps"][0]["args"]
    assert dockyard("pin --env=prod", cloud.root).code == 0
    (cloud.root / "hello.txt").write_text("other")
    again = dockyard("build --env=prod --json", cloud.root)
    assert again.code == 0, again.err
    args = cloud.submitted["steps"][0]["args"]
    assert args[args.index("--cache-from") + 1] == f"{cloud.image}@{built['digest']}"
    assert again.document["digest"] != built["digest"]


def test_a_configuration_without_a_dockerfile_is_none_of_dockyards_business(cloud: Built, dockyard: Dockyard) -> None:
    (cloud.root / "Dockerfile").rename(cloud.root / "Containerfile")
    docker = "gcr.io/cloud-builders/docker"
    (cloud.root / "cloudbuild.yaml").write_text(
        f"steps: [{{name: {docker}, args: [build, -f, Containerfile, -t, '${{_IMAGE}}:${{_TAG}}', .]}}]\n"
        "images: ['${_IMAGE}:${_TAG}']\n"
    )
    cloud.write("BUILD_CONFIG=cloudbuild.yaml", "TAG=v1")
    built = dockyard("build --env=prod --json", cloud.root)
    assert built.code == 0, built.err
    assert Registry(cloud.image).digest("v1") == built.document["digest"]


def test_without_an_image_push_says_how_to_get_one(cloud: Built, dockyard: Dockyard) -> None:
    refused = dockyard("push --env=prod", cloud.root)
    assert refused.code == 1
    assert f"The registry has no image {cloud.image} of prod: type inv build --env=prod" in refused.err
    refused = dockyard("push --env=prod --tag=v1", cloud.root)
    assert f"There is no image {cloud.image}:v1, neither on an engine here nor in the registry" in refused.err


def test_an_image_that_was_built_here_for_once_is_pushed_from_here(
    cloud: Built, dockyard: Dockyard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DOCKER_HOST")
    built = dockyard("build --env=prod --builder=buildkit --no-cache --tag=20261122-101500 --json", cloud.root)
    assert built.code == 0, built.err
    pushed = dockyard("push --env=prod --tag=20261122-101500 --json", cloud.root)
    assert pushed.code == 0, pushed.err
    assert pushed.document["changed"]
    assert Registry(cloud.image).digest("20261122-101500") == pushed.document["digest"]


def test_two_platforms_are_an_index(cloud: Built, dockyard: Dockyard) -> None:
    cloud.write("TAG=v1", "PLATFORM=linux/amd64,linux/arm64")
    built = dockyard("build --env=prod --json", cloud.root)
    assert built.code == 0, built.err
    registry = Registry(cloud.image)
    index = registry.manifest("v1")
    assert index is not None
    assert index.is_index
    assert built.document["digest"] == index.digest
    assert [each["platform"] for each in built.document["images"]] == ["linux/amd64", "linux/arm64"]
    assert [registry.config(each)["architecture"] for each in index.platforms] == ["amd64", "arm64"]
    assert dockyard("build --env=prod --json", cloud.root).document["reused"]
    assert dockyard("pin --env=prod --json", cloud.root).document["tag"] == "v1"


def test_doctor_says_where_it_is_built(cloud: Built, dockyard: Dockyard) -> None:
    found = {each["name"]: each for each in dockyard("doctor --env=prod --json", cloud.root).document["checks"]}
    assert found["builder"] == {
        "name": "builder",
        "ok": True,
        "detail": f"Cloud Build in projects/test-project/locations/{cloud.cloud.region}, with the source through "
        "gs://test-project_cloudbuild, which the first build makes",
    }
    cloud.cloud.fault("cloudbuild", "list", 403, "Permission 'cloudbuild.builds.list' denied")
    found = {each["name"]: each for each in dockyard("doctor --env=prod --json", cloud.root).document["checks"]}
    assert found["builder"]["ok"] is False
    assert "Google denies cloudbuild.builds.list" in found["builder"]["detail"]


def test_a_whole_release_needs_no_engine(cloud: Built, dockyard: Dockyard) -> None:
    cloud.write("TAG=v1", "HEALTH_PATH=/", "PUBLIC=true")
    cloud.dockerfile("FROM python:3.11-slim-bookworm\nCOPY hello.txt /srv/\nCMD python3 -m http.server -d /srv $PORT\n")
    released = dockyard("release --env=prod --json", cloud.root)
    assert released.code == 0, released.err
    assert released.document["digest"] == Registry(cloud.image).digest("v1") == pin.read(cloud.root, "prod").digest
    assert [each["percent"] for each in released.document["traffic"]] == [100]
