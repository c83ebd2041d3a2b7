"""What is looked at in examples/rec2pdf after a release, on the Google fake."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Dockyard
from tests.examples import cloudrun
from tests.examples.conftest import Example
from tests.examples.pinned import Pinned, said


@pytest.fixture
def rec2pdf(tmp_path: Path, dockyard: Dockyard, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pinned]:
    """The example with an empty project."""
    example = Example(tmp_path / "rec2pdf")
    example.write("rec2pdf")
    with cloudrun.project("rec2pdf", "europe-west3", monkeypatch, "rest", containers=False) as cloud:
        yield Pinned(example, cloud, dockyard, "rec2pdf-backend")


def test_the_last_hundred_lines_are_shown_as_text_and_one_line_fails_verify(rec2pdf: Pinned) -> None:
    rec2pdf.deployed("v6.0.1")
    for number in range(120):
        rec2pdf.write(f"page {number}")
    lines = [f"page {number}" for number in range(20, 120)]
    assert said(rec2pdf.inv("logs --limit=100")) == said(rec2pdf.inv("logs")) == lines
    rec2pdf.inv("verify")
    rec2pdf.write("exec /usr/local/bin/gunicorn: exec format error")
    assert "exec format error" in rec2pdf.inv("verify", code=3).err


@pytest.mark.parametrize("public", [True, False])
def test_only_a_public_service_takes_anybody_s_requests(rec2pdf: Pinned, public: bool) -> None:
    rec2pdf.example.override("prod", PUBLIC=str(public).lower(), MAX_INSTANCES="9", SERVICE_ACCOUNT="pdf@x.iam")
    rec2pdf.deployed("v6.0.1")
    assert rec2pdf.live.get("invokerIamDisabled", False) is public
    template = rec2pdf.live["template"]
    assert (template["serviceAccount"], template["scaling"]["maxInstanceCount"]) == ("pdf@x.iam", 9)
