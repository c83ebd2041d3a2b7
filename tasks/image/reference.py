"""Image names as Docker reads them: which registry, which repository, and how it is reached."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from ..errors import SettingError

HUB = "docker.io"
HUB_API = "registry-1.docker.io"
PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
PATH = re.compile(rf"{PART}(?:/{PART})*")
HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::\d+)?")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class Repository:
    """A repository: `host` as in the name (`docker.io` by default), `path` whole (`library/python`)."""

    host: str
    path: str

    @property
    def familiar(self) -> str:
        """The name as the engine lists it: `python`, `team/api`, `127.0.0.1:5000/team/api`."""
        if self.host == HUB:
            return self.path.removeprefix("library/")
        return f"{self.host}/{self.path}"

    @property
    def loopback(self) -> bool:
        """Whether the registry is this machine's own, and so is spoken to without TLS."""
        name = (
            self.host.removeprefix("[").partition("]")[0] if self.host.startswith("[") else self.host.partition(":")[0]
        )
        if name == "localhost":
            return True
        try:
            return ipaddress.ip_address(name).is_loopback
        except ValueError:
            return False

    @property
    def url(self) -> str:
        """Where its API is: `https://registry-1.docker.io/v2/library/python`."""
        host = HUB_API if self.host == HUB else self.host
        return f"{'http' if self.loopback else 'https'}://{host}/v2/{self.path}"


def parse(image: str) -> Repository:
    """The repository that an image name without tag or digest means. Raises SettingError."""
    first, slash, rest = image.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost" or first != first.lower()):
        host, path = first, rest
    else:
        host, path = HUB, image
    if host == f"index.{HUB}":
        host = HUB
    if host == HUB and "/" not in path:
        path = f"library/{path}"
    if not HOST.fullmatch(host) or not PATH.fullmatch(path):
        raise SettingError(
            f"IMAGE={image} is no repository: write [HOST[:PORT]/]NAME in lower case, without tag or digest."
        )
    return Repository(host, path)


def split(reference: str) -> tuple[str, str]:
    """A reference as repository, and tag or digest: `python:3.11` is `("python", "3.11")`, `python` is its `latest`."""
    image, at, digest = reference.partition("@")
    if at:
        return image.rpartition(":")[0] if ":" in image.rpartition("/")[2] else image, digest
    image, colon, tag = reference.rpartition(":")
    return (image, tag) if colon and "/" not in tag else (reference, "latest")
