"""The servers of a cloud: one for each API, in threads of a test."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from .bridge import GrpcServer
from .cloud import Cloud
from .discovery import DOCUMENTS
from .rest import Server, served

OWN = "tokens"  # what has no discovery document, and a port all the same


class Servers:
    """REST servers of a cloud's APIs, and gRPC ones as soon as somebody wants their addresses."""

    def __init__(self, cloud: Cloud, port: int = 0) -> None:
        self.cloud = cloud
        self.rest = {api: Server(served(cloud, api), port if api == "run" else 0) for api in (*DOCUMENTS, OWN)}
        self.grpc: dict[str, GrpcServer] = {}
        self._lock = threading.Lock()
        cloud.at = self.at

    def at(self, api: str, transport: str) -> str:
        """The address of an API as an override wants it. Storage has REST only, Logging's SDK gRPC only."""
        if transport == "rest" and api == "logging":
            return self._grpc(api).url.replace("grpc://", "http://")
        if transport in ("rest", "http") or api in ("storage", OWN):
            return self.rest[api].url
        return self._grpc(api).url

    def _grpc(self, api: str) -> GrpcServer:
        with self._lock:
            if api not in self.grpc:
                self.grpc[api] = GrpcServer(self.cloud, api)
            return self.grpc[api]

    def close(self) -> None:
        """Close all."""
        servers: list[Server | GrpcServer] = [*self.rest.values(), *self.grpc.values()]
        with ThreadPoolExecutor(len(servers)) as threads:
            list(threads.map(lambda each: each.close(), servers))


@contextmanager
def gcp(**knobs: Any) -> Iterator[Cloud]:
    """A fresh project, served until the block ends."""
    cloud = Cloud(**knobs)
    servers = Servers(cloud)
    try:
        yield cloud
    finally:
        servers.close()
        cloud.close()


def told(url: str, name: str, *args: Any, **kwargs: Any) -> Any:
    """Call a method of the cloud, or of a part of it (`run.broken`), that another process serves at `url`."""
    body = json.dumps({"args": args, "kwargs": kwargs}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{url}/_fake/{name}", body)) as reply:
        return json.load(reply)
