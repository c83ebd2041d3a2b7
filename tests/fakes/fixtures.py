"""What a test takes: a fresh account, and a real image in it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from .aws import aws
from .cloud import Cloud
from .upload import upload


@contextmanager
def leading(monkeypatch: pytest.MonkeyPatch, **given: str) -> Iterator[Cloud]:
    """A fresh account, `account=` and `region=`, that every client is led to, subprocesses too."""
    with aws(**given) as account:
        for key in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_DEFAULT_PROFILE"):
            monkeypatch.delenv(key, raising=False)
        for key, value in account.environ.items():
            monkeypatch.setenv(key, value)
        for key in ("NO_PROXY", "no_proxy"):
            monkeypatch.setenv(key, "127.0.0.1,localhost")
        yield account


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """A fresh account with an empty cluster `c`."""
    with leading(monkeypatch) as account:
        account.cluster("c")
        yield account


@pytest.fixture
def registry_image(embedded_default: str, cloud: Cloud) -> str:
    """`HOST:PORT/REPOSITORY` of the registry on loopback, mirrored by the repository `web`, with a real image `v1`."""
    address = f"{embedded_default}/test/{uuid.uuid4().hex[:12]}"
    upload(address, "v1", "one")
    cloud.mirror("web", address)
    return address
