"""The Google Cloud fake on its own.

`python -m tests.fakes.gcp --port=4600 --rollout=5` prints its address and serves until it is ended.
`POST /_fake/NAME` with `{"args": […], "kwargs": {…}}` calls a method of Cloud there, or of a part of it: `run.broken`;
`POST /_fake/environ` with `{"args": ["grpc"]}` gives the environment that leads clients here.
"""

from __future__ import annotations

import argparse
import signal
import threading

from .cloud import Cloud
from .discovery import DOCUMENTS, document
from .server import Servers
from .transcoding import rpcs


def main() -> None:
    """Serve a cloud on its own."""
    parser = argparse.ArgumentParser(prog="tests.fakes.gcp", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--rollout", type=float, default=0.0, help="seconds until a revision is ready")
    parser.add_argument("--containers", action="store_true", help="run revisions as containers of the local engine")
    parser.add_argument("--project", default="test-project")
    parser.add_argument("--region", default="europe-west1")
    given = parser.parse_args()
    cloud = Cloud(given.project, given.region, rollout=given.rollout, containers=given.containers)
    servers = Servers(cloud, given.port)
    for api in DOCUMENTS:  # what is read once takes seconds, which are no client's
        document(api)
        rpcs(api)
    ended = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: ended.set())
    print(servers.rest["run"].url, flush=True)
    ended.wait()
    servers.close()
    cloud.close()


if __name__ == "__main__":
    main()
