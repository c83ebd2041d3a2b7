"""The verb `test`."""

from __future__ import annotations

import sys
from pathlib import Path

from .conftest import Dockyard, Project

SUITE = """
def test_one(): print("printed")
def test_two(): pass
def test_three(): assert "kettle" == "pot"
"""


def suite(project: Project) -> Path:
    """A project with two tests that pass and one that fails."""
    root = project(local="TARGET=docker\nSERVICE=api\nIMAGE=registry.example.com/api\n")
    (root / "test_suite.py").write_text(SUITE)
    return root


def test_the_tests_of_the_project_are_run(dockyard: Dockyard, project: Project) -> None:
    result = dockyard("test --only='one or two' --json", suite(project))
    document = result.document
    assert document.pop("seconds") > 0
    assert (result.code, document) == (0, {"passed": 2, "failed": 0, "skipped": 0})


def test_a_failed_test_is_a_failed_verb(dockyard: Dockyard, project: Project) -> None:
    result = dockyard("test --json", suite(project))
    assert (result.code, result.document["failed"], result.document["passed"]) == (1, 1, 2)
    assert result.document["error"] == "1 tests failed, 2 passed."


def test_no_test_at_all_is_a_failure(dockyard: Dockyard, project: Project) -> None:
    result = dockyard("test --only=nothing", suite(project))
    assert result.code == 1
    assert "matches --only=nothing" in result.err


def test_a_dry_run_runs_nothing(dockyard: Dockyard, project: Project) -> None:
    result = dockyard("--dry test", suite(project))
    assert (result.code, result.out) == (0, "")
    assert result.err.startswith(f"would run: {sys.executable} -m pytest --junitxml=")
