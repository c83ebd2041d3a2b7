"""The procedure of examples/syncscribe as verbs: blue-green on Cloud Run, by the fake."""

from __future__ import annotations

import ast
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest
from docker.models.containers import Container

from tests.conftest import Dockyard
from tests.examples.cloudrun import CloudRun
from tests.examples.conftest import EXAMPLES, Example, Local

PROJECT, REGION, SERVICE = "sync-scribe-studio", "us-central1", "sync-scribe-studio-api"
UV = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
PYTHON = "3.11"  # of the base image on the tests' engines; the example's own, 3.9, is out of support
PATTERN = "-f lavfi -i testsrc=duration=1:size=160x120:rate=25 -f lavfi -i sine=duration=1"


@pytest.fixture
def syncscribe(cloudrun: Callable[..., CloudRun]) -> CloudRun:
    """The example with a project that has its API key."""
    place, source = f"{PROJECT}/{REGION}", "app/server.py"
    made = cloudrun("syncscribe", SERVICE, place, "sync-scribe-studio", "prod", "staging", source=source)
    made.cloud.secrets.add("sync-scribe-api-key", "a-key")
    made.example.override("prod", BUILD_ARG_PYTHON=PYTHON)
    made.example.override("staging", BUILD_ARG_PYTHON=PYTHON, PROJECT=PROJECT, SERVICE=f"{SERVICE}-staging")
    return made


