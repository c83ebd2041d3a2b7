"""Artifact Registry: repositories, and what a real registry on loopback holds of their packages."""

from __future__ import annotations

import datetime
import http.client
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from tests.fakes.images import Manifest, Repository, blob

from .artifactregistry_front import Front
from .errors import Refused, invalid
from .logging import stamp
from .routing import part

if TYPE_CHECKING:
    from .cloud import Cloud

ID = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")


@dataclass
class Held:
    """A repository."""

    id: str
    location: str
    created: float
    immutable: bool = False
    format: str = "DOCKER"


@part("registry")
class ArtifactRegistry:
    """The project's repositories; their packages are those of the real registry at `address`, `PROJECT/REPOSITORY/…`.

    A repository is there when it was made, or when the real registry has a package of it. `host` is an address that
    wants Google's tokens, as Artifact Registry does, before the real registry is asked.
    """

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.address = "127.0.0.1:5000"
        self.held: dict[str, Held] = {}
        self.mirrors: dict[str, Repository] = {}
        self._front: Front | None = None

    def close(self) -> None:
        """End the front, if there was one."""
        if self._front:
            self._front.close()

    @property
    def host(self) -> str:
        """`127.0.0.1:PORT`, where tokens are wanted: for IMAGE=HOST/PROJECT/REPOSITORY/PACKAGE."""
        self._front = self._front or Front(self.cloud)
        return self._front.host

    @property
    def asked(self) -> list[str]:
        """What the front has let through: `PUT /v2/…`."""
        return self._front.asked if self._front else []

    def add(self, name: str, *, immutable: bool = False) -> str:
        """Make a repository; `HOST/PROJECT/REPOSITORY`, where tokens are wanted."""
        self.held[name] = Held(name, self.cloud.region, self.cloud.now(), immutable)
        return f"{self.host}/{self.cloud.project}/{name}"

    def uploaded(self, package: str, digest: str, at: float) -> None:
        """Say when an image of `REPOSITORY/PACKAGE` was pushed: no registry tells."""
        self.mirror(*package.split("/", 1)).said[digest] = at

    def mirror(self, repository: str, package: str) -> Repository:
        """A package, as the real registry holds it."""
        name = f"{self.cloud.project.replace(':', '/')}/{repository}/{package}"
        return self.mirrors.setdefault(name, Repository(name, f"{self.address}/{name}"))

    def packages(self, repository: str) -> list[str]:
        """What the real registry holds of a repository, by the packages that have a tag."""
        prefix = f"{self.cloud.project.replace(':', '/')}/{repository}/"
        found = [each.removeprefix(prefix) for each in catalog(self.address, prefix)]
        return [each for each in found if self.mirror(repository, each).tags()]

    def repository(self, path: str) -> Held:
        """The repository of `projects/…/locations/…/repositories/ID…`. Raises Refused."""
        parts = path.split("/")
        if parts[1] not in (self.cloud.project, self.cloud.number):
            raise Refused(403, message=f"Permission denied on resource project {parts[1]}.")
        name, where = parts[5], "/".join(parts[:6])
        if name not in self.held and self.packages(name):
            self.held[name] = Held(name, self.cloud.region, self.cloud.now())
        if name not in self.held or self.held[name].location != parts[3]:
            raise Refused(404, message=f'Requested entity was not found: Repository "{where}" not found.')
        return self.held[name]

    def make(self, path: str, name: str, body: dict[str, Any]) -> Held:
        """Make a repository in `projects/…/locations/…`. Raises Refused."""
        location = path.split("/")[3]
        if not ID.fullmatch(name):
            raise invalid(f"repository_id {name!r} is invalid.")
        if body.get("format") != "DOCKER":
            raise invalid(f"unsupported repository format {body.get('format')}")
        if name in self.held:
            raise Refused(409, "ALREADY_EXISTS", "the repository already exists")
        immutable = bool(body.get("dockerConfig", {}).get("immutableTags"))
        self.held[name] = Held(name, location, self.cloud.now(), immutable)
        return self.held[name]

    def document(self, held: Held) -> dict[str, Any]:
        """A repository as the API shows it."""
        parent = f"projects/{self.cloud.project}/locations/{held.location}"
        return {
            "name": f"{parent}/repositories/{held.id}",
            "format": held.format,
            "mode": "STANDARD_REPOSITORY",
            "createTime": stamp(held.created),
            "updateTime": stamp(held.created),
            "registryUri": f"{held.location}-docker.pkg.dev/{self.cloud.project}/{held.id}",
            **({"dockerConfig": {"immutableTags": True}} if held.immutable else {}),
        }

    def image(self, parent: str, package: str, manifest: Manifest) -> dict[str, Any]:
        """An image as `dockerImages` shows it."""
        _, project, _, location, _, name = parent.split("/")[:6]
        mirror = self.mirror(name, package)
        tags = sorted(tag for tag, digest in mirror.tags().items() if digest == manifest.digest)
        at, built = self.times(mirror, manifest)
        return {
            "name": f"{parent}/dockerImages/{quote(f'{package}@{manifest.digest}', safe='@:')}",
            "uri": f"{location}-docker.pkg.dev/{project}/{name}/{package}@{manifest.digest}",
            "imageSizeBytes": str(len(manifest.body) if manifest.children else mirror.size(manifest)),
            "mediaType": manifest.media_type,
            "uploadTime": stamp(at),
            "updateTime": stamp(at),
            **({"tags": tags} if tags else {}),
            **({"buildTime": built} if built else {}),
        }

    def times(self, mirror: Repository, manifest: Manifest) -> tuple[float, str]:
        """When an image was pushed, as far as known, and when it was built."""
        if manifest.children:
            return mirror.said.get(manifest.digest, mirror.pushed[manifest.digest]), ""
        built = str(blob(mirror.mirrors, manifest.document["config"]["digest"]).get("created") or "")
        seen = mirror.said.get(manifest.digest)
        if seen is None:
            seen = moment(built) or mirror.pushed[manifest.digest]
        return seen, built if moment(built) else ""

    def images(self, parent: str, package: str) -> list[dict[str, Any]]:
        """Every image of a package, those of an index too, which have no tag of their own."""
        mirror = self.mirror(parent.split("/")[5], package)
        found: dict[str, Manifest] = {}
        for digest in mirror.tags().values():
            top = mirror.find(digest)
            for each in [top, *(mirror.find(child["digest"]) for child in top.children)] if top else []:
                if each:
                    found[each.digest] = each
        return [self.image(parent, package, each) for each in found.values()]

    def found(self, repository: str, package: str, reference: str) -> Manifest:
        """An image by tag or digest. Raises Refused where it is not there."""
        manifest = self.mirror(repository, unquote(package)).find(reference)
        if manifest is None:
            raise Refused(404, message="Requested entity was not found.")
        return manifest


def moment(text: str) -> float:
    """Seconds since 1970 of a time in a configuration; 0 for none that tells anything."""
    try:
        found = datetime.datetime.fromisoformat(text[:19]).replace(tzinfo=datetime.UTC).timestamp()
    except ValueError:
        return 0.0
    return found if found > 1e9 else 0.0


def catalog(address: str, prefix: str) -> list[str]:
    """The repositories of a registry on loopback whose names begin so; it gives a thousand at once, by name."""
    connection = http.client.HTTPConnection(address, timeout=10)
    try:
        connection.request("GET", f"/v2/_catalog?n=1000&last={prefix}")
        found = json.loads(connection.getresponse().read()).get("repositories") or []
        return [each for each in found if each.startswith(prefix)]
    except (OSError, ValueError):
        return []
    finally:
        connection.close()


from . import artifactregistry_methods  # noqa: E402, F401 - they register what answers
