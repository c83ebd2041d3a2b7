"""What doctor finds: this repository's own environments, and what a broken one lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Dockyard, Project

REPOSITORY = Path(__file__).parent.parent


def found(document: dict[str, object]) -> dict[str, bool | None]:
    checks = document["checks"]
    assert isinstance(checks, list)
    return {check["name"]: check["ok"] for check in checks}


def test_the_default_environment_lacks_nothing(dockyard: Dockyard, registry: str) -> None:
    result = dockyard("doctor --env=local --json", REPOSITORY)
    checks = found(result.document)
    assert {checks[name] for name in ("settings", "builder", "registry")} == {True}, result.out


@pytest.mark.parametrize(("env", "platform"), [("staging", "Google Cloud Run"), ("prod", "AWS ECS")])
def test_the_clouds_are_read_checked_and_explained(dockyard: Dockyard, env: str, platform: str) -> None:
    result = dockyard(f"doctor --env={env}", REPOSITORY)
    assert f"env/{env}.env is valid" in result.out
    assert platform in result.out
    refused = dockyard(f"deploy.plan --env={env}", REPOSITORY)
    assert refused.code == 1
    assert len(refused.err.strip().splitlines()) == 1


def test_what_is_missing_is_named(dockyard: Dockyard, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ABSENT", raising=False)
    root = project(
        local="TARGET=docker\nSERVICE=api\nIMAGE=127.0.0.1:1/api\nSECRET_TOKEN=env:ABSENT\nURL=http://127.0.0.1:19999\n"
    )
    result = dockyard("doctor --env=local --json", root)
    assert result.code == 1
    checks = found(result.document)
    assert (checks["settings"], checks["builder"], checks["registry"], checks["target"]) == (True, False, False, False)
    assert "ABSENT" in result.out
    assert "Dockerfile" in result.out
