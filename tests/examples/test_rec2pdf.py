"""The procedure of examples/rec2pdf as verbs: real engine and registry, Cloud Run and Cloud Build by the fake."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Dockyard
from tests.examples.cloudrun import CloudRun
from tests.examples.conftest import Example, Local

SOURCE = "rec2pdf-backend/server.py"


@pytest.fixture
def rec2pdf(cloudrun: Callable[..., CloudRun]) -> CloudRun:
    """The example with an empty project."""
    return cloudrun("rec2pdf", "rec2pdf-backend", "rec2pdf/europe-west3", "rec2pdf-repo", "prod", source=SOURCE)


def test_the_whole_procedure_as_verbs_from_build_to_verify(rec2pdf: CloudRun) -> None:
    built = rec2pdf.inv("build.prod --json").document
    assert built["tag"] == "v6.0.1"
    assert [each["platform"] for each in built["images"]] == ["linux/amd64"]
    pushed = rec2pdf.inv("push.prod --json").document
    assert rec2pdf.ask("pin")["digest"] == pushed["digest"]
    assert rec2pdf.digest("latest") == ""

    rec2pdf.ask("deploy.plan", code=2)
    deployed = rec2pdf.inv("deploy.prod --note=first --json").document
    assert (deployed["previous"], deployed["digest"], deployed["tag"]) == (None, pushed["digest"], "v6.0.1")
    assert not [check for check in deployed["checks"] if check["ok"] is False]
    live = rec2pdf.live()
    assert live.invoker_iam_disabled
    assert live.template.service_account == "rec2pdf-backend@rec2pdf.iam.gserviceaccount.com"
    assert live.template.scaling.max_instance_count == 4
    assert live.template.containers[0].image == f"{rec2pdf.image}@{pushed['digest']}"
    assert rec2pdf.traffic() == {deployed["revision"]: 100}
    assert rec2pdf.get("/api/health").json()["status"] == "ok"

    assert rec2pdf.ask("deploy.plan")["changes"] == []
    verified = {check["name"]: check["ok"] for check in rec2pdf.ask("verify")["checks"]}
    assert (verified["digest"], verified["health"], verified["log"]) == (True, True, True)
    rec2pdf.ask("verify --tag=v6.0.1")


def test_a_second_release_moves_latest_only_when_asked_and_a_rollback_returns(rec2pdf: CloudRun) -> None:
    first = rec2pdf.ask("release --note=first")
    second = rec2pdf.next("release --note=second")
    assert (second["tag"], second["previous"]) == ("v6.0.1-v2", first["revision"])
    assert rec2pdf.traffic() == {second["revision"]: 100}
    assert rec2pdf.digest("latest") == ""
    rec2pdf.inv("push.prod --also=latest")
    assert rec2pdf.digest("latest") == second["digest"]

    told = [(each["revision"], each["note"], each["verified"]) for each in rec2pdf.ask("history")["releases"]]
    assert told == [(second["revision"], "second", True), (first["revision"], "first", True)]
    back = rec2pdf.ask("rollback")
    assert (back["revision"], back["digest"]) == (first["revision"], first["digest"])
    assert rec2pdf.traffic() == {first["revision"]: 100}
    assert rec2pdf.ask("verify")["digest"] == first["digest"]
    assert "listening on port 8080" in rec2pdf.inv("logs --env=prod --limit=100").out


def test_exec_format_error_in_the_log_undoes_a_release(rec2pdf: CloudRun) -> None:
    first = rec2pdf.ask("release")
    source = rec2pdf.example.root / SOURCE
    listening = '    log.info("listening'
    source.write_text(source.read_text().replace(listening, f'    log.error("ffmpeg: exec format error")\n{listening}'))
    rec2pdf.example.commit()
    failed = rec2pdf.inv("release.prod", code=4)
    assert "exec format error" in failed.err
    assert rec2pdf.traffic() == {first["revision"]: 100}
    assert "verified" in rec2pdf.inv("history --env=prod").out


def test_cloud_build_releases_it_from_a_machine_without_docker(rec2pdf: CloudRun) -> None:
    nowhere = {"BUILDER": "cloudbuild", "DOCKER_HOST": "unix:///nowhere/docker.sock"}
    released = json.loads(rec2pdf.process("release --env=prod --json", **nowhere))
    assert (released["tag"], released["changed"]) == ("v6.0.1", True)
    assert rec2pdf.digest("v6.0.1") == released["digest"]
    assert rec2pdf.digest("latest") == ""
    assert rec2pdf.get("/api/health").json() == {"status": "ok", "machine": "x86_64"}


def test_doctor_names_the_credentials_in_use_and_a_version_that_is_not_deployed(rec2pdf: CloudRun) -> None:
    rec2pdf.inv("release.prod")
    agreed = rec2pdf.inv("doctor --env=prod").out
    assert "CLOUDSDK_AUTH_ACCESS_TOKEN" in agreed
    assert "6.0.1 by VERSION_FROM=changelog, v6.0.1 pinned, v6.0.1 deployed" in agreed
    changelog = rec2pdf.example.root / "CHANGELOG.md"
    changelog.write_text(changelog.read_text().replace("## [6.0.1]", "## [6.1.0] - 2025-12-01\n\n## [6.0.1]"))
    differs = rec2pdf.inv("doctor --env=prod").out
    assert "6.1.0 by VERSION_FROM=changelog, v6.0.1 pinned, v6.0.1 deployed: they do not agree" in differs


def test_it_is_released_to_the_docker_engine(local: Callable[[str, str], Local]) -> None:
    rec2pdf = local("rec2pdf", "local")
    released = rec2pdf.inv("release").document
    assert released["tag"] == "v6.0.1"
    assert rec2pdf.ask("GET", "/api/health").json() == {"status": "ok", "machine": platform.machine()}
    rec2pdf.example.change("rec2pdf-backend/server.py", "# another content of the same version")
    assert rec2pdf.inv("release").document["tag"] == "v6.0.1-v2"
    assert rec2pdf.inv("rollback").document["digest"] == released["digest"]


def test_its_settings_are_right_as_they_are(tmp_path: Path, dockyard: Dockyard) -> None:
    example = Example(tmp_path / "rec2pdf")
    example.write("rec2pdf")
    linted = dockyard("env.lint", example.root)
    assert (linted.code, linted.out) == (0, "local: ok\nprod: ok\n")
