"""`warmup`: what is sent to a service that may be asleep, how long it is waited for, and what is said of it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests import server
from tests.conftest import Dockyard, Inv, Project
from tests.service import Service, free_port

COMMON = "TARGET=docker\nSERVICE=api\nIMAGE=127.0.0.1:5000/api\n"


@dataclass
class Sleeper:
    """A service that takes its time over the first request. `answers` are statuses by path."""

    wakes_in: float = 0.0
    answers: dict[str, int] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    url: str = ""


@contextmanager
def sleeping(sleeper: Sleeper) -> Iterator[Sleeper]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not sleeper.asked:
                time.sleep(sleeper.wakes_in)
            sleeper.asked.append(f"{self.command} {self.path} {self.headers.get('X-Key', '')}".strip())
            self.send_response(sleeper.answers.get(self.path, 200))
            self.end_headers()

        do_HEAD = do_POST = do_GET  # noqa: N815

    with server.serving(Handler) as address:
        sleeper.url = f"http://{address}"
        yield sleeper


@pytest.fixture
def written(project: Project) -> Iterator[tuple[Sleeper, Path]]:
    with sleeping(Sleeper()) as sleeper:
        yield sleeper, project(local=f"{COMMON}URL={sleeper.url}\nHEALTH_PATH=/health\n")


def more(root: Path, text: str) -> None:
    with (root / "env" / "local.env").open("a") as settings:
        settings.write(text)


def test_health_comes_first_then_what_only_reads(
    written: tuple[Sleeper, Path], dockyard: Dockyard, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleeper, root = written
    more(root, 'CHECK_A=GET /a 200\nCHECK_B=POST /b 200\nCHECK_C=HEAD /c 200\nCHECK_A_HEADERS={"X-Key": "env:A_KEY"}\n')
    monkeypatch.setenv("A_KEY", "s3cret")
    sleeper.wakes_in = 0.3
    warmed = dockyard("warmup --env=local --json", root)
    assert warmed.code == 0, warmed.err
    assert sleeper.asked == ["GET /health", "GET /a s3cret", "HEAD /c"]
    checks = warmed.document["checks"]
    assert [(each["name"], each["ok"], each["detail"]) for each in checks] == [
        ("health", True, "GET /health answered 200"),
        ("a", True, "GET /a answered 200"),
        ("c", True, "HEAD /c answered 200"),
    ]
    assert checks[0]["seconds"] >= 0.3
    assert warmed.document["url"] == sleeper.url
    assert warmed.err.splitlines()[0].startswith("  OK         health: GET /health answered 200 in 0.")
    assert "s3cret" not in warmed.err + warmed.out


def test_one_right_answer_is_enough_and_none_is_a_failure(written: tuple[Sleeper, Path], dockyard: Dockyard) -> None:
    sleeper, root = written
    more(root, "CHECK_A=GET /a 200\n")
    sleeper.answers = {"/health": 503}
    half = dockyard("warmup --env=local", root)
    assert half.code == 0
    assert "FAILED     health: GET /health answered 503" in half.err
    sleeper.answers = {"/health": 503, "/a": 500}
    cold = dockyard("warmup --env=local --json", root)
    assert cold.code == 1
    assert cold.document["error"] == (
        f"api gave no right answer at {sleeper.url}; inv status --env=local shows what runs."
    )
    assert [each["ok"] for each in cold.document["checks"]] == [False, False]


def test_it_waits_for_request_timeout(written: tuple[Sleeper, Path], dockyard: Dockyard) -> None:
    sleeper, root = written
    more(root, "REQUEST_TIMEOUT=200ms\n")
    sleeper.wakes_in = 1.0
    late = dockyard("warmup --env=local --json", root)
    assert late.code == 1
    assert late.document["checks"][0]["detail"] == "GET /health: timed out"


def test_nobody_there(project: Project, dockyard: Dockyard) -> None:
    root = project(local=f"{COMMON}URL=http://127.0.0.1:{free_port()}\nHEALTH_PATH=/health\n")
    away = dockyard("warmup --env=local", root)
    assert away.code == 1
    assert "Connection refused" in away.err
    assert "Traceback" not in away.err


def test_a_dry_run_sends_nothing(written: tuple[Sleeper, Path], dockyard: Dockyard) -> None:
    sleeper, root = written
    dry = dockyard("--dry warmup --env=local --json", root)
    assert (dry.code, dry.err) == (0, f"Would send GET /health to {sleeper.url}.\n")
    assert json.loads(dry.out)["checks"] == []
    assert sleeper.asked == []


def test_nothing_to_send_is_said(project: Project, dockyard: Dockyard) -> None:
    refused = dockyard("warmup --env=local", project(local=f"{COMMON}CHECK_B=POST /b 200\n"))
    assert refused.code == 1
    assert refused.err == "There is nothing to send: set HEALTH_PATH, or a CHECK_<NAME> by GET, for local.\n"


def test_without_url_the_platform_tells_where(api: Service, inv: Inv) -> None:
    released = inv("release --env=local --json").document
    port = api.port
    api.settings.pop("URL")
    api.set(PORT=str(port))
    inv("deploy --env=local")
    warmed = inv("warmup --env=local --json")
    assert warmed.code == 0, warmed.err
    assert warmed.document["url"] == released["url"]
    assert [each["ok"] for each in warmed.document["checks"]] == [True, True]
