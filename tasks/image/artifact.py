"""Google Artifact Registry: which registries are one, logins by access token, and what its API lists of images.

A tag's digest is asked of the registry itself: one HEAD, which takes the access token as it is, where the API's
`packages.tags.get` would first load its SDK.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from ..errors import DockyardError, SettingError
from ..gcp.endpoints import OVERRIDE
from .reference import Repository

if TYPE_CHECKING:
    from .credentials import Credentials

HOST = re.compile(r"(?P<location>[a-z0-9-]+)-docker\.pkg\.dev|docker\.(?P<regional>[a-z0-9-]+)\.rep\.pkg\.dev")
CONTAINER_REGISTRY = {"gcr.io": "us", "us.gcr.io": "us", "eu.gcr.io": "europe", "asia.gcr.io": "asia"}  # host: location
ENDPOINT = f"{OVERRIDE}ARTIFACTREGISTRY"
USERNAME = "oauth2accesstoken"  # whose password is an access token
PAGE = 1000  # images at once, which is the most
TIMEOUT = 60.0  # seconds
PERMISSION = re.compile(r"[Pp]ermissions? \"?(artifactregistry\.[A-Za-z.]+)\"?")
DISABLED = re.compile(r"has not been used|it is disabled|SERVICE_DISABLED")


@dataclass(frozen=True)
class Place:
    """A package of a repository in Artifact Registry. `plain`: a registry on loopback stands for it."""

    location: str
    project: str
    repository: str
    package: str
    plain: bool = False

    @property
    def parent(self) -> str:
        """The repository as the API names it."""
        return f"projects/{self.project}/locations/{self.location}/repositories/{self.repository}"

    @property
    def at(self) -> str:
        """What gcloud is told of the repository after its name."""
        return f"--location={self.location} --project={self.project}"

    @property
    def creation(self) -> str:
        """The command that makes the repository."""
        return f"gcloud artifacts repositories create {self.repository} --repository-format=docker {self.at}"


def place(repository: Repository, region: str = "") -> Place | None:
    """Where in Artifact Registry a repository is, by its host; None for another registry, or too short a name.

    With a `region`, a registry on loopback is Artifact Registry too while its endpoint is set, as for an emulator. A
    project of a domain, `example.com/project` in a name, is `example.com:project`.
    """
    first, _, rest = repository.path.partition("/")
    if "." in first:
        second, _, rest = rest.partition("/")
        first = f"{first}:{second}"
    if location := CONTAINER_REGISTRY.get(repository.host):
        return Place(location, first, repository.host, rest) if rest else None
    name, _, package = rest.partition("/")
    if not package:
        return None
    if found := HOST.fullmatch(repository.host):
        return Place(found["location"] or found["regional"], first, name, package)
    if region and repository.loopback and os.environ.get(ENDPOINT):
        return Place(region, first, name, package, plain=True)
    return None


def notice(repository: Repository) -> str:
    """The sentence for a registry that is no more: Container Registry; "" for others."""
    location = CONTAINER_REGISTRY.get(repository.host)
    if not location:
        return ""
    where = place(repository)
    project, package = (where.project, where.package) if where else ("PROJECT", "NAME")
    return (
        f"{repository.host} was Container Registry, which was shut down in March 2025; only a repository "
        f"{repository.host} in Artifact Registry answers there now: write "
        f"IMAGE={location}-docker.pkg.dev/{project.replace(':', '/')}/REPOSITORY/{package}."
    )


def login(plain: bool = False) -> Credentials:
    """The access token as a login; empty for nobody. Asked for anew each time, since a token lasts an hour at most.

    Raises DockyardError without credentials.
    """
    from ..gcp.credentials import authorization
    from .credentials import Credentials

    token = authorization(plain=plain).removeprefix("Bearer ")
    return Credentials(USERNAME, token) if token else Credentials()


def images(where: Place) -> Sequence[Any] | None:
    """The package's images that have a tag, in no order, as `DockerImage` messages; None where there is no repository.

    Raises DockyardError.
    """
    from google.api_core.exceptions import NotFound
    from google.cloud import artifactregistry_v1

    from ..gcp.clients import make
    from ..gcp.faults import told

    with told():
        client = make(artifactregistry_v1.ArtifactRegistryClient, "ARTIFACTREGISTRY")
        request = artifactregistry_v1.ListDockerImagesRequest(parent=where.parent, page_size=PAGE)
        try:
            listed = list(client.list_docker_images(request, timeout=TIMEOUT))
        except NotFound:
            return None
    return [each for each in listed if each.tags and package_of(each.name) == where.package]


def package_of(name: str) -> str:
    """The package in an image's name, `projects/…/dockerImages/PACKAGE@sha256:…`, where its slashes are `%2F`."""
    return unquote(name.rpartition("/dockerImages/")[2]).partition("@")[0]


def absent(where: Place) -> str:
    """The sentence for a repository that is not there: Artifact Registry makes none by itself."""
    return f"Artifact Registry has no repository {where.parent}: type {where.creation}, or mend IMAGE."


def denied(repository: Repository, why: str) -> str:
    """The sentence for an Artifact Registry that lets nobody in, or not these Google credentials."""
    where = place(repository)
    if where is None:
        return nameless(repository, why)
    try:
        login()
    except DockyardError as error:
        return f"The registry {repository.host} refuses {repository.path} ({why}). {error.message}"
    if DISABLED.search(why):
        return (
            f"The Artifact Registry API of project {where.project} is not enabled ({why}): type gcloud services enable "
            f"artifactregistry.googleapis.com --project={where.project}, then the same again."
        )
    lacks = PERMISSION.search(why)
    role = "reader" if lacks and "download" in lacks[1] else "writer"
    return (
        f"The registry {repository.host} refuses {repository.path} ({why}): let the account that `inv doctor` names "
        f"have it (gcloud artifacts repositories add-iam-policy-binding {where.repository} {where.at} "
        f"--role=roles/artifactregistry.{role} --member=…), or make the repository if there is none: {where.creation}."
    )


def nameless(repository: Repository, why: str) -> str:
    """The sentence for an image whose name lacks a part."""
    return (
        f"{repository.familiar} is no image in Artifact Registry ({why}): write "
        f"IMAGE={repository.host}/PROJECT/REPOSITORY/NAME."
    )


def unfrozen(where: Place) -> str:
    """The command that lets tags be moved, where a repository lets none: it makes no exceptions by name."""
    return f"gcloud artifacts repositories update {where.repository} {where.at} --no-immutable-tags"


def checked(repository: Repository) -> None:
    """Raise SettingError for a name on a host of Artifact Registry that has too few parts to be an image there."""
    known = HOST.fullmatch(repository.host) or repository.host in CONTAINER_REGISTRY
    if known and place(repository) is None:
        raise SettingError(nameless(repository, "it has too few parts"))
