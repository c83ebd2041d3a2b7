"""The procedure of examples/rec2pdf as verbs: real engine and registry, Cloud Run and Cloud Build by the fake."""

from __future__ import annotations

import io
import json
import math
import platform
import struct
import wave
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.image import context
from tests.conftest import Dockyard
from tests.examples.cloudrun import CloudRun
from tests.examples.conftest import Example, Local
from tests.torch_index import VERSION

SOURCE = "rec2pdf-backend/server.py"


@pytest.fixture
def rec2pdf(cloudrun: Callable[..., CloudRun], torch_cpu: str) -> CloudRun:
    """The example with an empty project, and torch from an index on loopback."""
    made = cloudrun("rec2pdf", "rec2pdf-backend", "rec2pdf/europe-west3", "rec2pdf-repo", "prod", source=SOURCE)
    made.example.override("prod", BUILD_ARG_PIP_EXTRA_INDEX_URL=torch_cpu)
    return made


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
    assert rec2pdf.get("/api/engine").json() == {"torch": VERSION, "cuda": None}

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
    assert "Listening at: http://0.0.0.0:8080" in rec2pdf.inv("logs --env=prod --limit=100").out


def test_exec_format_error_in_the_log_undoes_a_release(rec2pdf: CloudRun) -> None:
    first = rec2pdf.ask("release")
    source = rec2pdf.example.root / SOURCE
    with source.open("a") as file:
        file.write('app.logger.error("ffmpeg: exec format error")\n')
    rec2pdf.example.commit()
    failed = rec2pdf.inv("release.prod", code=4)
    assert "exec format error" in failed.err
    assert rec2pdf.traffic() == {first["revision"]: 100}
    verified = {each["revision"]: each["verified"] for each in rec2pdf.ask("history")["releases"]}
    assert verified.pop(first["revision"]) is True
    assert not any(verified.values())


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


def test_it_is_released_to_the_docker_engine(local: Callable[[str, str], Local], torch_cpu: str) -> None:
    rec2pdf = local("rec2pdf", "local")
    rec2pdf.example.override("local", BUILD_ARG_PIP_EXTRA_INDEX_URL=torch_cpu)
    assert rec2pdf.inv("release").document["tag"] == "v6.0.1"
    assert rec2pdf.ask("GET", "/api/health").json() == {"status": "ok", "machine": platform.machine()}
    heard = rec2pdf.ask("POST", "/api/spectrum", content=tone(440), timeout=60)
    assert heard.json() == {"seconds": 1.0, "loudest": pytest.approx(440, abs=8)}
    for content in (b"no recording", tone(440)[:100], tone(440, rate=0)):
        assert rec2pdf.ask("POST", "/api/spectrum", content=content).status_code == 422
    assert rec2pdf.refusal("/api/spectrum", (32 << 20) + 1) == 413
    assert rec2pdf.goes_on("rec2pdf-backend/server.py")["tag"] == "v6.0.1-v2"


def tone(hertz: float, rate: int = 16_000) -> bytes:
    """A second of a tone, as a WAV file that says how many samples a second it has."""
    written = io.BytesIO()
    with wave.open(written, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16_000)
        angles = (2 * math.pi * hertz * each / 16_000 for each in range(16_000))
        sound.writeframes(b"".join(struct.pack("<h", round(20_000 * math.sin(angle))) for angle in angles))
    whole = bytearray(written.getvalue())
    struct.pack_into("<I", whole, 24, rate)
    return bytes(whole)


def test_no_secret_that_lies_beside_the_source_is_in_the_context(tmp_path: Path) -> None:
    example = Example(tmp_path / "rec2pdf")
    example.write("rec2pdf")
    dockerfile = example.root / "rec2pdf-backend" / "Dockerfile"
    before = [path for path, _ in context.entries(dockerfile, example.root)]
    assert "rec2pdf-backend/server.py" in before
    for secret in (".env", ".env.local", "prod.env", "tls.pem", "tls.key", "id_rsa", ".netrc", "credentials.json"):
        (dockerfile.parent / secret).write_text("swordfish")
    assert [path for path, _ in context.entries(dockerfile, example.root)] == before


def test_its_settings_are_right_as_they_are(tmp_path: Path, dockyard: Dockyard) -> None:
    example = Example(tmp_path / "rec2pdf")
    example.write("rec2pdf")
    linted = dockyard("env.lint", example.root)
    assert (linted.code, linted.out) == (0, "local: ok\nprod: ok\n")
