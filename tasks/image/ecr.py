"""Amazon ECR: which registries are one, logins from the AWS credential chain, and what its own API says of images."""

from __future__ import annotations

import os
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from ..errors import DockyardError
from .credentials import Credentials
from .manifest import TYPES, Manifest
from .reference import Repository

if TYPE_CHECKING:
    from ..target.ecs.clients import Clients

HOST = re.compile(
    r"(?P<account>\d{12})\.dkr"
    r"(?:\.ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?"
    r"|-ecr(?:-fips)?\.(?P<dual>[a-z0-9-]+)\.on\.(?:aws|amazonwebservices\.com\.cn))"
)
ENDPOINTS = ("AWS_ENDPOINT_URL_ECR", "AWS_ENDPOINT_URL")  # botocore's own names
CHOICES = (*ENDPOINTS, "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN")  # other ones are another conversation
ABSENT = "RepositoryNotFoundException"
THERE = ("ImageTagAlreadyExistsException", "ImageAlreadyExistsException", "ImageDigestDoesNotMatchException")


@dataclass(frozen=True)
class Place:
    """A repository in ECR. `account` is "" where a registry on loopback stands for it: that of the credentials."""

    account: str
    region: str
    name: str

    @property
    def request(self) -> dict[str, str]:
        """What every request about the repository begins with."""
        owner = {"registryId": self.account} if self.account else {}
        return {**owner, "repositoryName": self.name}

    @property
    def creation(self) -> str:
        """The command that makes the repository."""
        return (
            f"aws ecr create-repository --region={self.region} --image-tag-mutability=IMMUTABLE "
            f"--repository-name={self.name}"
        )


def place(repository: Repository, region: str = "") -> Place | None:
    """Where in ECR a repository is, by its host; None for one of another registry.

    With a `region`, a registry on loopback is ECR too while an endpoint is set: emulators give out such names.
    """
    if found := HOST.fullmatch(repository.host):
        return Place(found["account"], found["region"] or found["dual"], repository.path)
    if region and repository.loopback and any(os.environ.get(name) for name in ENDPOINTS):
        return Place("", region, repository.path)
    return None


def clients(region: str) -> Clients:
    """The conversation with a region, one for each endpoint and identity. Raises SettingError without botocore."""
    return _clients(region, *map(os.environ.get, CHOICES))


@cache
def _clients(region: str, *_choices: str | None) -> Clients:
    from ..target.ecs.clients import Clients

    return Clients(region)


def login(region: str) -> Credentials:
    """A login for every registry of the region that the AWS credentials may use, asked for once: it lasts 12 hours.

    Raises DockyardError.
    """
    return _login(region, *map(os.environ.get, CHOICES))


@cache
def _login(region: str, *_choices: str | None) -> Credentials:
    from ..target.ecs.faults import told

    ecr = clients(region).ecr
    with told():
        given = ecr.get_authorization_token()["authorizationData"]
    if not given:
        raise DockyardError(f"ECR in {region} gave no login: aws ecr get-login-password --region={region} says why.")
    username, _, password = b64decode(given[0]["authorizationToken"]).decode().partition(":")
    return Credentials(username, password)


def manifest(where: Place, reference: str) -> Manifest | None:
    """What a tag or digest names, as BatchGetImage gives it; None if it names nothing. Raises DockyardError."""
    reply = asked(where, "batch_get_image", acceptedMediaTypes=list(TYPES), imageIds=[image_id(reference)])
    if not reply:
        return None
    for each in reply.get("failures") or ():
        if each.get("failureCode") not in ("ImageNotFound", "ImageReferencedByManifestList"):
            raise DockyardError(
                f"ECR cannot give {where.name} {reference} ({each.get('failureCode')}): {each.get('failureReason')}"
            )
    for each in reply.get("images") or ():
        content = str(each["imageManifest"]).encode()
        found = Manifest(str(each["imageId"]["imageDigest"]), str(each.get("imageManifestMediaType") or ""), content)
        return found if found.media_type else Manifest(found.digest, str(found.document.get("mediaType", "")), content)
    return None


def image_id(reference: str) -> dict[str, str]:
    """A tag or digest as ECR names it."""
    return {"imageDigest" if reference.startswith("sha256:") else "imageTag": reference}


def put(where: Place, manifest: Manifest, reference: str) -> bool:
    """Give a manifest a tag, or store it by its digest alone; whether the tag was free, or its own.

    Raises DockyardError.
    """
    from ..target.ecs import faults

    request = {
        **where.request,
        **({} if reference.startswith("sha256:") else {"imageTag": reference}),
        "imageManifest": manifest.content.decode(),
        "imageManifestMediaType": manifest.media_type,
        "imageDigest": manifest.digest,
    }
    ecr = clients(where.region).ecr
    with faults.told():
        try:
            ecr.put_image(**request)
        except ecr.exceptions.ClientError as error:
            if faults.code(error) == ABSENT:
                raise DockyardError(absent(where)) from None
            if faults.code(error) not in THERE:
                raise
            return False
    return True


def describe(where: Place, status: str = "TAGGED") -> list[dict[str, Any]] | None:
    """Every image that has a tag, in no order, as DescribeImages gives it; None where there is no such repository."""
    found: list[dict[str, Any]] = []
    more: Mapping[str, str] = {}
    while True:
        reply = asked(where, "describe_images", maxResults=1000, filter={"tagStatus": status}, **more)
        if reply is None:
            return None
        found += reply.get("imageDetails") or ()
        if not reply.get("nextToken"):
            return found
        more = {"nextToken": str(reply["nextToken"])}


def asked(where: Place, operation: str, **request: object) -> dict[str, Any] | None:
    """The reply to a question about a repository; None where there is no such repository. Raises DockyardError."""
    from ..target.ecs import faults

    ecr = clients(where.region).ecr
    with faults.told():
        try:
            reply: dict[str, Any] = getattr(ecr, operation)(**where.request, **request)
        except ecr.exceptions.ClientError as error:
            if faults.code(error) == ABSENT:
                return None
            raise
        return reply


def absent(where: Place) -> str:
    """The sentence for a repository that is not there: ECR makes none by itself."""
    account = f"account {where.account}, " if where.account else ""
    return f"ECR has no repository {where.name} ({account}{where.region}): type {where.creation}, or mend IMAGE."


def denied(repository: Repository, why: str) -> str:
    """The sentence for an ECR that lets nobody in, or not these AWS credentials."""
    return (
        f"The registry {repository.host} refuses {repository.path} ({why}): see `aws sts get-caller-identity`, and let "
        "it have ecr:GetAuthorizationToken, what pulls (ecr:BatchGetImage, ecr:GetDownloadUrlForLayer) and what pushes "
        "(ecr:BatchCheckLayerAvailability, ecr:InitiateLayerUpload, ecr:UploadLayerPart, ecr:CompleteLayerUpload, "
        "ecr:PutImage)."
    )
