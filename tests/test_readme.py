"""The README's generated parts agree with the code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent


def test_the_verbs_and_settings_are_those_of_the_code() -> None:
    check = subprocess.run(
        [sys.executable, REPOSITORY / "docs" / "readme.py", "--check"], capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stderr


def test_the_two_commands_are_those_that_ci_and_a_new_user_run() -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert "    ./inv local.up --yes release --env=local " in readme
    assert "    ./inv local.up --yes test " in readme
    assert "./inv local.up --yes test" in (REPOSITORY / ".ci" / "run").read_text(encoding="utf-8")
