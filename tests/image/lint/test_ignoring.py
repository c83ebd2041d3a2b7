"""What a comment ignores, and hadolint's part."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.errors import DockyardError
from tasks.image.lint import hadolint, lint

from .look import found

TEXT = "{}FROM debian\nUSER 1000:1000\n"


@pytest.mark.parametrize(
    "comments",
    [
        "# hadolint ignore=moving-tag\n",
        "# hadolint ignore=moving-tag # because\n",
        "# hadolint ignore=DL3008, moving-tag\n",
        "# hadolint ignore=moving-tag\n# hadolint ignore=DL3006\n",
        "# hadolint ignore=DL3006\n",
        "# hadolint global ignore=moving-tag\n\n",
    ],
)
def test_a_comment_above_ignores(comments: str) -> None:
    assert found(TEXT.format(comments)) == []


@pytest.mark.parametrize(
    "comments", ["# hadolint ignore=no-user\n", "# hadolint ignore=moving-tag\n\n", "# moving-tag\n"]
)
def test_another_comment_does_not(comments: str) -> None:
    assert [rule for _, _, rule in found(TEXT.format(comments))] == ["moving-tag"]


def test_a_comment_ignores_in_all_lines_of_its_instruction_and_in_no_other() -> None:
    line = "RUN apt-get install -y \\\n    netcat\n"
    text = f"FROM debian:12@sha256:{'a' * 64}\n# hadolint ignore=gone-package\n{line}{line}USER 1000:1000\n"
    assert found(text) == [(6, "error", "gone-package")]


def test_hadolint_is_asked_once_and_what_both_say_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text("FROM debian\nRUN cd /tmp\nUSER root\nCMD a b\n")
    told = {(each.line, each.rule) for each in lint(path, {}, binary=hadolint.find())}
    assert {(1, "moving-tag"), (2, "DL3003"), (2, "SC2164"), (3, "root"), (4, "shell-form")} <= told
    assert not {"DL3006", "DL3002", "DL3025"} & {rule for _, rule in told}


def test_a_comment_with_a_name_that_hadolint_does_not_know_ignores_hadolints_too(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text(
        f"FROM debian:12@sha256:{'a' * 64}\n# hadolint ignore=gone-package,DL3003\nRUN cd /tmp || exit\nUSER 1\n"
    )
    assert lint(path, {}, binary=hadolint.find()) == []


def test_what_cannot_be_parsed_is_an_error_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text(f"FROM debian:12@sha256:{'a' * 64}\nUSER 1\nFOO bar\n")
    assert [(each.line, each.level, each.rule) for each in lint(path, {}, binary=hadolint.find())] == [
        (3, "error", "DL1000")
    ]


def test_the_command_with_the_configuration_beside_the_dockerfile(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    assert hadolint.command("/bin/hadolint", path) == ["/bin/hadolint", "--no-fail", "--format=json", str(path)]
    (tmp_path / ".hadolint.yaml").touch()
    config = f"--config={tmp_path}/.hadolint.yaml"
    assert hadolint.command("/bin/hadolint", path) == ["/bin/hadolint", "--no-fail", "--format=json", config, str(path)]


def test_the_nearest_configuration_above_counts_and_a_link_ends_the_line(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "Dockerfile"
    path.parent.mkdir()
    path.write_text(f"FROM debian:12@sha256:{'a' * 64}\nRUN cd /tmp || exit\nUSER 1\n")
    (found,) = lint(path, {}, shown="Dockerfile", binary=hadolint.find())
    wiki = "https://github.com/hadolint/hadolint/wiki/DL3003"
    assert str(found) == f"Dockerfile:2: warning DL3003: Use WORKDIR to switch to a directory; see {wiki}"
    (tmp_path / ".hadolint.yaml").write_text("ignored: [DL3003]\n")
    assert lint(path, {}, binary=hadolint.find()) == []


def test_a_hadolint_that_fails_is_an_error(tmp_path: Path) -> None:
    broken = tmp_path / "hadolint"
    broken.write_text("#!/bin/sh\necho 'no such option' >&2\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(DockyardError, match=r"could not lint /x: no such option\."):
        hadolint.run(str(broken), Path("/x"))
    with pytest.raises(DockyardError, match="cannot be run: No such file"):
        hadolint.run(str(tmp_path / "none"), Path("/x"))
