"""What a test takes: a fresh project that every client is led to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .cloud import Cloud
from .server import gcp as served


@pytest.fixture
def gcp_transport() -> str:
    """How clients reach the fake, `rest` or `grpc`: parametrize it to have a test over both."""
    return "rest"


@pytest.fixture
def gcp(monkeypatch: pytest.MonkeyPatch, gcp_transport: str) -> Iterator[Cloud]:
    """A fresh project `test-project`; the environment leads every client to it, subprocesses too."""
    with served() as cloud:
        for key in ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT", "GRPC_PROXY", "grpc_proxy"):
            monkeypatch.delenv(key, raising=False)
        for key, value in cloud.environ(gcp_transport).items():
            monkeypatch.setenv(key, value)
        for key in ("NO_PROXY", "no_proxy", "no_grpc_proxy"):
            monkeypatch.setenv(key, "127.0.0.1,localhost")
        yield cloud
