"""Secret Manager: secrets, their versions, and what they hold."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import google_crc32c

from .errors import Refused, invalid, precondition
from .logging import stamp
from .paging import page
from .routing import part, route

if TYPE_CHECKING:
    from .cloud import Cloud

NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
LARGEST = 65536  # bytes
SECRETS = "secretmanager.projects.secrets"


@dataclass
class Version:
    """One value of a secret, and its state: ENABLED, DISABLED or DESTROYED."""

    number: int
    value: bytes
    created: float
    state: str = "ENABLED"


@dataclass
class Secret:
    """A secret: what its creator said, and its versions, the oldest first."""

    name: str
    created: float
    more: dict[str, Any] = field(default_factory=dict)
    versions: list[Version] = field(default_factory=list)


@part("secrets")
class Secrets:
    """The secrets of the project, by name. Google names them by the project's number, and takes its id too."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.held: dict[str, Secret] = {}

    def add(self, name: str, value: str | bytes) -> str:
        """Give a secret another value, and make it where it is not there; the number of the version."""
        secret = self.held.setdefault(name, Secret(name, self.cloud.now(), {"replication": {"automatic": {}}}))
        content = value.encode() if isinstance(value, str) else value
        secret.versions.append(Version(len(secret.versions) + 1, content, self.cloud.now()))
        return str(len(secret.versions))

    def turn(self, name: str, state: str, version: str = "latest") -> None:
        """Set the state of a version: ENABLED, DISABLED or DESTROYED."""
        found = self.version(name, version)
        if found.state == "DESTROYED" != state:
            raise precondition(f"Secret Version [{self.path(found, name)}] is in DESTROYED state.")
        found.state, found.value = state, b"" if state == "DESTROYED" else found.value

    def value(self, name: str, version: str = "latest") -> bytes:
        """What a version holds. Raises Refused where it is not there, or not enabled."""
        found = self.version(name, version)
        if found.state != "ENABLED":
            raise precondition(f"Secret Version [{self.path(found, name)}] is in {found.state} state.")
        return found.value

    def secret(self, name: str) -> Secret:
        """A secret. Raises Refused where it is not there."""
        if name not in self.held:
            raise Refused(404, message=f"Secret [projects/{self.cloud.number}/secrets/{name}] not found.")
        return self.held[name]

    def version(self, name: str, version: str) -> Version:
        """A version by its number, or the `latest`. Raises Refused where it is not there."""
        path = f"projects/{self.cloud.number}/secrets/{name}"
        if name not in self.held or not self.held[name].versions:
            raise Refused(404, message=f"Secret [{path}] not found or has no versions.")
        versions = self.held[name].versions
        number = str(len(versions)) if version == "latest" else version
        for each in versions:
            if str(each.number) == number:
                return each
        raise Refused(404, message=f"Secret Version [{path}/versions/{version}] not found.")

    def path(self, version: Version, name: str) -> str:
        """The name of a version."""
        return f"projects/{self.cloud.number}/secrets/{name}/versions/{version.number}"

    def document(self, secret: Secret) -> dict[str, Any]:
        """A secret as the API shows it."""
        name = f"projects/{self.cloud.number}/secrets/{secret.name}"
        return {**secret.more, "name": name, "createTime": stamp(secret.created), "etag": f'"{secret.created:.0f}"'}

    def shown(self, version: Version, name: str) -> dict[str, Any]:
        """A version as the API shows it, without its value."""
        found = {"name": self.path(version, name), "createTime": stamp(version.created), "state": version.state}
        return {**found, "replicationStatus": {"automatic": {}}, "etag": f'"{version.number}{version.state}"'}


def named(cloud: Cloud, path: str) -> list[str]:
    """The parts of a name after the project: `[secret]` or `[secret, version]`. Raises Refused for another project."""
    parts = path.split("/")
    if parts[1] not in (cloud.project, cloud.number):
        raise Refused(403, message=f"Permission denied on resource project {parts[1]}.")
    return parts[3::2]


