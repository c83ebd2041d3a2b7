"""What a Dockerfile builds on: its digest, its tag, and the release that its packages come from."""

from __future__ import annotations

import pytest

from tasks.image import gone

from .look import PINNED, found, look

USER = "USER 1000:1000\n"
DIGEST = f"@sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("image", "level", "rule"),
    [
        ("debian", "error", "moving-tag"),
        ("debian:latest", "error", "moving-tag"),
        ("registry.example.com:5000/base", "error", "moving-tag"),
        ("debian:12", "warning", "no-digest"),
        ("${NOTHING}", "warning", "no-digest"),
    ],
)
def test_a_base_that_can_change(image: str, level: str, rule: str) -> None:
    assert found(f"FROM {image}\n{USER}") == [(1, level, rule)]


@pytest.mark.parametrize("image", [PINNED, f"debian{DIGEST}", f"debian:latest{DIGEST}", "scratch"])
def test_a_base_that_cannot(image: str) -> None:
    assert found(f"FROM {image}\n{USER}") == []


def test_a_build_arg_counts_as_its_default_and_is_told_where_it_is_written() -> None:
    text = f"ARG TAG=12\nARG BASE=debian:${{TAG}}\nFROM ${{BASE}} AS one\n{USER}FROM ${{BASE}}\n{USER}"
    assert found(text) == [(2, "warning", "no-digest")]
    assert look(text)[0].text == "debian:12 can change under its tag"
    assert "`docker buildx imagetools inspect debian:12`" in look(text)[0].mend
    assert found(text, {"BASE": PINNED}) == []
    assert found(text, {"BASE": "debian"}) == [(2, "error", "moving-tag")]


def test_images_that_files_come_from_count_and_stages_do_not() -> None:
    text = f"FROM {PINNED} AS one\nFROM one AS two\nCOPY --from=one /a /a\nCOPY --from=0 /a /a\n"
    assert found(
        f"{text}COPY --from=busybox /bin/sh /sh\nRUN --mount=type=bind,from=tools:1,target=/t true\n{USER}"
    ) == [
        (5, "error", "moving-tag"),
        (6, "warning", "no-digest"),
    ]


@pytest.mark.parametrize(
    ("image", "release"),
    [
        ("python:3.11-slim-bookworm", "Debian 12"),
        ("debian:trixie-slim", "Debian 13"),
        ("debian:11.3", "Debian 11"),
        ("debian:sid", "Debian sid"),
        ("ubuntu:24.04", "Ubuntu 24.04"),
        ("ubuntu:jammy", "Ubuntu 22.04"),
        ("nvidia/cuda:12.2.0-runtime-ubuntu22.04", "Ubuntu 22.04"),
        ("registry.example.com:5000/python:3.12-bookworm", "Debian 12"),
        ("python:3.12-slim", "Debian 13"),
        ("docker.io/library/node:22", "Debian 13"),
        ("team/app:1.2-sid", "None"),
        ("python:3.12-alpine", "None"),
        ("registry.example.com/python:3.12", "None"),
        ("${BASE}", "None"),
    ],
)
def test_the_release_that_an_image_is_built_on(image: str, release: str) -> None:
    assert str(gone.release(image)) == release


def test_a_package_that_is_gone_has_its_line_and_what_replaces_it() -> None:
    text = (
        f"FROM debian:trixie{DIGEST}\nRUN apt-get update && \\\n    # a comment\n    apt-get install -y curl \\\n"
        f"      libgl1-mesa-glx libgdk-pixbuf2.0-0=2.42 && \\\n    rm -rf /var/lib/apt/lists/*\n{USER}"
    )
    assert found(text) == [(5, "error", "gone-package")] * 2
    assert {(each.text, each.mend) for each in look(text)} == {
        ("libgl1-mesa-glx is not in Debian 13", "write libgl1"),
        ("libgdk-pixbuf2.0-0 is not in Debian 13", "write libgdk-pixbuf-2.0-0"),
    }
    assert found(text.replace("trixie", "bookworm")) == []


def test_a_tag_without_a_release_is_read_as_the_newest_with_a_warning() -> None:
    text = f"FROM python:3.11-slim\nRUN apt-get install -y libgl1-mesa-glx\n{USER}"
    assert found(text) == [(1, "warning", "no-digest"), (2, "warning", "gone-package")]


def test_the_stage_below_says_the_release() -> None:
    text = f"FROM debian:12{DIGEST} AS base\n{USER}FROM base\nRUN apt install netcat\n"
    assert found(text) == [(4, "error", "gone-package")]


@pytest.mark.parametrize(
    "command", ["apt-get purge netcat", "echo netcat", "pip install netcat", "apt-get install netcat-openbsd"]
)
def test_a_name_elsewhere_is_no_package(command: str) -> None:
    assert found(f"FROM debian:12{DIGEST}\nRUN {command}\n{USER}") == []


def test_a_heredoc_is_looked_into() -> None:
    text = f"FROM debian:12{DIGEST}\nRUN <<END\nset -e\napt-get install -y \\\n  netcat\nEND\n{USER}"
    assert found(text) == [(5, "error", "gone-package")]
