"""ECR of the fake: manifests with their real digests, its own or a registry's."""

from __future__ import annotations

import base64
import json

import pytest

from tests.fakes.cloud import Cloud
from tests.fakes.images import blob, digest, made
from tests.fakes.upload import upload


def test_an_image_has_the_digest_of_its_bytes(cloud: Cloud) -> None:
    pushed = cloud.image("web", "v1", pushed=1_700_000_000, findings={"HIGH": 2})
    ecr = cloud.client("ecr")
    [image] = ecr.batch_get_image(repositoryName="web", imageIds=[{"imageTag": "v1"}])["images"]
    assert image["imageId"] == {"imageDigest": pushed, "imageTag": "v1"}
    assert digest(image["imageManifest"]) == pushed
    platforms = [each["platform"]["architecture"] for each in json.loads(image["imageManifest"])["manifests"]]
    assert platforms == ["amd64", "unknown"]
    [detail] = ecr.describe_images(repositoryName="web", imageIds=[{"imageTag": "v1"}])["imageDetails"]
    assert detail["imagePushedAt"].timestamp() == 1_700_000_000
    assert (detail["imageTags"], detail["imageSizeInBytes"]) == (["v1"], 30_001_500)
    assert detail["imageScanFindingsSummary"]["findingSeverityCounts"] == {"HIGH": 2}


def test_an_immutable_tag_is_not_moved(cloud: Cloud) -> None:
    cloud.repository("web", immutable=True)
    ecr = cloud.client("ecr")
    first, second = (made(word, index=False)[0].body.decode() for word in ("one", "two"))
    put = {"repositoryName": "web", "imageTag": "v1"}
    assert ecr.put_image(**put, imageManifest=first)["image"]["imageId"]["imageDigest"] == digest(first)
    with pytest.raises(ecr.exceptions.ImageTagAlreadyExistsException):
        ecr.put_image(**put, imageManifest=second)
    with pytest.raises(ecr.exceptions.ImageAlreadyExistsException):
        ecr.put_image(**put, imageManifest=first)


def test_what_is_not_there_is_said(cloud: Cloud) -> None:
    ecr = cloud.client("ecr")
    with pytest.raises(ecr.exceptions.RepositoryNotFoundException):
        ecr.describe_repositories(repositoryNames=["web"])
    cloud.repository("web")
    with pytest.raises(ecr.exceptions.ImageNotFoundException):
        ecr.describe_images(repositoryName="web", imageIds=[{"imageTag": "v1"}])
    reply = ecr.batch_get_image(repositoryName="web", imageIds=[{"imageTag": "v1"}])
    assert (reply["images"], reply["failures"][0]["failureCode"]) == ([], "ImageNotFound")


def test_an_image_is_deleted_by_its_last_tag(cloud: Cloud) -> None:
    gone = cloud.image("web", "v1")
    ecr = cloud.client("ecr")
    reply = ecr.batch_delete_image(repositoryName="web", imageIds=[{"imageTag": "v1"}])
    assert reply["imageIds"] == [{"imageDigest": gone, "imageTag": "v1"}]
    assert ecr.batch_get_image(repositoryName="web", imageIds=[{"imageDigest": gone}])["images"] == []


def test_a_mirror_reads_the_real_registry(cloud: Cloud, registry_image: str) -> None:
    ecr = cloud.client("ecr")
    pushed = upload(registry_image, "v2", "two")
    [repository] = ecr.describe_repositories(repositoryNames=["web"])["repositories"]
    assert repository["repositoryUri"] == registry_image
    [token] = ecr.get_authorization_token()["authorizationData"]
    assert token["proxyEndpoint"] == f"http://{registry_image.partition('/')[0]}"
    assert base64.b64decode(token["authorizationToken"]).startswith(b"AWS:")
    [image] = ecr.batch_get_image(repositoryName="web", imageIds=[{"imageTag": "v2"}])["images"]
    assert image["imageId"]["imageDigest"] == pushed == digest(image["imageManifest"])
    cloud.pushed_at("web", pushed, 1_700_000_000)
    details = ecr.describe_images(repositoryName="web")["imageDetails"]
    tagged = {each["imageTags"][0]: each["imagePushedAt"].timestamp() for each in details if "imageTags" in each}
    assert tagged.keys() == {"v1", "v2"}
    assert tagged["v2"] == 1_700_000_000 < tagged["v1"]


def test_a_service_of_a_mirrored_tag_runs_its_digest(cloud: Cloud, registry_image: str) -> None:
    cloud.service("web", image=f"{registry_image}:v1")
    ecs = cloud.client("ecs")
    [arn] = [each["arn"] for each in cloud.running("web")["currentServiceRevisions"]]
    [revision] = ecs.describe_service_revisions(serviceRevisionArns=[arn])["serviceRevisions"]
    reply = cloud.client("ecr").batch_get_image(repositoryName="web", imageIds=[{"imageTag": "v1"}])
    assert revision["containerImages"][0]["imageDigest"] == reply["images"][0]["imageId"]["imageDigest"]
    assert blob(registry_image, digest("nothing")) == {}
