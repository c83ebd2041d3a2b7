"""What a Dockerfile builds on."""

from __future__ import annotations

import pytest

from tasks.image import dockerfile
from tasks.image.dockerfile import Stage

TEXT = """\
# syntax=docker/dockerfile:1
ARG VERSION=3.11
ARG BASE=python:${VERSION}-slim
FROM --platform=$BUILDPLATFORM golang:1.22 AS build
RUN --mount=type=bind,from=tools:1,target=/t go \\
    # a comment between
    build
RUN <<END
FROM nowhere
END
FROM $BASE AS base
COPY --from=build /x /x
COPY --chown=1 --from=busybox:1 /bin/sh /sh
COPY --from=0 /y /y
FROM base
FROM scratch as empty
"""


def test_stages_and_images() -> None:
    found = dockerfile.parse(TEXT, {})
    assert found.stages == (
        Stage("build", "golang:1.22", "$BUILDPLATFORM", 4),
        Stage("base", "python:3.11-slim", "", 11),
        Stage("", "base", "", 15),
        Stage("empty", "scratch", "", 16),
    )
    assert found.images == ("golang:1.22", "python:3.11-slim", "tools:1", "busybox:1")


def test_build_args_win() -> None:
    assert "python:3.12-slim" in dockerfile.parse(TEXT, {"VERSION": "3.12"}).images
    assert "mine:1" in dockerfile.parse(TEXT, {"BASE": "mine:1"}).images


@pytest.mark.parametrize(("target", "line"), [("", 5), ("second", 3), ("SECOND", 3), ("first", 1)])
def test_the_final_stage_has_the_platform_under_it(target: str, line: int) -> None:
    text = "FROM --platform=linux/arm64 a AS first\n\nFROM first AS second\n\nFROM b\n"
    stage = dockerfile.parse(text, {}).final(target)
    assert stage is not None
    assert stage.line == {5: 5, 3: 1, 1: 1}[line]


@pytest.mark.parametrize(
    ("line", "remote"),
    [
        ("ADD https://example.com/model.bin /", True),
        ("ADD --chown=1000 git@github.com:team/app.git /src", True),
        (f"ADD --checksum=sha256:{'0' * 64} https://example.com/model.bin /", False),
        ("ADD https.txt /", False),
        ("RUN curl https://example.com", False),
    ],
)
def test_what_is_added_from_the_network_may_change(line: str, remote: bool) -> None:
    assert dockerfile.parse(f"FROM debian\n{line}\n", {}).remote is remote


def test_an_unknown_variable_stays() -> None:
    assert dockerfile.parse("FROM $X\n", {}).images == ("$X",)
    assert dockerfile.parse("FROM ${X:-a:1}\n", {}).images == ("a:1",)


def test_an_escape_directive() -> None:
    assert dockerfile.parse("# escape=`\nFROM `\n  a:1\n", {}).images == ("a:1",)


def test_instructions_as_written_with_their_lines_heredocs_and_comments() -> None:
    text = "# one\n\n# two\n# three\nRUN a \\\n  # between\n\n  b <<-END\n  c\n\tEND\nUSER x \\"
    run, user = dockerfile.written(text)
    assert (run.line, run.word, run.rest, run.above) == (5, "RUN", "a  b <<-END", ("# two", "# three"))
    assert run.lines == ((5, "RUN a \\"), (8, "  b <<-END"), (9, "  c"), (10, "\tEND"))
    assert (user.line, user.text, user.above) == (11, "USER x", ())


@pytest.mark.parametrize("line", ["RUN echo $((1<<4))", "RUN cat <<<word", "RUN echo a<<b"])
def test_what_only_looks_like_a_heredoc_ends_with_its_line(line: str) -> None:
    assert dockerfile.instructions(f"FROM a\n{line}\nUSER x\n") == [(1, "FROM a"), (2, line), (3, "USER x")]
