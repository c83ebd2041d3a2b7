"""The procedure of examples/syncscribe as verbs: blue-green on Cloud Run, by the fake."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Dockyard
from tests.examples.cloudrun import CloudRun
from tests.examples.conftest import Example, Local

PROJECT, REGION, SERVICE = "sync-scribe-studio", "us-central1", "sync-scribe-studio-api"


@pytest.fixture
def syncscribe(cloudrun: Callable[..., CloudRun]) -> CloudRun:
    """The example with a project that has its API key."""
    made = cloudrun("syncscribe", SERVICE, f"{PROJECT}/{REGION}", "sync-scribe-studio", "prod", "staging")
    made.cloud.secrets.add("sync-scribe-api-key", "a-key")
    made.example.override("staging", PROJECT=PROJECT, SERVICE=f"{SERVICE}-staging")
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


def test_development_is_released_to_the_docker_engine_hardened(
    local: Callable[[str, str], Local], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUILD_NUMBER", "201")
    syncscribe = local("syncscribe", "dev")
    assert syncscribe.inv("release").document["tag"] == "2.0.1-dev"
    health = syncscribe.ask("GET", "/health").json()
    assert health.keys() == {"status", "timestamp", "version", "service", "port"}
    assert (health["version"], health["port"]) == ("201-dev", 8080)
    detailed = syncscribe.ask("GET", "/health/detailed").json()
    assert detailed["checks"]["cache_writable"]
    assert detailed["environment"]["WHISPER_CACHE_DIR"] == "/tmp/whisper_cache"
    assert detailed["warnings"] == ["API_KEY is not set: anybody may use the service"]
    assert syncscribe.ask("POST", "/v1/media/transcribe").status_code == 422


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
