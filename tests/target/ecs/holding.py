"""Other processes that hold a service's lock in Parameter Store, and locks of other machines."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from tasks.target import proof
from tasks.target.ecs import parameter
from tasks.target.ecs.clients import Clients
from tasks.target.ecs.lock import Lock
from tasks.target.holder import Claim
from tests.fakes.cloud import Cloud
from tests.service import REPOSITORY
from tests.target.holders import inside

Own = Callable[[], Lock]
NAME = "/dockyard/c/web/lock"
MARKER = f"{NAME}/taking"
HOLD = """\
import sys, time
from tasks.target.ecs.clients import Clients
from tasks.target.ecs.lock import Lock
wait, seconds, notes = *map(float, sys.argv[1:3]), sys.argv[3]
with Lock(Clients("eu-north-1"), "c", "web", "prod").held("another process", wait):
    with open(notes, "a") as file: print("in", file=file)
    time.sleep(seconds)
    with open(notes, "a") as file: print("out", file=file)
"""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this test's own locks have their token files."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return proof.folder()


@pytest.fixture
def own(cloud: Cloud, files: Path) -> Own:
    """The lock of a service, as one release after the other sees it."""
    clients = Clients("eu-north-1")
    names(cloud)  # moto takes its time for the first one
    cloud.reset_calls()
    return lambda: Lock(clients, "c", "web", "prod")


def another(notes: Path, seconds: float = 60.0, wait: float = 0.0) -> subprocess.Popen[str]:
    """A process that holds the lock for so long, and notes when."""
    argv = [sys.executable, "-c", HOLD, str(wait), str(seconds), str(notes)]
    return subprocess.Popen(argv, cwd=REPOSITORY, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def holding(notes: Path) -> AbstractContextManager[subprocess.Popen[str]]:
    """A process that holds the lock by now, and is killed at the end of the block."""
    return inside(another(notes), notes)


def claimed(reason: str = "elsewhere", lease: float = 90.0, token: str = "0123456789ab-00") -> Claim:
    """What a holder on another machine has written."""
    return Claim(env="prod", by="bob@elsewhere", reason=reason, token=token, lease=lease)


def put(cloud: Cloud, claim: Claim, held: str = "theirs", name: str = NAME) -> None:
    """A lock that somebody on another machine has, whatever was there."""
    reader(cloud).put_parameter(Name=name, Value=parameter.written(held, claim), Type="String", Overwrite=True)


@functools.lru_cache(1)
def reader(cloud: Cloud) -> Any:
    """A client of Parameter Store beside those under test."""
    return cloud.client("ssm")


def value(cloud: Cloud, name: str = NAME) -> dict[str, Any]:
    """What is written in a parameter."""
    written: dict[str, Any] = json.loads(reader(cloud).get_parameter(Name=name)["Parameter"]["Value"])
    return written


def names(cloud: Cloud) -> list[str]:
    """All parameters that there are."""
    return [each["Name"] for each in reader(cloud).describe_parameters()["Parameters"]]