@pytest.mark.parametrize("transport", ["rest", "grpc"])
def test_blue_green_from_a_tag_without_traffic_over_a_split_to_all_of_it(
    syncscribe: CloudRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    blue = syncscribe.ask("release --note=blue")
    assert blue["tag"] == "2.0.0"
    monkeypatch.setenv("BUILD_NUMBER", "201")
    syncscribe.change()
    for verb in ("build", "push", "pin"):
        syncscribe.ask(verb)
    green = syncscribe.ask("deploy --no-traffic --traffic-tag=staging --note=green")
    assert green["tag"] == "2.0.1"
    assert syncscribe.traffic() == {blue["revision"]: 100}
    assert syncscribe.get("/health").json()["version"] == "200"
    assert syncscribe.get("/health", syncscribe.tagged("staging")).json()["version"] == "201"

    split = syncscribe.ask("traffic.split --to=staging --percent=20")
    assert {each["revision"]: each["percent"] for each in split["traffic"]} == {
        blue["revision"]: 80,
        green["revision"]: 20,
    }
    assert syncscribe.traffic() == {blue["revision"]: 80, green["revision"]: 20}
    versions = {syncscribe.get("/health").json()["version"] for _ in range(60)}
    assert versions == {"200", "201"}

    syncscribe.ask("traffic.migrate --to=staging")
    assert syncscribe.traffic() == {green["revision"]: 100}
    kept = {each["revision"]: each["verified"] for each in syncscribe.ask("history")["releases"]}
    assert kept == {blue["revision"]: True, green["revision"]: True}
    assert syncscribe.ask("rollback")["revision"] == blue["revision"]
    assert syncscribe.get("/health").json()["version"] == "200"


def test_production_runs_with_all_that_the_settings_say(syncscribe: CloudRun) -> None:
    released = syncscribe.ask("release")
    live = syncscribe.live()
    (container,) = live.template.containers
    assert container.resources.limits["memory"] in ("2Gi", "2048Mi")
    assert container.resources.limits["cpu"] in ("1", "1000m")
    assert live.template.max_instance_request_concurrency == 4
    assert (live.template.scaling.min_instance_count, live.template.scaling.max_instance_count) == (0, 10)
    assert live.template.timeout.total_seconds() == 900
    variables = {each.name: each.value for each in container.env if each.value}
    assert variables == {
        "BUILD_NUMBER": "200",
        "WHISPER_CACHE_DIR": "/tmp/whisper_cache",
        "GUNICORN_WORKERS": "2",
        "GUNICORN_TIMEOUT": "300",
        "MAX_QUEUE_LENGTH": "50",
    }
    (secret,) = [each.value_source.secret_key_ref for each in container.env if each.value_source.secret_key_ref]
    assert (secret.secret, secret.version) == ("sync-scribe-api-key", "latest")
    names = {check["name"] for check in released["checks"] if check["ok"]}
    assert names >= {"digest", "health", "key", "detailed", "root"}
    assert syncscribe.post("/v1/media/transcribe", content=b"speech").status_code == 401
    heard = syncscribe.post("/v1/media/transcribe", content=b"speech", headers={"X-API-Key": "a-key"})
    assert heard.json() == {"text": "6 bytes of speech"}
    converted = syncscribe.post("/v1/media/convert?to=mp3", content=b"no video", headers={"X-API-Key": "a-key"})
    assert converted.status_code == 422
    assert "ffmpeg could not read the recording" in converted.json()["detail"]


def test_a_version_without_its_build_number_gets_no_traffic(syncscribe: CloudRun) -> None:
    blue = syncscribe.ask("release")
    syncscribe.example.override("prod", ENV_BUILD_NUMBER="199")
    failed = syncscribe.inv("release.prod", code=4)
    assert "199" in failed.err
    assert syncscribe.traffic() == {blue["revision"]: 100}
    assert syncscribe.get("/health").json()["version"] == "200"


def test_staging_is_a_service_of_its_own_with_its_own_version(syncscribe: CloudRun) -> None:
    released = syncscribe.ask("release", env="staging")
    assert released["tag"] == "2.0.0-staging"
    assert syncscribe.inv("images --env=staging --layers --json").document


@pytest.fixture
def development(local: Callable[[str, str], Local]) -> Local:
    """The example's development environment on the engine."""
    made = local("syncscribe", "dev")
    made.example.override("dev", BUILD_ARG_PYTHON=PYTHON)
    return made


@dataclass
class Inside:
    """The container that serves."""

    container: Container

    def run(self, line: str, **environment: str) -> str:
        """What a command in it writes; it must succeed."""
        return self.raw(line, **environment).decode().strip()

    def raw(self, line: str, **environment: str) -> bytes:
        """The same as bytes."""
        code, output = self.container.exec_run(shlex.split(line), environment=environment)
        assert isinstance(output, bytes)
        assert code == 0, output
        return output


def test_development_is_released_to_the_docker_engine_hardened(
    development: Local, engine: docker.DockerClient, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    syncscribe = development
    monkeypatch.setenv("BUILD_NUMBER", "201")
    assert syncscribe.inv("release").document["tag"] == "2.0.1-dev"
    health = syncscribe.ask("GET", "/health").json()
    assert health.keys() == {"status", "timestamp", "version", "service", "port"}
    assert (health["version"], health["port"]) == ("201-dev", 8080)
    detailed = syncscribe.ask("GET", "/health/detailed").json()
    assert detailed["checks"]["cache_writable"]
    assert detailed["environment"]["WHISPER_CACHE_DIR"] == "/tmp/whisper_cache"
    assert detailed["warnings"] == ["API_KEY is not set: anybody may use the service"]
    assert syncscribe.ask("POST", "/v1/media/transcribe").status_code == 422
    assert (detailed["checks"]["ffmpeg"], detailed["checks"]["models"]) == (True, ["tiny.pt"])

    assert "/v1/media/convert" in syncscribe.ask("GET", "/").json()["endpoints"]

    labels = [f"dockyard.service={service}", "dockyard.role=instance"]
    (container,) = engine.containers.list(filters={"label": labels})
    inside = Inside(container)
    assert inside.run("id --user --name") == "appuser"
    assert inside.run("find /app /opt /usr/local -writable -not -type l") == ""
    assert inside.run("ls -l /tmp/whisper_cache").endswith("tiny.pt -> /opt/models/tiny.pt")
    assert inside.run("pgrep --count --full ^/opt/venv/bin/python") == "3", (
        "two workers and the one that they answer to"
    )
    configured = inside.run("gunicorn --config=/etc/gunicorn.conf.py --print-config", GUNICORN_TIMEOUT="77")
    assert "timeout = 77 " in " ".join(configured.split())
    transcoded(syncscribe, inside.raw(f"ffmpeg -loglevel error {PATTERN} -c:v libx264 -c:a libopus -f matroska -"))
    asked = "from server import app; print(app.test_client().post('/v1/media/metadata', data=b'x').status_code)"
    assert inside.run(f'python -c "{asked}"', MAX_QUEUE_LENGTH="0") == "503"
    assert inside.run(f'python -c "{asked}"', GUNICORN_TIMEOUT="0") == "504"
    syncscribe.goes_on("app/server.py")


def transcoded(syncscribe: Local, video: bytes) -> None:
    """Have a second of video made into sound and into another video, and look at both."""
    for to, kind, codecs in (
        ("mp3", "audio/mpeg", {"audio": "mp3"}),
        ("mp4", "video/mp4", {"video": "h264", "audio": "aac"}),
        ("webm", "video/webm", {"video": "vp8", "audio": "opus"}),
    ):
        made = syncscribe.ask("POST", f"/v1/media/convert?to={to}", content=video)
        assert (made.status_code, made.headers["Content-Type"]) == (200, kind), made.text
        found = syncscribe.ask("POST", "/v1/media/metadata", content=made.content).json()
        assert found["codecs"] == codecs
        assert found["duration"] == pytest.approx(1, abs=0.1)
    playlist = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///proc/self/environ\n#EXT-X-ENDLIST\n"
    refused = syncscribe.ask("POST", "/v1/media/convert?to=mp3", content=playlist)
    assert (refused.status_code, "not on whitelist" in refused.text) == (422, True), refused.text
    assert syncscribe.ask("POST", "/v1/media/convert?to=exe", content=video).status_code == 422


@pytest.mark.parametrize(
    ("number", "env", "tag"),
    [("200", "prod", "2.0.0"), ("210", "staging", "2.1.0-staging"), ("300", "dev", "3.0.0-dev")],
)
def test_the_build_number_makes_the_version(
    tmp_path: Path, dockyard: Dockyard, monkeypatch: pytest.MonkeyPatch, number: str, env: str, tag: str
) -> None:
    monkeypatch.setenv("BUILD_NUMBER", number)
    example = Example(tmp_path / "syncscribe")
    example.write("syncscribe")
    assert f":{tag}" in dockyard(f"--dry build --env={env}", example.root).err


def test_its_settings_are_right_as_they_are(tmp_path: Path, dockyard: Dockyard) -> None:
    example = Example(tmp_path / "syncscribe")
    example.write("syncscribe")
    linted = dockyard("env.lint", example.root)
    assert (linted.code, linted.out) == (0, "dev: ok\nprod: ok\nstaging: ok\n")


@pytest.mark.parametrize("version", ["3.9", PYTHON])
def test_its_packages_are_locked_for_its_python_and_for_a_later_one(tmp_path: Path, version: str) -> None:
    assert UV, "uv belongs to the test extra"
    target = ["--target", str(tmp_path), "--python-version", version, "--python-platform", "x86_64-manylinux_2_36"]
    lock = str(EXAMPLES / "syncscribe/requirements.txt")
    words = [
        "pip",
        "install",
        "--dry-run",
        "--no-config",
        "--require-hashes",
        "--only-binary=:all:",
        *target,
        "-r",
        lock,
    ]
    ran = subprocess.run([UV, *words], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ("+ importlib-metadata==" in ran.stderr) == (version == "3.9")


@pytest.mark.parametrize("source", sorted((EXAMPLES / "syncscribe/app").glob("*.py")), ids=lambda path: path.stem)
def test_its_source_is_python_3_9(source: Path) -> None:
    ast.parse(source.read_text(encoding="utf-8"), feature_version=(3, 9))
