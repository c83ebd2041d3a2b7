"""The methods of Cloud Build, each in its two forms: of a location, and of none."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from .build import BUILDS, GLOBAL, REGIONAL
from .build_running import Running
from .errors import Refused
from .routing import route

if TYPE_CHECKING:
    from .cloud import Cloud

Document = dict[str, Any]


def owned(cloud: Cloud, name: str) -> list[str]:
    """The parts of a resource's name, of this project. Raises Refused."""
    parts = name.split("/")
    if parts[1] not in (cloud.project, cloud.number):
        raise Refused(403, message="The caller does not have permission")
    return parts


def placed(cloud: Cloud, params: Document) -> Running:
    """The build that a request of a location names."""
    parts = owned(cloud, params["name"])
    found: Running = cloud.build.get(parts[3], parts[5])
    return found


def unplaced(cloud: Cloud, params: Document) -> Running:
    """The build that a request without a location names."""
    owned(cloud, f"projects/{params['projectId']}")
    found: Running = cloud.build.get(GLOBAL, params["id"])
    return found


@route("cloudbuild", f"{REGIONAL}.create")
def create_placed(cloud: Cloud, params: Document, body: Document) -> Document:
    found: Document = cloud.build.create(owned(cloud, params["parent"])[3], body)
    return found


@route("cloudbuild", f"{BUILDS}.create")
def create(cloud: Cloud, params: Document, body: Document) -> Document:
    owned(cloud, f"projects/{params['projectId']}")
    found: Document = cloud.build.create(GLOBAL, body)
    return found


@route("cloudbuild", f"{REGIONAL}.get")
def get_placed(cloud: Cloud, params: Document, body: Document) -> Document:
    found: Document = cloud.build.document(placed(cloud, params))
    return found


@route("cloudbuild", f"{BUILDS}.get")
def get(cloud: Cloud, params: Document, body: Document) -> Document:
    found: Document = cloud.build.document(unplaced(cloud, params))
    return found


@route("cloudbuild", f"{REGIONAL}.list")
def list_placed(cloud: Cloud, params: Document, body: Document) -> Document:
    found: Document = cloud.build.list(owned(cloud, params["parent"])[3], params)
    return found


@route("cloudbuild", f"{BUILDS}.list")
def list_(cloud: Cloud, params: Document, body: Document) -> Document:
    owned(cloud, f"projects/{params['projectId']}")
    found: Document = cloud.build.list(GLOBAL, params)
    return found


@route("cloudbuild", f"{REGIONAL}.cancel")
def cancel_placed(cloud: Cloud, params: Document, body: Document) -> Document:
    found: Document = cloud.build.cancel(placed(cloud, params))
    return found


@route("cloudbuild", f"{BUILDS}.cancel")
def cancel(cloud: Cloud, params: Document, body: Document) -> Document:
    found: Document = cloud.build.cancel(unplaced(cloud, params))
    return found


@route("cloudbuild", "cloudbuild.projects.locations.operations.get")
def operation_placed(cloud: Cloud, params: Document, body: Document) -> Document:
    parts = owned(cloud, params["name"])
    found: Document = cloud.build.operation(cloud.build.get(parts[3], decoded(parts[5])))
    return found


@route("cloudbuild", "cloudbuild.operations.get")
def operation(cloud: Cloud, params: Document, body: Document) -> Document:
    found: Document = cloud.build.operation(cloud.build.get(GLOBAL, decoded(params["name"].split("/")[-1])))
    return found


def decoded(ident: str) -> str:
    """The build that an operation is."""
    return base64.urlsafe_b64decode(ident.encode()).decode()
