"""Artifact Registry of the fake: the API and the registry tell the same, and refuse as Google does."""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest
from google.api_core import exceptions
from google.cloud import artifactregistry_v1

from tasks.gcp import clients
from tests.fakes.images import ACCEPT
from tests.fakes.upload import upload

from .cloud import Cloud

BOTH = pytest.mark.parametrize("gcp_transport", ["rest", "grpc"])


@pytest.fixture
def package(embedded_default: str, gcp: Cloud) -> str:
    """`REPOSITORY/team/api` in the fake's project, where there are no images yet; a name of this test's own."""
    gcp.registry.address = embedded_default
    gcp.registry.add(name := f"r{uuid.uuid4().hex[:12]}")
    return f"{name}/team/api"


def client() -> Any:
    return clients.make(artifactregistry_v1.ArtifactRegistryClient, "ARTIFACTREGISTRY")


def parent(gcp: Cloud, package: str) -> str:
    return f"projects/{gcp.project}/locations/{gcp.region}/repositories/{package.partition('/')[0]}"


@BOTH
def test_images_tags_and_versions_are_those_of_the_real_registry(gcp: Cloud, package: str) -> None:
    address = f"{gcp.registry.address}/{gcp.project}/{package}"
    digest = upload(address, "v1", "one")
    upload(f"{address}-other", "v1", "another")
    gcp.registry.uploaded(package, digest, 1_795_300_000)
    at = parent(gcp, package)
    found = {each.uri.partition("@")[2]: each for each in client().list_docker_images(parent=at) if each.tags}
    image = found[digest]
    assert image.name == f"{at}/dockerImages/team%2Fapi@{digest}"
    assert image.uri == f"europe-west1-docker.pkg.dev/{at.split('/')[1]}/{package}@{digest}"
    assert (list(image.tags), image.upload_time.timestamp()) == (["v1"], 1_795_300_000)
    assert client().get_docker_image(name=image.name) == image
    tag = client().get_tag(name=f"{at}/packages/team%2Fapi/tags/v1")
    assert tag.version == f"{at}/packages/team%2Fapi/versions/{digest}"
    full = client().get_version({"name": tag.version, "view": "FULL"})
    assert [each.name for each in full.related_tags] == [f"{at}/packages/team%2Fapi/tags/v1"]
    assert full.metadata["name"] == image.name
    assert {each.name.rpartition("/")[2] for each in client().list_packages(parent=at)} == {
        "team%2Fapi",
        "team%2Fapi-other",
    }


@BOTH
def test_lists_come_in_pages(gcp: Cloud, package: str) -> None:
    address = f"{gcp.registry.address}/{gcp.project}/{package}"
    for number in range(3):
        upload(address, f"v{number}", str(number), index=False)
    pages = client().list_docker_images({"parent": parent(gcp, package), "page_size": 2}).pages
    assert [len(page.docker_images) for page in pages] == [2, 1]
    tags = client().list_tags({"parent": f"{parent(gcp, package)}/packages/team%2Fapi", "page_size": 2})
    assert [each.name.rpartition("/")[2] for each in tags] == ["v0", "v1", "v2"]


@BOTH
def test_what_is_not_there_is_said(gcp: Cloud, package: str) -> None:
    nowhere = f"projects/{gcp.project}/locations/{gcp.region}/repositories/nowhere"
    with pytest.raises(exceptions.NotFound, match=r'Repository ".*/nowhere" not found'):
        client().get_repository(name=nowhere)
    with pytest.raises(exceptions.NotFound):
        list(client().list_docker_images(parent=nowhere))
    with pytest.raises(exceptions.NotFound, match="Requested entity was not found"):
        client().get_tag(name=f"{parent(gcp, package)}/packages/team%2Fapi/tags/v9")
    elsewhere = parent(gcp, package).replace(gcp.region, "us-central1")
    with pytest.raises(exceptions.NotFound):
        client().get_repository(name=elsewhere)


