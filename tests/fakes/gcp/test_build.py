"""Cloud Build of the fake, as Google's own client speaks to it: builds that really build."""

from __future__ import annotations

import io
import os
import tarfile
import time
import uuid
from collections.abc import Iterator
from typing import Any

import docker
import httpx
import pytest
from google.api_core import exceptions
from google.cloud.devtools import cloudbuild_v1
from google.cloud.devtools.cloudbuild_v1.types import Build, CancelBuildRequest, CreateBuildRequest, GetBuildRequest

from tasks.gcp.clients import make

from .cloud import Cloud

DOCKER = "gcr.io/cloud-builders/docker"
PARENT = "projects/test-project/locations/europe-west1"
DOCKERFILE = b"FROM debian:bookworm-slim\nARG WORD\nRUN echo said $WORD > /word\n"
Status = Build.Status


@pytest.fixture(params=["rest", "grpc"])
def client(gcp: Cloud, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    for key, value in gcp.environ(request.param).items():
        monkeypatch.setenv(key, value)
    return make(cloudbuild_v1.CloudBuildClient, "CLOUDBUILD")


@pytest.fixture
def rest(gcp: Cloud) -> Any:
    return make(cloudbuild_v1.CloudBuildClient, "CLOUDBUILD")


@pytest.fixture
def image(embedded_default: str) -> str:
    return f"{embedded_default}/test/{uuid.uuid4().hex[:12]}:v1"


@pytest.fixture(autouse=True)
def engine() -> Iterator[docker.DockerClient]:
    """No container of a build is left on the engine."""
    own = docker.from_env()
    yield own
    assert not [each for each in own.containers.list(all=True) if "fake-build-" in (each.name or "")]
    own.close()


def source(gcp: Cloud, **files: bytes) -> dict[str, Any]:
    """A tgz in a bucket, as a build names it."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in {"Dockerfile": DOCKERFILE, **files}.items():
            about = tarfile.TarInfo(name)
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
    if "source-1" not in gcp.storage.buckets:
        gcp.storage.create("source-1")
    made = gcp.storage.put("source-1", "source/a.tgz", packed.getvalue())
    return {"storage_source": {"bucket": "source-1", "object_": "source/a.tgz", "generation": made.generation}}


def shell(script: str, **more: Any) -> dict[str, Any]:
    return {"name": DOCKER, "entrypoint": "sh", "args": ["-c", script], **more}


def submitted(client: Any, **build: Any) -> Any:
    made = client.create_build(CreateBuildRequest(parent=PARENT, build=Build(**build)))
    return made.metadata.build


def ended(client: Any, build: Any) -> Any:
    deadline = time.monotonic() + 60
    while (found := client.get_build(GetBuildRequest(name=build.name))).status in (Status.QUEUED, Status.WORKING):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def built(client: Any, **build: Any) -> Any:
    return ended(client, submitted(client, **build))


def log(gcp: Cloud, build: Any) -> str:
    found = gcp.storage.buckets[build.logs_bucket.removeprefix("gs://")].objects.get(f"log-{build.id}.txt")
    return found.content.decode() if found else ""


def test_a_build_really_builds_and_tells_the_digest(gcp: Cloud, client: Any, image: str, engine: Any) -> None:
    step = {"name": DOCKER, "args": ["build", "--build-arg", "WORD=hello", "-t", "$_IMAGE", "."]}
    found = built(
        client,
        source=source(gcp),
        steps=[{**step, "env": ["DOCKER_BUILDKIT=1"]}],
        images=["${_IMAGE}"],
        substitutions={"_IMAGE": image},
    )
    assert found.status is Status.SUCCESS, log(gcp, found)
    name, _, tag = image.rpartition(":")
    host, _, repository = name.partition("/")
    kinds = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json"
    reply = httpx.head(f"http://{host}/v2/{repository}/manifests/{tag}", headers={"Accept": kinds})
    assert [(each.name, each.digest) for each in found.results.images] == [
        (image, reply.headers["docker-content-digest"])
    ]
    assert found.name == f"projects/{gcp.number}/locations/europe-west1/builds/{found.id}"
    assert (found.steps[0].status, found.timing.keys()) == (Status.SUCCESS, {"FETCHSOURCE", "BUILD", "PUSH"})
    assert found.source_provenance.resolved_storage_source.bucket == "source-1"
    assert log(gcp, found).startswith(f'starting build "{found.id}"\n\nFETCHSOURCE\n')
    assert image not in {each for one in engine.images.list() for each in one.tags}


def test_a_failed_step_ends_the_build_with_its_lines(gcp: Cloud, client: Any) -> None:
    found = built(client, steps=[shell("echo fine"), shell("echo broken >&2; exit 3"), shell("echo never")])
    detail = f'build step 1 "{DOCKER}" failed: step exited with non-zero status: 3'
    assert (found.status, found.status_detail) == (Status.FAILURE, detail)
    assert (found.failure_info.type_.name, found.failure_info.detail) == ("USER_BUILD_STEP", detail)
    assert [each.status.name for each in found.steps] == ["SUCCESS", "FAILURE", "QUEUED"]
    assert (found.steps[1].exit_code, list(found.results.images)) == (3, [])
    assert log(gcp, found).endswith(f"Finished Step #1\nERROR\nERROR: {detail}\n")
    assert "Step #1: broken\n" in log(gcp, found)


def test_a_step_that_may_fail_does_not_end_the_build(client: Any) -> None:
    found = built(client, steps=[shell("exit 3", allow_failure=True), shell("exit 4", allow_exit_codes=[4])])
    assert (found.status, found.steps[0].status) == (Status.SUCCESS, Status.FAILURE)


def test_a_build_is_cancelled(gcp: Cloud, client: Any) -> None:
    build = submitted(client, steps=[shell("echo begun; sleep 30")])
    while "begun" not in log(gcp, build):
        time.sleep(0.02)
    assert client.cancel_build(CancelBuildRequest(name=build.name)).status is Status.CANCELLED
    assert ended(client, build).steps[0].status is Status.CANCELLED
    with pytest.raises(exceptions.FailedPrecondition if "grpc" in str(client.transport) else exceptions.BadRequest):
        client.cancel_build(CancelBuildRequest(name=build.name))


def test_time_runs_out_for_a_build_and_for_a_step(gcp: Cloud, rest: Any) -> None:
    whole = built(rest, steps=[shell("sleep 30")], timeout={"seconds": 1})
    assert (whole.status, whole.steps[0].status) == (Status.TIMEOUT, Status.TIMEOUT)
    part = built(rest, steps=[shell("sleep 30", timeout={"seconds": 1}), shell("true")])
    assert "step timed out" in part.status_detail
    assert [each.status.name for each in part.steps] == ["TIMEOUT", "QUEUED"]
    gcp.build.queue = 1.0
    assert built(rest, steps=[shell("true")], queue_ttl={"nanos": 200_000_000}).status is Status.EXPIRED


def test_secrets_reach_their_step_alone(gcp: Cloud, rest: Any) -> None:
    gcp.secrets.add("token", "s3cret")
    secrets = [{"version_name": "projects/test-project/secrets/token/versions/latest", "env": "TOKEN"}]
    steps = [shell("echo it is $$TOKEN.", secret_env=["TOKEN"]), shell("echo none: $$TOKEN.")]
    found = built(rest, steps=steps, available_secrets={"secret_manager": secrets})
    assert found.status is Status.SUCCESS, log(gcp, found)
    assert "it is s3cret.\n" in log(gcp, found)
    assert "none: .\n" in log(gcp, found)
    secrets[0]["version_name"] = "projects/test-project/secrets/gone/versions/1"
    missing = built(rest, steps=steps, available_secrets={"secret_manager": secrets})
    assert (missing.status, "failed to access secret version" in missing.status_detail) == (Status.FAILURE, True)


def test_the_log_grows_while_the_build_runs(gcp: Cloud, rest: Any) -> None:
    build = submitted(rest, steps=[shell("echo first; sleep 1; echo second")])
    while "first" not in log(gcp, build):
        time.sleep(0.02)
    assert rest.get_build(GetBuildRequest(name=build.name)).status is Status.WORKING
    assert "second" not in log(gcp, build)
    assert "second\n" in log(gcp, ended(rest, build))


@pytest.mark.parametrize(
    ("logging", "objects", "entries"),
    [("CLOUD_LOGGING_ONLY", False, True), ("GCS_ONLY", True, False), ("LEGACY", True, True), ("NONE", False, False)],
)
def test_the_log_goes_where_it_is_wanted(gcp: Cloud, rest: Any, logging: str, objects: bool, entries: bool) -> None:
    found = built(rest, steps=[shell("echo hello")], options={"logging": logging})
    assert any(f"log-{found.id}.txt" in each.objects for each in gcp.storage.buckets.values()) is objects
    lines = [line.entry for line in gcp.logging.lines if line.entry["textPayload"] == "hello"]
    assert bool(lines) is entries
    for each in lines:
        assert (each["resource"]["type"], each["resource"]["labels"]["build_id"]) == ("build", found.id)


def test_a_bucket_that_is_not_there_takes_no_log(rest: Any) -> None:
    found = built(rest, steps=[shell("true")], logs_bucket="gs://gone-1")
    assert (found.status, found.failure_info.type_.name) == (Status.FAILURE, "LOGGING_FAILURE")


def test_a_source_that_is_not_there_and_an_image_that_was_not_built(gcp: Cloud, rest: Any, image: str) -> None:
    gone = {"storage_source": {"bucket": "gone-1", "object_": "a.tgz"}}
    assert built(rest, source=gone, steps=[shell("true")]).failure_info.type_.name == "FETCH_SOURCE_FAILED"
    assert built(rest, steps=[shell("true")], images=[image]).failure_info.type_.name == "PUSH_IMAGE_NOT_FOUND"


def test_a_step_has_the_image_it_names_and_the_workspace(gcp: Cloud, rest: Any) -> None:
    inside = {"name": "debian:bookworm-slim", "entrypoint": "sh", "dir": "deep"}
    steps = [
        {**inside, "args": ["-c", "cat /etc/debian_version > version; echo $$WORD >> version"], "env": ["WORD=hi"]},
        {"name": DOCKER, "dir": "deep", "script": "cat version"},
    ]
    found = built(rest, source=source(gcp), steps=steps)
    assert found.status is Status.SUCCESS, log(gcp, found)
    assert "Step #1: 12." in log(gcp, found)
    assert "Step #1: hi\n" in log(gcp, found)


def test_a_build_of_a_location_is_found_only_there(gcp: Cloud, client: Any) -> None:
    found = built(client, steps=[shell("true")], tags=["web"])
    with pytest.raises(exceptions.NotFound):
        client.get_build(GetBuildRequest(project_id=gcp.project, id=found.id))
    listed = client.list_builds({"parent": PARENT, "filter": 'tags="web"'})
    assert [each.id for each in listed] == [found.id]
    assert not list(client.list_builds({"parent": PARENT, "filter": "status=FAILURE"}))
    own = client.create_build(CreateBuildRequest(project_id=gcp.project, build=Build(steps=[shell("true")])))
    ident = own.metadata.build.id
    assert client.get_build(GetBuildRequest(project_id=gcp.project, id=ident)).name.split("/")[3] == "global"


def test_what_the_next_build_ends_with_can_be_said(gcp: Cloud, rest: Any) -> None:
    gcp.build.fail("INTERNAL_ERROR", "no worker was there")
    found = built(rest, steps=[shell("true")])
    assert (found.status, found.status_detail) == (Status.INTERNAL_ERROR, "no worker was there")
    assert built(rest, steps=[shell("true")]).status is Status.SUCCESS


def test_a_build_under_way_ends_with_the_cloud() -> None:
    from .server import gcp as served

    with served() as cloud:
        cloud.build.create("global", {"steps": [{"name": DOCKER, "entrypoint": "sleep", "args": ["30"]}]})
        (running,) = cloud.build.running.values()
        began = time.monotonic()
    assert (running.document["status"], time.monotonic() - began < 10) == ("CANCELLED", True)


def test_names_of_images_lead_to_a_registry_that_is_there(
    gcp: Cloud, rest: Any, image: str, embedded_default: str
) -> None:
    gcp.build.mirrors = {"europe-west1-docker.pkg.dev/": f"{embedded_default}/"}
    name = image.replace(f"{embedded_default}/", "europe-west1-docker.pkg.dev/")
    step = {"name": DOCKER, "args": ["build", "-t", name, "."], "env": ["DOCKER_BUILDKIT=1"]}
    found = built(rest, source=source(gcp), steps=[step], images=[name])
    assert [each.name for each in found.results.images] == [name], log(gcp, found)


def test_builds_use_the_environment_of_this_process_only_where_they_must(rest: Any, gcp: Cloud) -> None:
    assert "DOCKER_HOST" not in os.environ
    os.environ["DOCKER_HOST"] = "tcp://127.0.0.1:9"
    try:
        found = built(rest, steps=[{"name": DOCKER, "args": ["version"]}])
    finally:
        del os.environ["DOCKER_HOST"]
    assert found.status is Status.SUCCESS, log(gcp, found)


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("locations/europe-west1/builds", {"steps": [], "noCache": True}, "noCache"),
        ("locations/europe-west1/builds", {"options": {"machineType": "E2_HUGE"}}, "options.machineType"),
        ("locations/europe-west1/builds", {"timeout": "10m"}, "timeout"),
        ("locations/europe-west1/builds?dry=true", {}, "dry"),
        ("locations/nowhere/builds", {"steps": [{"name": "x"}]}, "invalid location"),
    ],
)
def test_what_the_document_does_not_allow_is_refused(gcp: Cloud, path: str, body: Any, words: str) -> None:
    url = os.environ["CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDBUILD"]
    reply = httpx.post(f"{url}/v1/projects/test-project/{path}", json=body)
    assert (reply.status_code, words in reply.text) == (400, True), reply.text
    assert not gcp.build.running


def test_a_build_that_makes_no_sense_is_refused_by_both_transports(client: Any) -> None:
    with pytest.raises(exceptions.BadRequest, match='key in the template "_TAG" is not matched'):
        submitted(client, steps=[shell("echo $_TAG")])
