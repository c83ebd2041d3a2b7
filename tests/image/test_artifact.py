"""Artifact Registry: which registries are one, logins with Google's token, and what it refuses."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from urllib3 import HTTPResponse

from tasks.environment.settings import Environment
from tasks.errors import DockyardError, SettingError
from tasks.gcp.credentials import FILE, TOKEN
from tasks.image import artifact, credentials, publish, registries
from tasks.image.artifact import Place
from tasks.image.credentials import Credentials
from tasks.image.reference import parse
from tasks.image.registry import Registry, immutable
from tests.fakes.gcp.cloud import Cloud
from tests.fakes.gcp.fixtures import gcp as gcp
from tests.fakes.gcp.fixtures import gcp_transport as gcp_transport

HOST = "europe-west3-docker.pkg.dev"
IMAGE = f"{HOST}/test-project/apps/api"
RUN = ("TARGET=cloudrun", "SERVICE=web", "PROJECT=test-project", "REGION=europe-west1")
APPS = Place("europe-west3", "test-project", "apps", "api")
CREATE = (
    "gcloud artifacts repositories create apps --repository-format=docker --location=europe-west3 "
    "--project=test-project"
)


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Docker's config, which is not there at first; nor are Google's credentials."""
    for name in (TOKEN, FILE, artifact.ENDPOINT):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "gcloud"))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "docker").mkdir()
    return tmp_path / "docker" / "config.json"


@pytest.mark.parametrize(
    ("image", "found"),
    [
        (IMAGE, APPS),
        ("us-docker.pkg.dev/p/apps/team/api", Place("us", "p", "apps", "team/api")),
        ("docker.us-east1.rep.pkg.dev/p/apps/api", Place("us-east1", "p", "apps", "api")),
        ("us-docker.pkg.dev/example.com/p/apps/api", Place("us", "example.com:p", "apps", "api")),
        ("gcr.io/p/api", Place("us", "p", "gcr.io", "api")),
        ("eu.gcr.io/example.com/p/team/api", Place("europe", "example.com:p", "eu.gcr.io", "team/api")),
    ],
)
def test_a_name_tells_location_project_repository_and_package(image: str, found: Place) -> None:
    assert artifact.place(parse(image)) == found


@pytest.mark.parametrize(
    "image",
    ["ghcr.io/p/apps/api", "pkg.dev/p/apps/api", f"{HOST}.evil.example/p/apps/api", f"{HOST}:444/p/a/b", "p/apps/api"],
)  # fmt: skip
def test_other_hosts_are_no_artifact_registry(image: str) -> None:
    assert artifact.place(parse(image), "europe-west1") is None


@pytest.mark.parametrize("image", [f"{HOST}/p/apps", f"{HOST}/example.com/p/apps", "gcr.io/api", f"{HOST}/api"])
def test_too_short_a_name_is_said_before_anybody_is_asked(image: str, settings: Callable[..., Environment]) -> None:
    with pytest.raises(SettingError) as caught:
        registries.of(settings(*RUN, f"IMAGE={image}"))
    host = image.partition("/")[0]
    assert caught.value.message == (
        f"{image} is no image in Artifact Registry (it has too few parts): write IMAGE={host}/PROJECT/REPOSITORY/NAME."
    )


def test_a_registry_on_loopback_is_one_only_for_cloud_run_and_with_an_endpoint(
    monkeypatch: pytest.MonkeyPatch, settings: Callable[..., Environment]
) -> None:
    image = "IMAGE=127.0.0.1:4566/p/apps/api"
    assert type(registries.of(settings(*RUN, image))) is Registry
    monkeypatch.setenv(artifact.ENDPOINT, "http://127.0.0.1:1")
    ours = registries.of(settings(*RUN, image))
    assert isinstance(ours, registries.ArtifactRegistry)
    assert ours.place == Place("europe-west1", "p", "apps", "api", plain=True)
    assert type(registries.of(settings(image))) is Registry
    assert type(registries.of(settings(*RUN, "IMAGE=127.0.0.1:4566/team/api"))) is Registry


