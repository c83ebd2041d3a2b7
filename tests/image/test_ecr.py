"""ECR: which registries are one, logins of the AWS chain, manifests by its API, and tags that cannot move."""

from __future__ import annotations

import base64
import io
import json
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest

from tasks import loopback
from tasks.environment.settings import Environment
from tasks.errors import DockyardError
from tasks.image import credentials, ecr, publish, registries
from tasks.image.credentials import Credentials
from tasks.image.ecr import Place
from tasks.image.images import Images
from tasks.image.reference import parse
from tasks.image.registry import Registry
from tests.fakes.cloud import Cloud
from tests.service import free_port
from tests.target.ecs.conftest import cloud as cloud

HOST = "123456789012.dkr.ecr.eu-north-1.amazonaws.com"
LOGIN = Credentials("AWS", "not-really-a-password")
HTPASSWD = b"AWS:$2b$05$i1fWqXax0KUAmixE2Y7DtePBrAExY/FmEqUwRODgqHWj3RQfaPPWu\n"  # that password
ECS = ("TARGET=ecs", "SERVICE=web", "REGION=eu-north-1", "CLUSTER=c")


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Docker's config, which is not there at first."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "docker").mkdir()
    return tmp_path / "docker" / "config.json"


@pytest.mark.parametrize(
    ("image", "region"),
    [
        (f"{HOST}/team/api", "eu-north-1"),
        ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com/api", "us-gov-west-1"),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/api", "cn-north-1"),
        ("123456789012.dkr-ecr.eu-north-1.on.aws/api", "eu-north-1"),
    ],
)
def test_a_host_tells_account_and_region(image: str, region: str) -> None:
    assert ecr.place(parse(image)) == Place("123456789012", region, image.partition("/")[2])


@pytest.mark.parametrize(
    "image",
    [
        "public.ecr.aws/x/api",
        "12345.dkr.ecr.eu-north-1.amazonaws.com/api",
        f"{HOST}.evil.example/api",
        "ghcr.io/team/api",
    ],
)
def test_other_hosts_are_no_ecr(image: str) -> None:
    assert ecr.place(parse(image), "eu-north-1") is None


def test_a_registry_on_loopback_is_ecr_only_for_ecs_and_with_an_endpoint(
    monkeypatch: pytest.MonkeyPatch, settings: Callable[..., Environment]
) -> None:
    image = "IMAGE=127.0.0.1:4566/api"
    for name in ecr.ENDPOINTS:
        monkeypatch.delenv(name, raising=False)
    assert ecr.place(parse("127.0.0.1:4566/api"), registries.of(settings(*ECS, image)).region) is None
    monkeypatch.setenv("AWS_ENDPOINT_URL_ECR", "http://127.0.0.1:1")
    ours = registries.of(settings(*ECS, image))
    assert ecr.place(ours.repository, ours.region) == Place("", "eu-north-1", "api")
    assert ecr.place(parse("127.0.0.1:4566/api"), registries.of(settings(image)).region) is None


def test_the_login_is_of_the_aws_chain_and_asked_for_once(cloud: Cloud) -> None:
    assert credentials.look_up(parse(f"{HOST}/api")) == LOGIN
    assert Registry(f"{HOST}/other").credentials().for_engine(HOST) == {
        "username": "AWS",
        "password": "not-really-a-password",
        "serveraddress": HOST,
    }
    assert cloud.calls == [("ecr", "GetAuthorizationToken")]


def test_without_a_login_of_aws_docker_s_own_is_used_where_there_is_one(cloud: Cloud, config: Path) -> None:
    cloud.deny("ecr:GetAuthorizationToken")
    with pytest.raises(DockyardError, match=r"AWS denies ecr:GetAuthorizationToken: "):
        credentials.look_up(parse(f"{HOST}/api"))
    config.write_text(json.dumps({"auths": {HOST: {"auth": base64.b64encode(b"AWS:by hand").decode()}}}))
    assert credentials.look_up(parse(f"{HOST}/api")) == Credentials("AWS", "by hand")


def test_manifests_come_by_the_api_and_are_what_their_digest_says(
    cloud: Cloud, settings: Callable[..., Environment]
) -> None:
    cloud.repository("api")
    digest = cloud.image("api", "v1")
    registry = registries.of(settings(*ECS, f"IMAGE={HOST}/api"))
    assert registry.digest("v1") == digest
    found = registry.manifest("v1")
    assert found is not None
    assert registry.digest("v2") == ""
    assert registry.tags() == ["v1"]
    children = registry.images(found)
    assert [each.is_index for each in children] == [False]  # the attestation is no image
    assert {service for service, _ in cloud.calls} == {"ecr"}
    assert registries.of(settings(*ECS, f"IMAGE={HOST}/nobody")).digest("v1") == ""