@route("secretmanager", f"{SECRETS}.get")
def get(cloud: Cloud, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    [name] = named(cloud, params["name"])
    found: dict[str, Any] = cloud.secrets.document(cloud.secrets.secret(name))
    return found


@route("secretmanager", f"{SECRETS}.list")
def listed(cloud: Cloud, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    named(cloud, params["parent"])
    found = [cloud.secrets.document(each) for each in cloud.secrets.held.values()]
    return {**page("secrets", found, params), **({"totalSize": len(found)} if found else {})}


@route("secretmanager", f"{SECRETS}.create")
def create(cloud: Cloud, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    named(cloud, params["parent"])
    name = params.get("secretId", "")
    if not NAME.fullmatch(name):
        raise invalid(f"The provided Secret ID [{name}] does not match the expected format [[a-zA-Z_0-9]+]")
    if not body.get("replication"):
        raise invalid("Secret.replication must be provided.")
    if name in cloud.secrets.held:
        path = f"projects/{cloud.number}/secrets/{name}"
        raise Refused(409, "ALREADY_EXISTS", f"Secret [{path}] already exists.")
    cloud.secrets.held[name] = Secret(name, cloud.now(), dict(body))
    found: dict[str, Any] = cloud.secrets.document(cloud.secrets.held[name])
    return found


@route("secretmanager", f"{SECRETS}.delete")
def delete(cloud: Cloud, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    [name] = named(cloud, params["name"])
    cloud.secrets.secret(name)
    del cloud.secrets.held[name]
    return {}


@route("secretmanager", f"{SECRETS}.addVersion")
def add(cloud: Cloud, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    [name] = named(cloud, params["parent"])
    cloud.secrets.secret(name)
    content = base64.b64decode(body.get("payload", {}).get("data", ""))
    if len(content) > LARGEST:
        raise invalid(f"The payload is larger than {LARGEST} bytes.")
    given = body.get("payload", {}).get("dataCrc32c")
    if given is not None and int(given) != crc32c(content):
        raise invalid("The checksum in the request did not match the payload.")
    return shown(cloud, name, cloud.secrets.add(name, content))


@route("secretmanager", f"{SECRETS}.versions.get")
def get_version(cloud: Cloud, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    return shown(cloud, *named(cloud, params["name"]))


@route("secretmanager", f"{SECRETS}.versions.list")
def list_versions(cloud: Cloud, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    [name] = named(cloud, params["parent"])
    found = [cloud.secrets.shown(each, name) for each in cloud.secrets.secret(name).versions[::-1]]
    return page("versions", found, params)


@route("secretmanager", f"{SECRETS}.versions.access")
def access(cloud: Cloud, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    name, version = named(cloud, params["name"])
    value = cloud.secrets.value(name, version)
    payload = {"data": base64.b64encode(value).decode(), "dataCrc32c": str(crc32c(value))}
    return {"name": cloud.secrets.path(cloud.secrets.version(name, version), name), "payload": payload}


@route("secretmanager", f"{SECRETS}.versions.disable")
def disable(cloud: Cloud, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    return turned(cloud, params, "DISABLED")


@route("secretmanager", f"{SECRETS}.versions.enable")
def enable(cloud: Cloud, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    return turned(cloud, params, "ENABLED")


@route("secretmanager", f"{SECRETS}.versions.destroy")
def destroy(cloud: Cloud, params: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    return turned(cloud, params, "DESTROYED")


def turned(cloud: Cloud, params: Mapping[str, Any], state: str) -> dict[str, Any]:
    """A version after its state was set."""
    name, version = named(cloud, params["name"])
    cloud.secrets.turn(name, state, version)
    return shown(cloud, name, version)


def shown(cloud: Cloud, name: str, version: str) -> dict[str, Any]:
    """A version as the API shows it. Raises Refused where it is not there."""
    found: dict[str, Any] = cloud.secrets.shown(cloud.secrets.version(name, version), name)
    return found


def crc32c(content: bytes) -> int:
    """The checksum that Secret Manager gives beside a value."""
    return int(google_crc32c.value(content))