def test_the_login_is_the_access_token(gcp: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert credentials.look_up(parse(IMAGE)) == Credentials("oauth2accesstoken", gcp.token)
    assert Registry(IMAGE).credentials().for_engine(HOST) == {
        "username": "oauth2accesstoken",
        "password": gcp.token,
        "serveraddress": HOST,
    }
    monkeypatch.delenv(TOKEN)
    monkeypatch.setenv(FILE, str(gcp.tokens.key_file(tmp_path)))
    assert gcp.tokens.knows(credentials.look_up(parse(IMAGE)).password)


def test_without_google_s_docker_s_own_login_is_used_and_looked_up_once(
    config: Path, settings: Callable[..., Environment]
) -> None:
    config.write_text(json.dumps({"auths": {HOST: {"auth": base64.b64encode(b"_json_key:by hand").decode()}}}))
    assert credentials.look_up(parse(IMAGE)) == Credentials("_json_key", "by hand")
    registry = registries.of(settings(*RUN, f"IMAGE={IMAGE}"))
    assert registry.credentials() == Credentials("_json_key", "by hand")
    config.unlink()
    assert registry.credentials() == Credentials("_json_key", "by hand")


def test_a_key_that_google_does_not_take_leaves_docker_s_own_login(
    gcp: Cloud, tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(TOKEN)
    monkeypatch.setenv(FILE, str(gcp.tokens.key_file(tmp_path, "gone@p.iam.gserviceaccount.com")))
    gcp.tokens.revoke("gone@p.iam.gserviceaccount.com")
    assert not credentials.look_up(parse(IMAGE))
    assert "account not found" in credentials.denied(parse(IMAGE), NOBODY)
    config.write_text(json.dumps({"auths": {HOST: {"auth": base64.b64encode(b"_json_key:by hand").decode()}}}))
    assert credentials.look_up(parse(IMAGE)) == Credentials("_json_key", "by hand")


def reply(status: int, headers: Mapping[str, str] | None = None, document: object = None) -> HTTPResponse:
    """What the registry answers, unread."""
    return HTTPResponse(io.BytesIO(json.dumps(document).encode()), headers, status, preload_content=False)


def test_nobody_may_read_what_is_public_and_is_told_to_log_in_for_the_rest(
    settings: Callable[..., Environment],
) -> None:
    def answer(method: str, url: str, headers: Mapping[str, str], *_: object) -> HTTPResponse:
        assert "Authorization" not in headers
        if "/public/" in url:
            return reply(200, {"Docker-Content-Digest": f"sha256:{'0' * 64}"})
        return reply(403, document={"errors": [{"code": "DENIED", "message": NOBODY}]})

    for image in (f"{HOST}/test-project/public/api", IMAGE):
        registry = registries.of(settings(*RUN, f"IMAGE={image}"))
        registry.session.once = answer  # type: ignore[method-assign, assignment]
        if image != IMAGE:
            assert registry.digest("v1")
    with pytest.raises(DockyardError) as caught:
        registry.manifest("v1")
    words = f"The registry {HOST} refuses test-project/apps/api ({NOBODY} (status 403)). There are no Google "
    assert str(caught.value).startswith(words)
    assert str(caught.value).endswith(": type gcloud auth application-default login.")


@pytest.mark.parametrize("image", [IMAGE, "gcr.io/test-project/api"])
def test_a_tag_costs_one_request_which_has_the_token(
    image: str, settings: Callable[..., Environment], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN, "ya29.x")
    asked: list[tuple[str, str, str]] = []

    def answer(method: str, url: str, headers: Mapping[str, str], *_: object) -> HTTPResponse:
        asked.append((method, url, headers["Authorization"]))
        return reply(200, {"Docker-Content-Digest": f"sha256:{'0' * 64}"})

    registry = registries.of(settings(*RUN, f"IMAGE={image}"))
    registry.session.once = answer  # type: ignore[method-assign, assignment]
    host, _, path = image.partition("/")
    assert registry.digest("v1") == f"sha256:{'0' * 64}"
    assert asked == [("HEAD", f"https://{host}/v2/{path}/manifests/v1", "Bearer ya29.x")]


def test_a_token_that_is_not_taken_is_asked_for_anew(
    gcp: Cloud, settings: Callable[..., Environment], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a build took longer than the token's hour."""
    sent: list[str] = []

    def answer(method: str, url: str, headers: Mapping[str, str], *_: object) -> HTTPResponse:
        sent.append(headers["Authorization"])
        if urlsplit(url).path == "/v2/token":
            return reply(200, document={"token": "exchanged"})
        if sent[-1] in ("Bearer new", "Bearer exchanged"):
            return reply(200, {"Docker-Content-Digest": f"sha256:{'0' * 64}"})
        realm = f'Bearer realm="https://{HOST}/v2/token",service="{HOST}"'
        return reply(401, {"WWW-Authenticate": realm})

    monkeypatch.setenv(TOKEN, "old")
    registry = registries.of(settings(*RUN, f"IMAGE={IMAGE}"))
    registry.session.once = answer  # type: ignore[method-assign, assignment]
    registry.auth.answer = "Bearer old"
    monkeypatch.setenv(TOKEN, "new")
    assert registry.digest("v1")
    login = base64.b64encode(b"oauth2accesstoken:new").decode()
    assert sent == ["Bearer old", f"Basic {login}", "Bearer exchanged"]


NOBODY = "Unauthenticated request. Unauthenticated requests do not have permission"
UPLOAD = (
    'Permission "artifactregistry.repositories.uploadArtifacts" denied on resource "projects/…" (or it may not exist)'
)
UNUSED = "Artifact Registry API has not been used in project test-project before or it is disabled"


@pytest.mark.parametrize(
    ("why", "sentence"),
    [
        (
            'name unknown: Repository "apps" not found',
            "Artifact Registry has no repository projects/test-project/locations/europe-west3/repositories/apps: "
            f"type {CREATE}, or mend IMAGE.",
        ),
        (
            f"denied: {UPLOAD}",
            f"The registry {HOST} refuses test-project/apps/api (denied: {UPLOAD}): let the account that `inv doctor` "
            "names have it (gcloud artifacts repositories add-iam-policy-binding apps --location=europe-west3 "
            "--project=test-project --role=roles/artifactregistry.writer --member=…), or make the repository if there "
            f"is none: {CREATE}.",
        ),
        (
            f"denied: {UNUSED}",
            f"The Artifact Registry API of project test-project is not enabled (denied: {UNUSED}): type gcloud "
            "services enable artifactregistry.googleapis.com --project=test-project, then the same again.",
        ),
        (
            'manifest invalid: cannot update tag "v1". The repository has enabled tag immutability',
            f"{IMAGE}:v1 names other content, and the tags of this repository are immutable: "
            "take the next one, --tag=v1-v2.",
        ),
    ],
)
def test_what_a_push_that_google_refuses_says(why: str, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN, "ya29.x")
    assert publish.refused(Registry(IMAGE), "v1", why) == sentence


def test_who_only_reads_is_told_the_reader_s_role_and_others_the_writer_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN, "ya29.x")
    pull = UPLOAD.replace("uploadArtifacts", "downloadArtifacts")
    assert "--role=roles/artifactregistry.reader " in credentials.denied(parse(IMAGE), pull)
    assert "--role=roles/artifactregistry.writer " in credentials.denied(parse(IMAGE), NOBODY)


def test_the_tag_of_inputs_in_a_repository_whose_tags_are_immutable() -> None:
    assert immutable(parse(IMAGE), f"inputs-{'0' * 64}").endswith(
        "let tags be moved: gcloud artifacts repositories update apps --location=europe-west3 --project=test-project "
        "--no-immutable-tags."
    )


def test_container_registry_is_said_to_be_no_more() -> None:
    assert artifact.notice(parse("eu.gcr.io/example.com/p/team/api")) == (
        "eu.gcr.io was Container Registry, which was shut down in March 2025; only a repository eu.gcr.io in Artifact "
        "Registry answers there now: write IMAGE=europe-docker.pkg.dev/example.com/p/REPOSITORY/team/api."
    )
    assert artifact.notice(parse(IMAGE)) == artifact.notice(parse("python")) == ""
