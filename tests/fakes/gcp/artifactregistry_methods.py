"""The methods of Artifact Registry's API."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from .errors import Refused, precondition
from .paging import page
from .routing import route

if TYPE_CHECKING:
    from .cloud import Cloud

API = "artifactregistry"
REPOSITORIES = f"{API}.projects.locations.repositories"
TYPE = "type.googleapis.com/google.devtools.artifactregistry.v1.Repository"


@route(API, f"{REPOSITORIES}.get")
def get(cloud: Cloud, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = cloud.registry.document(cloud.registry.repository(params["name"]))
    return found


@route(API, f"{REPOSITORIES}.list")
def listed(cloud: Cloud, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    location = params["parent"].split("/")[3]
    found = [cloud.registry.document(each) for each in cloud.registry.held.values() if each.location == location]
    return page("repositories", found, params)


@route(API, f"{REPOSITORIES}.create")
def create(cloud: Cloud, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    made = cloud.registry.make(params["parent"], params.get("repositoryId", ""), body)
    name = f"{params['parent']}/operations/{uuid.uuid4()}"
    return {"name": name, "done": True, "response": {"@type": TYPE, **cloud.registry.document(made)}}


@route(API, f"{REPOSITORIES}.dockerImages.list")
def images(cloud: Cloud, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """All of a repository's packages, by name: nobody promises them in the order of their time."""
    registry, parent = cloud.registry, params["parent"]
    held = registry.repository(parent)
    found = [each for package in registry.packages(held.id) for each in registry.images(parent, package)]
    return page("dockerImages", sorted(found, key=lambda each: str(each["name"])), params)


@route(API, f"{REPOSITORIES}.dockerImages.get")
def image(cloud: Cloud, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    parent, _, name = params["name"].rpartition("/dockerImages/")
    held = cloud.registry.repository(parent)
    package, _, digest = unquote(name).partition("@")
    found: dict[str, Any] = cloud.registry.image(parent, package, cloud.registry.found(held.id, package, digest))
    return found


@route(API, f"{REPOSITORIES}.packages.list")
def packages(cloud: Cloud, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    held = cloud.registry.repository(params["parent"])
    names = [f"{params['parent']}/packages/{quote(each, safe='')}" for each in cloud.registry.packages(held.id)]
    return page("packages", [{"name": each} for each in names], params)


@route(API, f"{REPOSITORIES}.packages.tags.get")
def tag(cloud: Cloud, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    package, _, name = params["name"].rpartition("/tags/")
    held, path = cloud.registry.repository(package), package.rpartition("/packages/")[2]
    manifest = cloud.registry.found(held.id, path, unquote(name))
    return {"name": params["name"], "version": f"{package}/versions/{manifest.digest}"}


@route(API, f"{REPOSITORIES}.packages.tags.list")
def tags(cloud: Cloud, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    if params.get("filter"):
        raise Refused(501, message="The fake filters no tags.")
    parent = params["parent"]
    found = [
        {"name": f"{parent}/tags/{name}", "version": f"{parent}/versions/{digest}"}
        for name, digest in sorted(mirrored(cloud, parent).tags().items())
    ]
    return page("tags", found, params)


@route(API, f"{REPOSITORIES}.packages.tags.patch")
def move(cloud: Cloud, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    if cloud.registry.repository(params["name"]).immutable:
        raise precondition("The repository has enabled tag immutability")
    raise Refused(501, message="The fake moves no tags by the API.")


@route(API, f"{REPOSITORIES}.packages.versions.get")
def version(cloud: Cloud, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    package, _, digest = params["name"].rpartition("/versions/")
    return shown(cloud, package, unquote(digest), params)


@route(API, f"{REPOSITORIES}.packages.versions.list")
def versions(cloud: Cloud, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    if params.get("filter") or params.get("orderBy"):
        raise Refused(501, message="The fake neither filters nor orders versions.")
    digests = dict.fromkeys(mirrored(cloud, params["parent"]).tags().values())
    return page("versions", [shown(cloud, params["parent"], each, params) for each in digests], params)


def mirrored(cloud: Cloud, package: str) -> Any:
    """The package of a name, as the real registry holds it. Raises Refused where its repository is not there."""
    held = cloud.registry.repository(package)
    return cloud.registry.mirror(held.id, unquote(package.rpartition("/packages/")[2]))


def shown(cloud: Cloud, package: str, digest: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """A version as the API shows it; in full with its tags and what a Docker image is."""
    held, path = cloud.registry.repository(package), package.rpartition("/packages/")[2]
    manifest = cloud.registry.found(held.id, path, digest)
    image = cloud.registry.image(package.rpartition("/packages/")[0], unquote(path), manifest)
    name = f"{package}/versions/{digest}"
    found = {"name": name, "createTime": image["uploadTime"], "updateTime": image["updateTime"]}
    if params.get("view") != "FULL":
        return found
    related = [{"name": f"{package}/tags/{each}", "version": name} for each in image.get("tags", ())]
    metadata = {key: image[key] for key in ("imageSizeBytes", "mediaType", "name")}
    return {**found, "metadata": metadata, **({"relatedTags": related} if related else {})}
