"""What stands beside it: ecs-deploy and the AWS CLI, each in an environment of its own in the run's folder."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from ..processes import run
from ..stage import Stage

ECS_DEPLOY = "ecs-deploy==1.17.0"
AWS_CLI = "awscli==1.46.3"


@dataclass(frozen=True)
class Programs:
    """Where the programs are: ecs-deploy's `ecs`, and the AWS CLI's `aws`."""

    ecs: Path
    aws: Path


def installed(stage: Stage) -> Programs:
    """Install both from PyPI, with their bytecode. Raises Failed where they cannot be had."""
    return Programs(install(stage.folder, ECS_DEPLOY) / "ecs", install(stage.folder, AWS_CLI) / "aws")


def install(folder: Path, package: str) -> Path:
    """The `bin` of a new environment with a package in it: by uv if there is one, else by pip."""
    made = folder / package.partition("=")[0]
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if uv:
        run(uv, "venv", "--quiet", "--python", sys.executable, made, cwd=folder)
        python = made / "bin" / "python"
        run(uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", python, package, cwd=folder)
    else:
        run(sys.executable, "-m", "venv", made, cwd=folder)
        run(made / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", package, cwd=folder)
    return made / "bin"
