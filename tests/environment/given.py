"""The least that an environment of each target says, and what is said about a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks import environment
from tasks.errors import SettingError

DOCKER = "TARGET=docker\nSERVICE=api\nIMAGE=127.0.0.1:5000/api\n"
CLOUDRUN = "TARGET=cloudrun\nSERVICE=api\nIMAGE=europe-west3-docker.pkg.dev/p/r/api\nPROJECT=p\nREGION=r\n"
ECS = "TARGET=ecs\nSERVICE=api\nIMAGE=180703226577.dkr.ecr.eu-north-1.amazonaws.com/api\nREGION=r\nCLUSTER=c\n"


def problems(root: Path, name: str = "local", *, force: bool = False) -> list[str]:
    with pytest.raises(SettingError) as failure:
        environment.load(root, name, force=force)
    return str(failure.value.message).splitlines()
