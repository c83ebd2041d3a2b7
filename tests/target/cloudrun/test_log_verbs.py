"""`inv logs` and `inv verify` on Cloud Run: severities, following until Ctrl-C, and texts that no line may hold."""

from __future__ import annotations

import json
import signal
import sys
import time

import pytest

from tasks.logs import coloured
from tasks.target import LogLine
from tests.fakes.gcp.cloud import Cloud
from tests.target.cloudrun.looking import revision_of
from tests.target.cloudrun.project import Project


def write(web: Project, text: str, severity: str = "DEFAULT") -> None:
    (serving,) = web.traffic
    web.cloud.logging.write(text, resource=revision_of(web.cloud, serving), severity=severity)


def test_each_line_has_its_severity(web: Project) -> None:
    (revision,) = web.deployed("v1")
    write(web, "bad", "ERROR")
    write(web, "said")
    found = [json.loads(line) for line in web.inv("logs --json").out.splitlines()]
    assert [(each["source"], each["text"], each["severity"]) for each in found] == [
        (revision, "bad", "ERROR"),
        (revision, "said", ""),
    ]
    assert [line.partition(" ")[2] for line in web.inv("logs").out.splitlines()] == [
        f"{revision} | bad",
        f"{revision} | said",
    ]


@pytest.mark.parametrize(
    ("severity", "colour"),
    [("DEBUG", "2"), ("WARNING", "33"), ("ERROR", "31"), ("CRITICAL", "1;31"), ("ALERT", "1;31")],
)
def test_what_is_bad_is_coloured_on_a_terminal(monkeypatch: pytest.MonkeyPatch, severity: str, colour: str) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    line = LogLine("2026-11-22T05:05:00Z", "web", "one\ntwo", severity)
    assert coloured(line) == f"\x1b[{colour}mone\x1b[0m\n\x1b[{colour}mtwo\x1b[0m"
    monkeypatch.setenv("NO_COLOR", "1")
    assert coloured(line) == "one\ntwo"
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert coloured(line) == "one\ntwo"


@pytest.mark.parametrize("severity", ["", "INFO", "NOTICE", "of tomorrow"])
def test_what_is_not_bad_stays_plain(monkeypatch: pytest.MonkeyPatch, severity: str) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert coloured(LogLine("2026-11-22T05:05:00Z", "web", "one", severity)) == "one"


def test_nothing_is_coloured_for_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False, raising=False)
    assert coloured(LogLine("2026-11-22T05:05:00Z", "web", "one", "ERROR")) == "one"


def test_following_ends_quietly_by_ctrl_c(web: Project) -> None:
    web.deployed("v1")
    process = web.start("logs", "--env=prod", "--follow")
    try:
        deadline = time.monotonic() + 30
        while web.cloud.logging.sessions == 0:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        write(web, "followed")
        time.sleep(3)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=15)
    finally:
        process.kill()
        process.communicate()
    assert (process.returncode, err) == (0, "")
    assert out.count("| followed") == 1


@pytest.mark.parametrize("text", ["load /app: exec format error", "MemoryError"])
def test_a_line_that_no_log_may_hold_fails_verify(web: Project, text: str) -> None:
    web.set(LOG_DENY="exec format error,MemoryError")
    web.deployed("v1")
    write(web, "all is well")
    checks = {each["name"]: each for each in web.inv("verify --json").document["checks"]}
    assert (checks["log"]["ok"], checks["log"]["detail"]) == (True, "no line with exec format error, MemoryError")
    write(web, text)
    failed = web.inv("verify --json")
    assert failed.code == 3
    (log,) = [each for each in failed.document["checks"] if each["name"] == "log"]
    assert log["ok"] is False
    assert text in log["detail"]


def test_a_log_without_a_line_or_that_may_not_be_read_is_unverified(web: Project, gcp: Cloud) -> None:
    web.set(LOG_DENY="exec format error")
    web.deployed("v1")
    done = web.inv("verify --json")
    assert {each["name"]: each["ok"] for each in done.document["checks"]}["log"] is None
    gcp.deny("logging.*")
    denied = web.inv("verify --json")
    assert denied.code == 0
    (log,) = [each for each in denied.document["checks"] if each["name"] == "log"]
    assert log["ok"] is None
    assert log["detail"].startswith("Google denies ")