def test_a_second_tag_is_put_by_the_api(cloud: Cloud, settings: Callable[..., Environment]) -> None:
    digest = cloud.image("api", "v1")
    cloud.repository("api", immutable=True)
    registry = registries.of(settings(*ECS, f"IMAGE={HOST}/api"))
    manifest = registry.manifest(digest)
    assert manifest is not None
    registry.put(manifest, "v2")
    registry.put(manifest, "v2")
    registry.put(manifest, digest)
    assert registry.digest("v2") == digest


def test_an_immutable_tag_that_is_taken_tells_the_next(cloud: Cloud, settings: Callable[..., Environment]) -> None:
    cloud.image("api", "v1-v2", word="other")
    digest = cloud.image("api", "v1")
    cloud.repository("api", immutable=True)
    registry = registries.of(settings(*ECS, f"IMAGE={HOST}/api"))
    manifest = registry.manifest(digest)
    assert manifest is not None
    with pytest.raises(DockyardError) as caught:
        registry.put(manifest, "v1-v2")
    assert str(caught.value) == (
        f"{HOST}/api:v1-v2 names other content, and the tags of this repository are immutable: "
        "take the next one, --tag=v1-v3."
    )


@pytest.mark.parametrize(
    ("why", "sentence"),
    [
        (
            "tag invalid: The image tag 'v1' already exists in the 'api' repository and cannot be overwritten because "
            "the repository is immutable.",
            "are immutable: take the next one, --tag=v1-v2.",
        ),
        (
            "name unknown: The repository with name 'api' does not exist in the registry with id '123456789012'",
            "ECR has no repository api (account 123456789012, eu-north-1): type aws ecr create-repository "
            "--region=eu-north-1 --image-tag-mutability=IMMUTABLE --repository-name=api, or mend IMAGE.",
        ),
        (
            "denied: User: arn:aws:iam::123456789012:user/bob is not authorized to perform: ecr:InitiateLayerUpload",
            "see `aws sts get-caller-identity`, and let it have ecr:GetAuthorizationToken",
        ),
    ],
)
def test_what_a_push_that_ecr_refuses_says(why: str, sentence: str) -> None:
    assert sentence in publish.refused(Registry(f"{HOST}/api"), "v1", why)


@pytest.fixture
def locked(engine: docker.DockerClient) -> Iterator[str]:
    """`HOST:PORT` of a real registry that lets in ECR's login only."""
    address = f"127.0.0.1:{free_port()}"
    settings = {"": "htpasswd", "_HTPASSWD_REALM": "r", "_HTPASSWD_PATH": "/htpasswd"}
    box = engine.containers.create(
        loopback.IMAGE,
        name=loopback.name(address),
        ports={"5000/tcp": ("127.0.0.1", int(address.rpartition(":")[2]))},
        environment={f"REGISTRY_AUTH{key}": value for key, value in settings.items()},
    )
    try:
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            member = tarfile.TarInfo("htpasswd")
            member.size, member.mode = len(HTPASSWD), 0o644
            tar.addfile(member, io.BytesIO(HTPASSWD))
        box.put_archive("/", archive.getvalue())
        box.start()
        deadline = time.monotonic() + 20
        while not loopback.answers(address):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield address
    finally:
        box.remove(force=True, v=True)


def test_an_image_is_pushed_and_read_back_with_no_docker_login(
    cloud: Cloud, engine: docker.DockerClient, locked: str, settings: Callable[..., Environment]
) -> None:
    name = f"{locked}/team/api"
    engine.api.import_image_from_data(b"\0" * 1024, repository=name, tag="v1")
    try:
        registry = registries.of(settings(*ECS, f"IMAGE={name}"))
        stored = Images(engine, name).find(":v1")
        assert stored is not None
        manifest = publish.carry_out(engine, registry, publish.plan(registry, "v1", stored, None))
        assert registries.of(settings(*ECS, f"IMAGE={name}")).digest("v1") == manifest.digest
        assert cloud.calls == [("ecr", "GetAuthorizationToken")]
        with pytest.raises(DockyardError, match=r"refuses team/api .*docker login"):
            registries.of(settings(f"IMAGE={name}")).digest("v1")  # for TARGET=docker it is a registry as any other
    finally:
        engine.images.remove(f"{name}:v1", force=True)
