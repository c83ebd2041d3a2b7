"""The same APIs behind gRPC: a request becomes the HTTP request that says the same, its answer a message."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc

from .errors import Refused
from .routing import Reply
from .transcoding import Rpc, rpcs

LARGEST = 64 * 1024**2  # bytes of a message


class Bridge(grpc.GenericRpcHandler):
    """Answers the gRPC methods of one API."""

    def __init__(self, cloud: Any, api: str) -> None:
        self.cloud, self.api = cloud, api

    def service(self, handler_call_details: Any) -> Any:
        rpc = rpcs(self.api).get(handler_call_details.method)
        if rpc is None:
            return None
        writer = rpc.reply.SerializeToString if rpc.reply else (lambda _: b"")
        if rpc.name.endswith("/TailLogEntries"):
            return grpc.stream_stream_rpc_method_handler(
                lambda requests, context: self._stream(rpc, requests, context), rpc.request.FromString, writer
            )
        return grpc.unary_unary_rpc_method_handler(
            lambda request, context: self._one(rpc, request, context), rpc.request.FromString, writer
        )

    def _one(self, rpc: Rpc, request: Any, context: Any) -> Any:
        try:
            sent = rpc.sent(request)
        except ValueError as error:
            return context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        try:
            found = self.cloud.answer(self.api, *sent, _headers(context), "grpc")
        except Refused as refused:
            return _abort(context, refused)
        assert not isinstance(found, Reply), rpc.name
        return _message(rpc, found)

    def _stream(self, rpc: Rpc, requests: Iterator[Any], context: Any) -> Iterator[Any]:
        try:
            for each in self.cloud.streamed(self.api, rpc.name, Asked(requests, context), _headers(context)):
                yield _message(rpc, each)
        except Refused as refused:
            _abort(context, refused)


class Asked(Iterator[dict[str, Any]]):
    """The requests of a stream as documents; `active` until the client has gone."""

    def __init__(self, requests: Iterator[Any], context: Any) -> None:
        self._requests, self._context = requests, context

    @property
    def active(self) -> bool:
        return bool(self._context.is_active())

    def __next__(self) -> dict[str, Any]:
        from google.protobuf import json_format  # type: ignore[import-untyped]

        found: dict[str, Any] = json_format.MessageToDict(next(self._requests))
        return found


def _headers(context: Any) -> dict[str, str]:
    return {key: value for key, value in context.invocation_metadata() if isinstance(value, str)}


def _message(rpc: Rpc, found: dict[str, Any]) -> Any:
    from google.protobuf import json_format

    return json_format.ParseDict(found, rpc.reply(), ignore_unknown_fields=True) if rpc.reply else None


def _abort(context: Any, refused: Refused) -> Any:
    return context.abort(getattr(grpc.StatusCode, refused.reason, grpc.StatusCode.UNKNOWN), refused.message)


class GrpcServer:
    """A gRPC server on loopback, without TLS, for one API: operations of all APIs have the same names."""

    def __init__(self, cloud: Any, api: str) -> None:
        self._threads = ThreadPoolExecutor(32, thread_name_prefix=f"fake-{api}")
        options = [("grpc.max_receive_message_length", LARGEST), ("grpc.max_send_message_length", LARGEST)]
        self._server = grpc.server(self._threads, handlers=[Bridge(cloud, api)], options=options)
        self.port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    @property
    def url(self) -> str:
        """`grpc://127.0.0.1:PORT`."""
        return f"grpc://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Serve nothing any more."""
        self._server.stop(0).wait()
        self._threads.shutdown(wait=False)
