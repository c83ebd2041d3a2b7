"""What tests of outages share: a release that serves, something that happens in the middle of the next one."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import docker
import httpx
import pytest

from tasks.target.docker import health
from tasks.target.docker.edge import Edge
from tasks.target.docker.fleet import Fleet
from tasks.target.docker.service import Service as Serving
from tests.another import Another
from tests.conftest import Inv, Result
from tests.service import Service, clean

MOMENTS = {  # just before
    "the start": (Fleet, "launch"),
    "the first probe": (health, "probe"),
    "the shift": (Edge, "change"),
    "the drain": (Serving, "drain"),
}


@contextmanager
def released(another: Another, api: Service, inv: Inv, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The service's first release serves on another engine; all that it leaves is taken away."""
    monkeypatch.setenv("DOCKER_CONFIG", str(api.root.parent / "config"))
    made = ["docker", "context", "create", "another", "--docker", f"host={another.address}"]
    subprocess.run(made, check=True, capture_output=True)
    api.set(DOCKER_CONTEXT="another")
    ended(inv("release --env=local"), 0)
    api.set(ENV_VERSION="two")
    try:
        yield
    finally:
        if not another.answers():
            another.start()
        client = docker.DockerClient(another.address)
        clean(client, api.service)
        client.close()


def once(monkeypatch: pytest.MonkeyPatch, moment: str, happens: Callable[[], object]) -> None:
    """Let something happen just before the first use of a method or function."""
    owner, name = MOMENTS[moment]
    method = getattr(owner, name)
    left = [happens]

    @wraps(method)
    def replaced(*args: Any, **kwargs: Any) -> Any:
        if left:
            left.pop()()
        return method(*args, **kwargs)

    monkeypatch.setattr(owner, name, replaced)


def ended(result: Result, code: int) -> str:
    """What a use of the command line said, once its exit code is right and it had no traceback."""
    assert result.code == code, result.err
    assert "Traceback (" not in result.err
    return result.err


def version(api: Service) -> str:
    """Which one serves; where the engine has just come up, in a moment."""
    deadline = time.monotonic() + 20
    while True:
        try:
            return str(api.get("/revision")["version"])
        except (httpx.HTTPError, ValueError):
            assert time.monotonic() < deadline
            time.sleep(0.1)


def settled(api: Service, inv: Inv) -> None:
    """The same command again brings version two up, and leaves nothing behind."""
    ended(inv("release --env=local"), 0)
    assert version(api) == "two"
    status = inv("status --env=local --json").document
    assert [(each["revision"], each["percent"]) for each in status["traffic"]] == [(status["revision"], 100)]
    assert [(each["revision"], each["state"]) for each in status["instances"]] == [(status["revision"], "running")]
    assert inv("lock --env=local --json").document.get("by") is None
    ended(inv("verify --env=local"), 0)
