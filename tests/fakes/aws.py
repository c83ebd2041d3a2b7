"""The AWS fake's server: in a thread of a test, or on its own.

`python -m tests.fakes.aws --port=4599 --rollout=20 --throttle=20` prints its address and serves until it is ended.
`POST /_fake/NAME` with `{"args": […], "kwargs": {…}}` calls a method of Cloud there; `GET /_fake/NAME` gives a value.
"""

from __future__ import annotations

import argparse
import json
import threading
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from .cloud import Cloud


class Quiet(WSGIRequestHandler):
    """Writes no access log."""

    disable_nagle_algorithm = True

    def log(self, type: str, message: str, *args: Any) -> None:
        pass


class Served:
    """The control of a cloud at /_fake/, and the cloud's own front for all else."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if not environ["PATH_INFO"].startswith("/_fake/"):
            return self.cloud.front(environ, start_response)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        asked = json.loads(body or b"{}")
        try:
            found = getattr(self.cloud, environ["PATH_INFO"].removeprefix("/_fake/"))
            given = found(*asked.get("args", []), **asked.get("kwargs", {})) if callable(found) else found
            status, content = "200 OK", json.dumps(given, default=str).encode()
        except Exception as error:  # whoever asked is told
            status, content = "400 Bad Request", json.dumps(f"{type(error).__name__}: {error}").encode()
        start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(content)))])
        return [content]


def told(url: str, name: str, *args: Any, **kwargs: Any) -> Any:
    """Call a method of the Cloud that another process serves at `url`."""
    body = json.dumps({"args": args, "kwargs": kwargs}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{url}/_fake/{name}", body)) as reply:
        return json.load(reply)


def _server(cloud: Cloud, port: int) -> BaseWSGIServer:
    server = make_server("127.0.0.1", port, Served(cloud), threaded=True, request_handler=Quiet)
    server.daemon_threads = True  # type: ignore[attr-defined]
    cloud.url = f"http://127.0.0.1:{server.server_port}"
    return server


@contextmanager
def aws(**knobs: Any) -> Iterator[Cloud]:
    """A fresh account, served until the block ends; moto's part is emptied too."""
    cloud = Cloud(**knobs)
    server = _server(cloud, 0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    _empty()
    cloud.front.load()
    try:
        yield cloud
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _empty() -> None:
    """Forget what moto holds, if it was ever used: it keeps its state for the whole process."""
    import sys

    if "moto.core.base_backend" in sys.modules:
        from moto.core.base_backend import BackendDict
        from moto.core.model_instances import reset_model_data

        BackendDict.reset()
        reset_model_data()


def main() -> None:
    """Serve a cloud on its own."""
    parser = argparse.ArgumentParser(prog="tests.fakes.aws", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--rollout", type=float, default=0.0, help="seconds that a rollout lasts")
    parser.add_argument("--throttle", type=float, default=0.0, help="calls a second; 0 for no limit")
    parser.add_argument("--account", default="123456789012")
    parser.add_argument("--region", default="eu-north-1")
    given = parser.parse_args()
    cloud = Cloud(given.account, given.region, rollout=given.rollout)
    server = _server(cloud, given.port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    for each in ("ssm", "sts"):  # moto's import and first use take seconds, which are no client's
        client = cloud.client(each)
        client.get_caller_identity() if each == "sts" else client.describe_parameters()
    cloud.reset_calls()
    cloud.throttle(given.throttle)
    print(cloud.url, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
