"""BuildKit's plain output, read."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from rich.console import Console

from tasks.image.progress import Progress, View, failure

RECORDED = """\
#1 [internal] load build definition from Dockerfile
#1 sha256:51f817b259b0492d5944ef9f4dc7b67b2b869d1636b97ff42644a39617f30942
#1 transferring dockerfile: 265B done
#1 DONE 0.0s

#5 [base 2/2] RUN pip install x
#5 sha256:bd13dcc52e6a95d332da86b9dc5f6f1a54f1ba5336c700116c42c4cbf38ad3fd
#5 0.209 Collecting x

#6 [internal] load build context
#6 CACHED

#5 [base 2/2] RUN pip install x
#5 1.211 ERROR: no matching distribution
#5 1.3 \x1b[31mgoodbye\x1b[0m
#5 ERROR: executor failed running [/bin/sh -c pip install x]: exit code: 1

#7 [two 1/1] COPY x /x
#7 ERROR: context canceled
------
 > [base 2/2] RUN pip install x:
------
executor failed running [/bin/sh -c pip install x]: exit code: 1
"""


def read(text: str) -> Progress:
    progress = Progress()
    for line in text.splitlines():
        progress.feed(line)
    return progress


def test_steps_are_read() -> None:
    progress = read(RECORDED)
    assert [step.name for step in progress.steps.values()] == [
        "[internal] load build definition from Dockerfile",
        "[base 2/2] RUN pip install x",
        "[internal] load build context",
        "[two 1/1] COPY x /x",
    ]
    assert [step.cached for step in progress.steps.values()] == [False, False, True, False]
    assert progress.failed is progress.steps["5"]


def test_a_failure_names_step_lines_and_reason() -> None:
    error = failure(read(RECORDED), Path("/app/Dockerfile"), "exit code 1")
    assert error.exit_code == 1
    assert error.message == (
        "[base 2/2] RUN pip install x\n"
        "  Collecting x\n"
        "  ERROR: no matching distribution\n"
        "  goodbye\n"
        "The build of /app/Dockerfile failed in this step: executor failed running [/bin/sh -c pip install x]: "
        "exit code: 1; mend it and type the command again."
    )
    assert error.document == {
        "step": "[base 2/2] RUN pip install x",
        "lines": ["Collecting x", "ERROR: no matching distribution", "goodbye"],
    }


def test_only_the_last_lines_are_kept() -> None:
    progress = read(
        "#1 [1/1] RUN x\n" + "\n".join(f"#1 0.1 line {number}" for number in range(50)) + "\n#1 ERROR: why\n"
    )
    assert progress.failed is not None
    assert list(progress.failed.lines) == [f"line {number}" for number in range(30, 50)]


def test_a_failure_without_a_step_says_the_last_words() -> None:
    progress = read(
        "#1 [internal] load build definition\n#1 DONE 0.0s\nfailed to solve: dockerfile parse error line 1\n"
    )
    error = failure(progress, Path("Dockerfile"), "exit code 1")
    assert str(error.message).startswith(
        "Dockerfile\n  failed to solve: dockerfile parse error line 1\nThe build of Dockerfile"
    )
    assert "failed in this step: failed to solve: dockerfile parse error line 1;" in str(error.message)
    assert "exit code 1" in str(failure(Progress(), Path("Dockerfile"), "exit code 1").message)


def test_lines_go_to_standard_error_where_it_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with View(Progress()) as view:
        view.line("#1 [1/1] RUN x")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "#1 [1/1] RUN x\n")


def test_a_terminal_shows_the_current_step(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    progress = Progress()
    with View(progress) as view:
        for line in RECORDED.splitlines()[:8]:
            view.line(line)
        console = Console(width=60)
        with console.capture() as captured:
            console.print(view.picture())
    said = capsys.readouterr()
    assert "#5 0.209" not in said.err
    assert said.out == ""
    assert captured.get().splitlines()[0].rstrip().endswith("s [base 2/2] RUN pip install x")
    assert captured.get().splitlines()[1].strip() == "Collecting x"
