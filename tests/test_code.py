"""The code itself: lint, format, types, and what CI and README say about how it is tested."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEST = "./inv local.up --yes test"


@pytest.mark.parametrize(
    "argv", [("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",)], ids=lambda argv: " ".join(argv[:2])
)
def test_lint_format_and_types(argv: tuple[str, ...]) -> None:
    checked = subprocess.run([sys.executable, "-m", *argv], cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_ci_runs_the_command_that_the_readme_names() -> None:
    assert TEST in (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"\n{TEST}\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


@pytest.mark.parametrize("program", ["inv", ".ci/run"])
def test_programs_can_be_executed(program: str) -> None:
    assert os.access(ROOT / program, os.X_OK)
    assert (ROOT / program).read_bytes().startswith(b"#!")
