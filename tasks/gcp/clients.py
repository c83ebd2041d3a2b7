"""Clients of Google's own SDKs: the same code over gRPC in production and over what an override names."""

from __future__ import annotations

import threading
from typing import Any

from .credentials import credentials
from .endpoints import Endpoint, endpoint

_LOCK = threading.RLock()
_CHANNELS: dict[tuple[Endpoint, int], Any] = {}
LARGEST = 64 * 1024**2  # bytes of one reply


def make(client: Any, api: str) -> Any:
    """A client, such as `make(run_v2.ServicesClient, "RUN")`, over one channel for all clients of an API.

    An `http://` override is REST where the client has that, else a channel without TLS. Raises DockyardError without
    credentials.
    """
    where = endpoint(api)
    own = credentials(plain=where.plain)
    if where.scheme == "http" and has_rest(client):
        return client(transport="rest", credentials=own, client_options={"api_endpoint": where.url})
    transport = client.get_transport_class("grpc")
    with _LOCK:
        channel = _CHANNELS.get((where, id(own)))
        if channel is None:
            channel = _CHANNELS[where, id(own)] = _channel(transport, where, own)
    return client(transport=transport(host=where.host, channel=channel))


def has_rest(client: Any) -> bool:
    """Whether a client has a REST transport: that of Logging has none."""
    return "rest" in client._transport_registry


def _channel(transport: Any, where: Endpoint, own: Any) -> Any:
    options = [("grpc.max_receive_message_length", LARGEST), ("grpc.max_send_message_length", LARGEST)]
    if where.scheme == "https":
        return transport.create_channel(where.host, credentials=own, options=options)
    import grpc

    from .bearer import Bearer

    channel = grpc.insecure_channel(where.host, options=options)
    return grpc.intercept_channel(channel, Bearer(own.token)) if own.token else channel
