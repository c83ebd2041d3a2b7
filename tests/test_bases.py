from __future__ import annotations

import socket
from pathlib import Path

import pytest

from tasks import bases
from tasks.target.docker.engine import Engine, connect


def test_the_base_image_is_unpacked_and_imported_without_what_no_image_needs() -> None:
    assert bases.bootstrap("http://a/debian", Path("/x")) == [
        *("debootstrap", "--variant=minbase", "bookworm", "/x", "http://a/debian")
    ]
    assert bases.archive(Path("/x")) == [
        *("tar", "--create", "--numeric-owner", "--directory=/x"),
        *("--exclude=./dev/*", "--exclude=./proc/*", "--exclude=./sys/*", "--exclude=./var/cache/apt/*"),
        *("--exclude=./var/lib/apt/lists/*", "--exclude=./var/log/*", "--exclude=./usr/share/doc/*"),
        *("--exclude=./usr/share/info/*", "--exclude=./usr/share/locale/*", "--exclude=./usr/share/man/*", "."),
    ]


def test_a_base_image_that_can_neither_be_pulled_nor_made_is_a_sentence() -> None:
    assert "no such host), and this system has no Debian packages" in bases.refusal("no such host", "")


def test_an_image_is_given_up_when_its_registry_is_silent(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bases, "SILENCE", 0.5)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        name = f"127.0.0.1:{silent.getsockname()[1]}/nothing:1"
        assert bases.pull(connect(), name) == "no answer within 0.5 s"


def test_an_image_whose_registry_is_away_is_told_with_the_cause(engine: Engine, port: int) -> None:
    assert "connection refused" in bases.pull(connect(), f"127.0.0.1:{port}/nothing:1")