@BOTH
def test_a_repository_is_made(gcp: Cloud) -> None:
    at = f"projects/{gcp.project}/locations/{gcp.region}"
    asked = {
        "parent": at,
        "repository_id": "apps",
        "repository": {"format_": "DOCKER", "docker_config": {"immutable_tags": True}},
    }
    made = client().create_repository(asked).result(timeout=5)
    assert (made.name, made.docker_config.immutable_tags) == (f"{at}/repositories/apps", True)
    with pytest.raises(exceptions.GoogleAPICallError, match="the repository already exists"):
        client().create_repository(asked)
    with pytest.raises(exceptions.GoogleAPICallError, match="unsupported repository format"):
        client().create_repository({**asked, "repository_id": "other", "repository": {}})
    assert [each.name for each in client().list_repositories(parent=at)] == [made.name]


LOGIN = ("oauth2accesstoken", "ya29.an-access-token")


def test_the_registry_wants_a_token_in_any_of_the_ways_that_google_takes(gcp: Cloud, package: str) -> None:
    url = f"http://{gcp.registry.host}/v2/{gcp.project}/{package}/manifests/v1"
    digest = upload(f"{gcp.registry.address}/{gcp.project}/{package}", "v1", "one", index=False)
    refused = httpx.get(url)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (401, "UNAUTHORIZED")
    realm = f'Bearer realm="http://{gcp.registry.host}/v2/token",service="{gcp.registry.host}"'
    assert refused.headers["www-authenticate"].startswith(realm)
    token = httpx.get(f"http://{gcp.registry.host}/v2/token", auth=LOGIN).json()["token"]
    basic = httpx.BasicAuth(*LOGIN)._auth_header
    for authorization in (basic, f"Bearer {token}", f"Bearer {gcp.token}"):
        found = httpx.get(url, headers={"Accept": ACCEPT, "Authorization": authorization})
        assert (found.status_code, found.headers["docker-content-digest"]) == (200, digest)
    assert httpx.get(f"http://{gcp.registry.host}/v2/token", auth=("oauth2accesstoken", "no")).status_code == 401
    gcp.expired = True
    assert httpx.get(url, auth=LOGIN).status_code == 401
    assert httpx.get(url, auth=("oauth2accesstoken", gcp.tokens.access("ann@example.com"))).status_code == 401


def test_the_registry_refuses_as_google_does(gcp: Cloud, package: str) -> None:
    host, name = gcp.registry.host, package.partition("/")[0]
    upload(f"{gcp.registry.address}/{gcp.project}/{package}", "v1", "one", index=False)
    at = f"projects/{gcp.project}/locations/{gcp.region}/repositories/{name}"

    def refusal(verb: str, path: str, content: bytes = b"") -> tuple[int, str, str]:
        reply = httpx.request(verb, f"http://{host}/v2/{path}", auth=LOGIN, content=content)
        [error] = reply.json()["errors"]
        return reply.status_code, error["code"], error["message"]

    assert refusal("GET", "short/api/manifests/v1")[:2] == (400, "NAME_INVALID")
    assert refusal("GET", f"{gcp.project}/nowhere/api/manifests/v1") == (
        404, "NAME_UNKNOWN", 'Repository "nowhere" not found',
    )  # fmt: skip
    gcp.deny("artifactregistry.repositories.uploadArtifacts")
    words = (
        f'Permission "artifactregistry.repositories.uploadArtifacts" denied on resource "{at}" (or it may not exist)'
    )
    assert refusal("POST", f"{gcp.project}/{package}/blobs/uploads/") == (403, "DENIED", words)
    gcp.healthy()
    gcp.registry.add(name, immutable=True)
    assert refusal("PUT", f"{gcp.project}/{package}/manifests/v1", b"{}") == (
        400, "MANIFEST_INVALID", 'cannot update tag "v1". The repository has enabled tag immutability',
    )  # fmt: skip
