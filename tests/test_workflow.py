"""The workflow that is shipped in docs/: valid, modest, and of verbs and flags that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from invoke.parser import Parser

from tasks import collection

from .conftest import Project

WORKFLOW = Path(__file__).parent.parent / "docs" / "release-workflow.yml"


@pytest.fixture(scope="module")
def workflow() -> dict[Any, Any]:
    loaded: dict[Any, Any] = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    return loaded


def steps(workflow: dict[Any, Any], job: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = workflow["jobs"][job]["steps"]
    return found


def lines(workflow: dict[Any, Any], job: str) -> list[str]:
    """What a job runs of Invoke, in order."""
    every = [line.strip() for step in steps(workflow, job) for line in step.get("run", "").splitlines()]
    return [line for line in every if line.startswith("inv ")]


def test_it_lints_scans_and_releases_in_that_order(workflow: dict[Any, Any]) -> None:
    assert lines(workflow, "lint") == ["inv env.lint", "inv build.lint --env=prod"]
    assert [line.split()[1] for line in lines(workflow, "release")] == [
        *("doctor", "build.prod", "push.prod", "pin", "build.scan", "release.prod")
    ]
    assert workflow["jobs"]["release"]["needs"] == "lint"
    assert workflow["jobs"]["release"]["if"] == "github.event_name != 'pull_request'"


def test_each_of_its_lines_names_verbs_and_flags_that_exist(
    workflow: dict[Any, Any], project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project(prod="TARGET=docker\nSERVICE=api\nIMAGE=a.example/api\n")
    monkeypatch.chdir(root)
    parser = Parser(contexts=collection(root).to_contexts())
    for job in workflow["jobs"]:
        for line in lines(workflow, job):
            parsed = parser.parse_argv(shlex.split(line)[1:])
            assert [each.name for each in parsed] == [shlex.split(line)[1]]
    with pytest.raises(Exception, match="No idea what '--nothing' is"):
        parser.parse_argv(["build.lint", "--nothing=1"])


def test_it_may_no_more_than_it_must(workflow: dict[Any, Any]) -> None:
    assert workflow["permissions"] == {}
    assert workflow["jobs"]["lint"]["permissions"] == {"contents": "read"}
    assert workflow["jobs"]["release"]["permissions"] == {"contents": "read", "id-token": "write"}
    assert "secrets." not in WORKFLOW.read_text(encoding="utf-8")
    for job in workflow["jobs"]:
        for step in steps(workflow, job):
            if "uses" in step:
                assert re.fullmatch(r"(actions|aws-actions|google-github-actions)/[\w-]+@v\d+", step["uses"])
            if step.get("uses", "").startswith("actions/checkout"):
                assert step["with"]["persist-credentials"] is False


def test_what_users_write_reaches_no_shell_by_the_template(workflow: dict[Any, Any]) -> None:
    assert not [step for job in workflow["jobs"] for step in steps(workflow, job) if "${{" in step.get("run", "")]
