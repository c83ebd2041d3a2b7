"""Images in Artifact Registry: pushed, copied and listed with Google's token alone."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from tasks.environment.settings import Environment
from tasks.errors import DockyardError
from tasks.gcp.credentials import TOKEN
from tasks.image import catalog, copying, publish, registries
from tasks.image.images import Images
from tasks.image.registry import Registry
from tests.conftest import Dockyard
from tests.fakes.gcp.cloud import Cloud
from tests.fakes.gcp.fixtures import gcp as gcp
from tests.fakes.gcp.fixtures import gcp_transport as gcp_transport
from tests.fakes.upload import upload

from .handmade import layer, push

RUN = ("TARGET=cloudrun", "SERVICE=web", "PROJECT=test-project", "REGION=europe-west1")
DAY = 1_795_300_000


@pytest.fixture
def repository(embedded_default: str, gcp: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A repository of Artifact Registry of this test's own, `HOST/PROJECT/REPOSITORY`; Docker has no login."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    gcp.registry.address = embedded_default
    return str(gcp.registry.add(f"r{uuid.uuid4().hex[:12]}"))


def below(gcp: Cloud, repository: str, package: str) -> str:
    """Where the real registry has a package: `HOST:PORT/PROJECT/REPOSITORY/PACKAGE`."""
    return f"{gcp.registry.address}/{repository.partition('/')[2]}/{package}"


@pytest.fixture
def stored(engine: docker.DockerClient, repository: str) -> Iterator[str]:
    """An image on the engine, `REPOSITORY/team/api:v1`."""
    name = f"{repository}/team/api"
    engine.api.import_image_from_data(layer({uuid.uuid4().hex: b""}), repository=name, tag="v1")
    yield name
    engine.images.remove(f"{name}:v1", force=True)


def test_an_image_is_pushed_by_the_engine_and_read_back_with_the_token(
    gcp: Cloud, engine: docker.DockerClient, stored: str, settings: Callable[..., Environment]
) -> None:
    registry = registries.of(settings(*RUN, f"IMAGE={stored}"))
    found = Images(engine, stored).find(":v1")
    assert found is not None
    manifest = publish.carry_out(engine, registry, publish.plan(registry, "v1", found, None))
    assert registries.of(settings(*RUN, f"IMAGE={stored}")).digest("v1") == manifest.digest
    assert Registry(below(gcp, stored.rpartition("/team")[0], "team/api")).digest("v1") == manifest.digest


def test_a_push_that_may_not_be_says_which_permission_is_missing(
    gcp: Cloud, engine: docker.DockerClient, stored: str, settings: Callable[..., Environment]
) -> None:
    gcp.deny("artifactregistry.repositories.uploadArtifacts")
    registry = registries.of(settings(*RUN, f"IMAGE={stored}"))
    found = Images(engine, stored).find(":v1")
    assert found is not None
    with pytest.raises(DockyardError, match=r"artifactregistry\.repositories\.uploadArtifacts. denied"):
        publish.carry_out(engine, registry, publish.plan(registry, "v1", found, None))
    assert not [each for each in gcp.registry.asked if each.startswith("PUT")]


def test_an_image_is_copied_with_the_token_into_a_repository_beside(
    gcp: Cloud, repository: str, settings: Callable[..., Environment]
) -> None:
    digest = upload(below(gcp, repository, "api"), "v1", uuid.uuid4().hex)
    here, there = (registries.of(settings(*RUN, f"IMAGE={repository}/{name}")) for name in ("api", "copy"))
    manifest = here.manifest("v1")
    assert manifest is not None
    copying.carry_out(here, there, copying.plan(here, there, manifest))
    there.put(manifest, "v1")
    assert there.digest("v1") == digest


def test_an_immutable_tag_is_not_moved_and_the_next_is_told(
    gcp: Cloud, repository: str, settings: Callable[..., Environment]
) -> None:
    first, second = (upload(below(gcp, repository, "api"), each, uuid.uuid4().hex) for each in ("v1", "v2"))
    gcp.registry.add(repository.rpartition("/")[2], immutable=True)
    registry = registries.of(settings(*RUN, f"IMAGE={repository}/api"))
    manifest = registry.manifest(second)
    assert manifest is not None
    with pytest.raises(DockyardError, match=r"api:v1 names other content, .* take the next one, --tag=v1-v2\."):
        registry.put(manifest, "v1")
    assert registry.digest("v1") == first


def test_a_wrong_token_and_an_expired_one(
    gcp: Cloud, repository: str, settings: Callable[..., Environment], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN, "nobody's")
    with pytest.raises(DockyardError, match=r"refuses .*no token, status 401"):
        registries.of(settings(*RUN, f"IMAGE={repository}/api")).digest("v1")
    monkeypatch.setenv(TOKEN, gcp.token)
    assert registries.of(settings(*RUN, f"IMAGE={repository}/api")).digest("v1") == ""


@pytest.mark.parametrize("gcp_transport", ["rest", "grpc"])
def test_a_package_is_listed_by_the_time_of_the_push_and_no_other(
    gcp: Cloud, repository: str, settings: Callable[..., Environment]
) -> None:
    address, name = below(gcp, repository, "team/api"), repository.rpartition("/")[2]
    real = Registry(address)
    old = push(real, "v1", [layer({"a": b"1"})], {"created": "2026-11-09T10:00:00Z"})
    new = push(real, "v2", [layer({"a": b"2"})], {"created": "2026-11-01T10:00:00Z"})
    real.put(new, "latest")
    index = upload(address, "both", uuid.uuid4().hex)
    upload(below(gcp, repository, "team/api/worker"), "v9", "another")
    upload(below(gcp, repository, "api"), "v9", "another")
    for digest, at in ((old.digest, DAY), (new.digest, DAY + 0.25), (index, DAY + 0.75)):
        gcp.registry.uploaded(f"{name}/team/api", digest, at)
    said: list[str] = []
    found = catalog.read(registries.of(settings(*RUN, f"IMAGE={repository}/team/api")), said.append)
    assert [(each.digest, each.tags) for each in found] == [
        (index, ("both",)),
        (new.digest, ("latest", "v2")),
        (old.digest, ("v1",)),
    ]
    assert {each.pushed_at for each in found} == {"2026-11-21T22:26:40Z"}
    assert [each.size for each in found] == [real.size(each.digest) for each in found]
    assert found[2].built == "2026-11-09T10:00:00Z"
    assert (said, gcp.methods("artifactregistry")) == (
        [],
        ["artifactregistry.projects.locations.repositories.dockerImages.list"],
    )


def test_inv_images_lists_them_and_a_registry_that_google_does_not_know_as_any_other(
    gcp: Cloud, repository: str, tmp_path: Path, dockyard: Dockyard
) -> None:
    digest = upload(below(gcp, repository, "api"), "v1", uuid.uuid4().hex)
    gcp.registry.uploaded(f"{repository.rpartition('/')[2]}/api", digest, DAY)
    (tmp_path / "env").mkdir()
    env = tmp_path / "env" / "prod.env"
    env.write_text("\n".join((*RUN, f"IMAGE={repository}/api")))
    shown = dockyard("images --env=prod --json", tmp_path)
    [image] = shown.document["images"]
    assert (image["tags"], image["pushed_at"], image["platforms"]) == (["v1"], "2026-11-21T22:26:40Z", ["linux/amd64"])
    gcp.fault("artifactregistry", "dockerImages.list", 404)
    [image] = dockyard("images --env=prod --json", tmp_path).document["images"]
    assert (image["tags"], image["pushed_at"]) == (["v1"], "")


def test_a_repository_that_is_not_there_is_told_how_to_make(
    gcp: Cloud, tmp_path: Path, dockyard: Dockyard, settings: Callable[..., Environment]
) -> None:
    registry = registries.of(settings(*RUN, "IMAGE=europe-west1-docker.pkg.dev/test-project/nowhere/api"))
    with pytest.raises(DockyardError) as caught:
        catalog.read(registry, print)
    assert caught.value.message == (
        "Artifact Registry has no repository projects/test-project/locations/europe-west1/repositories/nowhere: type "
        "gcloud artifacts repositories create nowhere --repository-format=docker --location=europe-west1 "
        "--project=test-project, or mend IMAGE."
    )


def test_who_may_not_list_is_told_so(gcp: Cloud, repository: str, settings: Callable[..., Environment]) -> None:
    gcp.deny("artifactregistry.dockerImages.list")
    with pytest.raises(DockyardError, match=r"^Google denies artifactregistry.dockerImages.list \("):
        catalog.read(registries.of(settings(*RUN, f"IMAGE={repository}/api")), print)


def test_a_name_of_container_registry_is_said_to_be_one(gcp: Cloud, tmp_path: Path, dockyard: Dockyard) -> None:
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / "prod.env").write_text("\n".join((*RUN, "IMAGE=gcr.io/test-project/api")))
    shown = dockyard("images --env=prod", tmp_path)
    assert shown.code == 1
    assert "write IMAGE=us-docker.pkg.dev/test-project/REPOSITORY/api." in shown.err
    assert "gcloud artifacts repositories create gcr.io --repository-format=docker --location=us " in shown.err
