"""The AWS CLI, an independent reader: in an environment of its own, as its botocore is another one than ours."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VERSION = "1.46.3"
UV = shutil.which("uv", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")


@dataclass(frozen=True)
class AwsCli:
    """The program, and the environment that it runs in: only what the fake gives, and a home without settings."""

    program: Path
    home: Path

    def __call__(self, *words: str, environ: Mapping[str, str]) -> Any:
        """What a command prints, parsed."""
        given = {"PATH": os.environ["PATH"], "HOME": str(self.home), "AWS_PAGER": "", **environ}
        ended = subprocess.run(
            [self.program, *words, "--output", "json"],
            env=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)


def install(folder: Path) -> AwsCli:
    """Install it into a folder: a second, once uv has it in its cache."""
    made, home = folder / "venv", folder / "home"
    home.mkdir(parents=True)
    venv.create(made, with_pip=not UV)
    python = made / "bin" / "python"
    pip: list[str | Path] = [UV, "pip", "install", "--python", python] if UV else [python, "-m", "pip", "install"]
    ended = subprocess.run([*pip, "--quiet", f"awscli=={VERSION}"], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return AwsCli(made / "bin" / "aws", home)
