"""An access token over a channel without TLS, which grpc itself does not send."""

from __future__ import annotations

from typing import Any, NamedTuple

import grpc


class _Fields(NamedTuple):
    method: str
    timeout: float | None
    metadata: Any
    credentials: Any
    wait_for_ready: Any
    compression: Any


class Details(_Fields, grpc.ClientCallDetails):
    """A call, with what is sent beside it."""


class Bearer(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    """Adds the token to each call."""

    def __init__(self, token: str) -> None:
        self.own = ("authorization", f"Bearer {token}")

    def more(self, details: Any) -> Details:
        """The same call with the token."""
        given = [*(details.metadata or ()), self.own]
        return Details(
            details.method, details.timeout, given, details.credentials, details.wait_for_ready, details.compression
        )

    def intercept_unary_unary(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        """One request, one answer."""
        return continuation(self.more(client_call_details), request)

    def intercept_unary_stream(self, continuation: Any, client_call_details: Any, request: Any) -> Any:
        """One request, many answers."""
        return continuation(self.more(client_call_details), request)

    def intercept_stream_stream(self, continuation: Any, client_call_details: Any, request_iterator: Any) -> Any:
        """Many requests, many answers."""
        return continuation(self.more(client_call_details), request_iterator)
