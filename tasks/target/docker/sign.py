"""Signs of life: the time of a file in the lock's container, by the engine's clock."""

from __future__ import annotations

import io
import tarfile
from contextlib import suppress

import docker
from docker.errors import NotFound

from .engine import instant

FILE = "/alive"


def last(client: docker.DockerClient, container: str, created: str) -> float:
    """When the last one was given, in seconds of the engine's clock; that it was created is the first.

    It is not the greatest: a clock that was set back gives smaller ones.
    """
    with suppress(NotFound):
        content, stat = client.api.get_archive(container, FILE)
        for _ in content:
            pass  # else the connection is not used again
        return instant(str(stat["mtime"]))
    return instant(created)


def archive(at: float) -> bytes:
    """The file whose time is the sign."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        member = tarfile.TarInfo(FILE.lstrip("/"))
        member.mtime = at
        tar.addfile(member)
    return data.getvalue()
