"""Signs of life: the time of a file in the lock's container, by the engine's clock."""

from __future__ import annotations

import io
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import docker
import requests
from docker.errors import DockerException, NotFound

from .engine import clock, instant

EVERY = 10.0  # seconds between two
FILE = "/alive"


@contextmanager
def given(client: docker.DockerClient, container: str) -> Iterator[None]:
    """Give signs of life until the block ends, or the container is gone."""
    ended = threading.Event()
    signs = threading.Thread(target=live, args=(client, container, ended), daemon=True)
    signs.start()
    try:
        yield
    finally:
        ended.set()
        signs.join(EVERY)


def live(client: docker.DockerClient, container: str, ended: threading.Event) -> None:
    """Give a sign of life now and again. One that the engine does not take is none."""
    while not ended.wait(EVERY):
        try:
            client.api.put_archive(container, "/", archive(clock(client)))
        except NotFound:
            return
        except (DockerException, requests.exceptions.RequestException):
            continue


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
