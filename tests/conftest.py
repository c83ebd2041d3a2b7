"""Real parts: one Docker engine, one registry on loopback, and the command line in-process."""

from __future__ import annotations

import functools
import json
import os
import shlex
import signal
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest
from invoke.program import Program

from tasks import collection, embedded
from tasks.target.docker.engine import connect
from tests.service import Service, clean, free_port
from tests.torch_index import torch_index

REGISTRY = "127.0.0.1:5000"
APPLICATION = Path(__file__).parent / "application"


@dataclass(frozen=True)
class Result:
    """What a use of the command line gave."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on standard output."""
        document: dict[str, Any] = json.loads(self.out)
        return document


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # in the background of a shell, and all that is started there
    signal.signal(signal.SIGINT, signal.default_int_handler)

Dockyard = Callable[..., Result]
Project = Callable[..., Path]
Inv = Callable[[str], Result]


@pytest.fixture(scope="session")
def embedded_default() -> str:
    """The address of the registry, after engine, base images and registry were brought up by `inv local.up --yes`.

    Where they cannot be, the sentence that says why is the error of every test that needs them.
    """
    ca = os.environ.get("SSL_CERT_FILE")
    embedded.up(registry=REGISTRY, yes=True, ca=Path(ca) if ca else None, say=functools.partial(print, file=sys.stderr))
    return REGISTRY


@pytest.fixture(scope="session")
def engine(embedded_default: str) -> Iterator[docker.DockerClient]:
    """The Docker engine, started where none answered, with the base images on it."""
    client = connect()
    yield client
    client.close()


@pytest.fixture(scope="session")
def registry(embedded_default: str) -> str:
    """The registry on loopback, `HOST:PORT`."""
    return embedded_default


@pytest.fixture(scope="session")
def torch_cpu(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a package index on loopback that has torch's CPU build and nothing else."""
    with torch_index(tmp_path_factory.mktemp("torch")) as url:
        yield url


@pytest.fixture
def repository(registry: str) -> str:
    """A repository of this test's own."""
    return f"{registry}/test/{uuid.uuid4().hex[:12]}"


@pytest.fixture
def port() -> int:
    """A free port on loopback."""
    return free_port()


@pytest.fixture
def service() -> str:
    """A service name of this test's own."""
    return f"t{uuid.uuid4().hex[:8]}"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Write a project: `project(local="TARGET=docker\\n...", common="...")` makes env/local.env and env/common.env."""

    def write(folder: str = "project", **environments: str) -> Path:
        root = tmp_path / folder
        (root / "env").mkdir(parents=True, exist_ok=True)
        for name, text in environments.items():
            (root / "env" / f"{name}.env").write_text(text, encoding="utf-8")
        return root

    return write


@pytest.fixture
def dockyard(capsys: pytest.CaptureFixture[str]) -> Dockyard:
    """Run the command line in this process: `dockyard("deploy --env=local --json", root)`."""

    def run(line: str | list[str], root: Path) -> Result:
        argv = ["inv", *(shlex.split(line) if isinstance(line, str) else line)]
        capsys.readouterr()
        try:
            Program(namespace=collection(root)).run(argv)
            code = 0
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 1
        said = capsys.readouterr()
        return Result(code, said.out, said.err)

    return run


@pytest.fixture
def api(tmp_path: Path, engine: docker.DockerClient, repository: str, service: str) -> Iterator[Service]:
    """A project of its own with the tests' application, in git, and whatever it released taken away at the end."""
    made = Service(tmp_path / "päth with späces", service, repository, free_port())
    made.write()
    yield made
    clean(engine, service, repository)


@pytest.fixture
def inv(api: Service, dockyard: Dockyard) -> Inv:
    """The command line in that project."""
    return lambda line: dockyard(line, api.root)
