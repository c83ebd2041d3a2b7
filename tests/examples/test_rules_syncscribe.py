"""What is looked at in examples/syncscribe while it runs, on the Google fake."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tasks.image import context
from tests.conftest import Dockyard
from tests.examples import cloudrun
from tests.examples.conftest import Example
from tests.examples.pinned import Pinned, said

REQUESTS, SYSTEM = "run.googleapis.com%2Frequests", "run.googleapis.com%2Fvarlog%2Fsystem"


@pytest.fixture
def syncscribe(tmp_path: Path, dockyard: Dockyard, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pinned]:
    """The example, answered for as its checks want it."""
    example = Example(tmp_path / "syncscribe")
    example.write("syncscribe")
    with cloudrun.project("sync-scribe-studio", "us-central1", monkeypatch, "rest", containers=False) as cloud:
        cloud.secrets.add("sync-scribe-api-key", "a-key")
        for path, status, body in (
            ("/", 200, '{"service": "sync-scribe-studio-api"}'),
            ("/health", 200, '{"version": "200"}'),
            ("/health/detailed", 200, '{"ffmpeg": true}'),
            ("/v1/media/transcribe", 401, ""),
        ):
            cloud.run.respond("", status=status, path=path, body=body)
        yield Pinned(example, cloud, dockyard, "sync-scribe-studio-api")


def test_the_log_has_requests_with_their_latency_errors_starts_and_stops(syncscribe: Pinned) -> None:
    syncscribe.deployed("2.0.0")
    syncscribe.write("Starting new instance. Reason: AUTOSCALING", log=SYSTEM)
    httpx.get(f"{syncscribe.live['uri']}/health", trust_env=False)
    syncscribe.write(http={"requestMethod": "POST", "requestUrl": "https://s/v1", "status": 503}, log=REQUESTS)
    syncscribe.write("Traceback (most recent call last)", severity="ERROR")
    syncscribe.write("Shutting down user disabled instance", log=SYSTEM)
    lines = said(syncscribe.inv("logs"))
    assert lines[-2:] == ["Traceback (most recent call last)", "Shutting down user disabled instance"]
    assert "Starting new instance. Reason: AUTOSCALING" in lines
    assert any(re.fullmatch(r"GET 200 http://\S+/health \d+\.\d+s", line) for line in lines)
    assert said(syncscribe.inv("logs --filter=503")) == ["POST 503 https://s/v1 0.000s"]
    assert said(syncscribe.inv("logs --filter=ERROR --since=1h")) == ["Traceback (most recent call last)"]


def test_requests_and_errors_are_counted_where_their_share_is_judged(syncscribe: Pinned) -> None:
    syncscribe.example.override("prod", MAX_ERROR_RATE="1%")
    revision = syncscribe.deployed("2.0.0")
    for status in (200, 503):
        syncscribe.write(http={"requestMethod": "GET", "requestUrl": "https://s/", "status": status}, log=REQUESTS)
    shown = syncscribe.inv("status").out
    assert re.search(rf"traffic  100 % {revision}, \d+ requests, 1 failed", shown), shown
    assert "errors failed" in syncscribe.inv("verify", code=3).err


def test_a_release_without_the_detailed_answer_gets_no_traffic(syncscribe: Pinned) -> None:
    blue = syncscribe.deployed("2.0.0")
    syncscribe.inv("verify")
    syncscribe.cloud.run.respond(syncscribe.pin("2.0.1"), path="/health/detailed", body='{"ffmpeg": false}')
    assert "detailed" in syncscribe.inv("deploy", code=4).err
    assert [each["revision"] for each in syncscribe.live["trafficStatuses"] if each.get("percent")] == [blue]


def test_an_answer_that_comes_late_is_told_with_its_seconds(syncscribe: Pinned) -> None:
    syncscribe.deployed("2.0.0")
    syncscribe.cloud.run.respond("", path="/health/detailed", delay=0.2, body='{"ffmpeg": true}')
    shown = syncscribe.inv("warmup").err
    assert re.search(r"OK +detailed: GET /health/detailed answered 200 in 0\.[2-9]\d s", shown), shown


def test_a_variable_that_must_be_set_is_named_where_it_is_not(syncscribe: Pinned) -> None:
    common = syncscribe.example.root / "env" / "common.env"
    common.write_text(common.read_text().replace("ENV_WHISPER_CACHE_DIR=", "ENV_CACHE_DIR="))
    linted = syncscribe.dockyard("env.lint", syncscribe.example.root)
    assert linted.code == 1
    assert "WHISPER_CACHE_DIR" in linted.out + linted.err


def test_neither_secrets_nor_leftovers_are_in_the_context(syncscribe: Pinned) -> None:
    root = syncscribe.example.root
    for stray in (".env", "app/__pycache__/server.pyc", ".venv/bin/python", "env/prod.lock"):
        (root / stray).parent.mkdir(parents=True, exist_ok=True)
        (root / stray).write_text("stray")
    sent = {path for path, _ in context.entries(root / "Dockerfile", root)}
    assert {"app/server.py", "requirements.txt"} <= sent
    strays = (".env", "app/__pycache__", ".venv", ".git/", "env/", "Dockerfile")
    assert [path for path in sent if path.startswith(strays)] == []
