"""ECR: repositories, their images with real digests, and the token for a registry on loopback."""

from __future__ import annotations

import base64
import datetime
from typing import Any

from .errors import Refused, invalid
from .images import CONFIG, Manifest, Repository, blob
from .world import Ecs, Operation

HOURS = 12 * 3600  # a token's life


def _repository(ecs: Ecs, request: dict[str, Any]) -> Repository:
    name = request["repositoryName"]
    if name not in ecs.repositories:
        raise Refused(
            "RepositoryNotFoundException",
            f"The repository with name '{name}' does not exist in the registry with id '{ecs.knobs.account}'",
        )
    return ecs.repositories[name]


def _document(ecs: Ecs, repository: Repository) -> dict[str, Any]:
    return {
        "repositoryArn": f"{ecs.arn('repository', 'ecr')}/{repository.name}",
        "registryId": ecs.knobs.account,
        "repositoryName": repository.name,
        "repositoryUri": repository.mirrors or f"{ecs.registry}/{repository.name}",
        "createdAt": repository.created,
        "imageTagMutability": "IMMUTABLE" if repository.immutable else "MUTABLE",
        "imageScanningConfiguration": {"scanOnPush": False},
        "encryptionConfiguration": {"encryptionType": "AES256"},
    }


def create(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    name = request["repositoryName"]
    if name in ecs.repositories:
        raise Refused("RepositoryAlreadyExistsException", f"The repository with name '{name}' already exists")
    ecs.repositories[name] = Repository(name, immutable=request.get("imageTagMutability") == "IMMUTABLE")
    return {"repository": _document(ecs, ecs.repositories[name])}


def describe(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    names = request.get("repositoryNames")
    found = [_repository(ecs, {"repositoryName": name}) for name in names] if names else [*ecs.repositories.values()]
    return ecs.page("repositories", [_document(ecs, each) for each in found], request, 100)


def mutability(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    _repository(ecs, request).immutable = request["imageTagMutability"] == "IMMUTABLE"
    return {"registryId": ecs.knobs.account, **request}


def put(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    repository, tag = _repository(ecs, request), request.get("imageTag")
    body = request["imageManifest"].encode()
    manifest = Manifest(body, request.get("imageManifestMediaType") or "")
    manifest = manifest if manifest.media_type else Manifest(body, str(manifest.document["mediaType"]))
    before = repository.tags().get(tag or "")
    if before == manifest.digest:
        raise Refused(
            "ImageAlreadyExistsException",
            f"Image with digest '{before}' and tag '{tag}' already exists in the repository with name "
            f"'{repository.name}' in registry with id '{ecs.knobs.account}'",
        )
    if before and repository.immutable:
        raise Refused(
            "ImageTagAlreadyExistsException",
            f"The image tag '{tag}' already exists in the '{repository.name}' repository and cannot be overwritten "
            "because the repository is immutable.",
        )
    repository.manifests[manifest.digest] = manifest
    repository.pushed.setdefault(manifest.digest, ecs.now())
    if tag:
        repository.tagged[tag] = manifest.digest
    return {"image": _image(ecs, repository, manifest, {"imageTag": tag} if tag else {})}


def _image(ecs: Ecs, repository: Repository, manifest: Manifest, tag: dict[str, str]) -> dict[str, Any]:
    return {
        "registryId": ecs.knobs.account,
        "repositoryName": repository.name,
        "imageId": {"imageDigest": manifest.digest, **tag},
        "imageManifest": manifest.body.decode(),
        "imageManifestMediaType": manifest.media_type,
    }


def get(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    """BatchGetImage: the manifests, those missing as failures."""
    repository, images, failures = _repository(ecs, request), [], []
    for each in request["imageIds"]:
        manifest = repository.find(each.get("imageDigest") or each["imageTag"])
        if manifest:
            tag = {key: value for key, value in each.items() if key == "imageTag"}
            images.append(_image(ecs, repository, manifest, tag))
        else:
            failures.append(
                {"imageId": each, "failureCode": "ImageNotFound", "failureReason": "Requested image not found"}
            )
    return {"images": images, "failures": failures}


def images(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    """DescribeImages: of the tags or digests asked for, or of all."""
    repository, by_digest = _repository(ecs, request), dict[str, list[str]]()
    for tag, found in repository.tags().items():
        by_digest.setdefault(found, []).append(tag)
    shown = list(dict.fromkeys([*repository.manifests, *by_digest]))
    if "imageIds" in request:
        shown = []
        for each in request["imageIds"]:
            manifest = repository.find(each.get("imageDigest") or each["imageTag"])
            if manifest is None:
                words = "".join(f"{key}:'{value}'" for key, value in each.items())
                raise Refused(
                    "ImageNotFoundException",
                    f"The image with imageId {{{words}}} does not exist within the repository with name "
                    f"'{repository.name}' in the registry with id '{ecs.knobs.account}'",
                )
            shown.append(manifest.digest)
    elif request.get("filter", {}).get("tagStatus"):
        tagged = request["filter"]["tagStatus"] == "TAGGED"
        shown = [each for each in shown if (each in by_digest) == tagged or request["filter"]["tagStatus"] == "ANY"]
    details = [_detail(ecs, repository, manifest, by_digest) for each in shown if (manifest := repository.find(each))]
    return ecs.page("imageDetails", details, request, 100)


def _detail(ecs: Ecs, repository: Repository, manifest: Manifest, tags: dict[str, list[str]]) -> dict[str, Any]:
    found = repository.findings.get(manifest.digest)
    scan = {
        "imageScanStatus": {"status": "COMPLETE"},
        "imageScanFindingsSummary": {"imageScanCompletedAt": ecs.now(), "findingSeverityCounts": found},
    }
    return {
        "registryId": ecs.knobs.account,
        "repositoryName": repository.name,
        "imageDigest": manifest.digest,
        **({"imageTags": sorted(tags[manifest.digest])} if manifest.digest in tags else {}),
        "imageSizeInBytes": repository.size(manifest),
        "imagePushedAt": _pushed(repository, manifest),
        "imageManifestMediaType": manifest.media_type,
        "artifactMediaType": CONFIG,
        **(scan if found is not None else {}),
    }


def _pushed(repository: Repository, manifest: Manifest) -> float:
    """When it came; of a mirrored one, which no registry says, when its configuration was made."""
    seen = repository.pushed.get(manifest.digest, 0.0)
    if not repository.mirrors or manifest.digest in repository.said:
        return repository.said.get(manifest.digest, seen)
    child = repository.find(manifest.children[0]["digest"]) if manifest.children else manifest
    created = blob(repository.mirrors, child.document["config"]["digest"]).get("created", "") if child else ""
    try:
        made = datetime.datetime.fromisoformat(created[:19]).replace(tzinfo=datetime.UTC).timestamp()
    except ValueError:
        return seen
    return made if made > 1e9 else seen


def listed(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    repository = _repository(ecs, request)
    found = [{"imageTag": tag, "imageDigest": digest} for tag, digest in sorted(repository.tags().items())]
    found += [{"imageDigest": each} for each in repository.manifests if each not in repository.tagged.values()]
    return ecs.page("imageIds", found, request, 100)


def delete(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    repository, gone, failures = _repository(ecs, request), [], []
    if repository.mirrors:
        raise invalid("A mirrored repository is not deleted from.")
    for each in request["imageIds"]:
        manifest = repository.find(each.get("imageDigest") or each["imageTag"])
        if manifest is None:
            failures.append(
                {"imageId": each, "failureCode": "ImageNotFound", "failureReason": "Requested image not found"}
            )
            continue
        if "imageDigest" in each:
            repository.tagged = {tag: value for tag, value in repository.tagged.items() if value != manifest.digest}
        else:
            del repository.tagged[each["imageTag"]]
        if manifest.digest not in repository.tagged.values():
            del repository.manifests[manifest.digest]
        gone.append({"imageDigest": manifest.digest, **each})
    return {"imageIds": gone, "failures": failures}


def token(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    mirrored = sorted({each.mirrors.partition("/")[0] for each in ecs.repositories.values() if each.mirrors})
    endpoint = f"http://{mirrored[0]}" if mirrored else f"https://{ecs.registry}"
    word = base64.b64encode(b"AWS:not-really-a-password").decode()
    return {
        "authorizationData": [{"authorizationToken": word, "expiresAt": ecs.now() + HOURS, "proxyEndpoint": endpoint}]
    }


OPERATIONS: dict[str, Operation] = {
    "CreateRepository": create,
    "DescribeRepositories": describe,
    "PutImageTagMutability": mutability,
    "PutImage": put,
    "BatchGetImage": get,
    "DescribeImages": images,
    "ListImages": listed,
    "BatchDeleteImage": delete,
    "GetAuthorizationToken": token,
}
