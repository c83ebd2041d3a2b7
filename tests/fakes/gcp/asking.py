"""Requests as a client without an SDK sends them, and the smallest messages that Cloud Run takes."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from google.cloud import run_v2

from tasks.gcp.clients import make

from .cloud import Cloud

IMAGE = "example.com/web@sha256:" + "1" * 64
OTHER = "example.com/web@sha256:" + "2" * 64
REVISION = run_v2.TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION


def ask(cloud: Cloud, verb: str, path: str, body: Any = None, api: str = "run") -> tuple[int, dict[str, Any]]:
    """The status and the document of a request to REST."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{cloud.at(api, 'http')}{path}", data, method=verb)
    return opened(request)


def opened(request: urllib.request.Request | str) -> tuple[int, dict[str, Any]]:
    """The status and the document that an address gives."""
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.status, json.loads(reply.read() or b"{}")
    except urllib.error.HTTPError as error:
        with error:
            content = error.read()
        return error.code, json.loads(content) if content.startswith(b"{") else {}


def status(url: str, headers: Mapping[str, str] | None = None) -> int:
    """The status that an address answers with."""
    return opened(urllib.request.Request(url, headers=dict(headers or {})))[0]


def services() -> run_v2.ServicesClient:
    """A client over the transport of the environment."""
    client: run_v2.ServicesClient = make(run_v2.ServicesClient, "RUN")
    return client


def template(image: str = IMAGE, revision: str = "", **fields: Any) -> run_v2.RevisionTemplate:
    """The least that a revision is made of."""
    container = run_v2.Container(image=image)
    return run_v2.RevisionTemplate(containers=[container], revision=revision, **fields)


def to(revision: str, percent: int = 0, tag: str = "") -> run_v2.TrafficTarget:
    """Traffic by the name of a revision."""
    return run_v2.TrafficTarget(type_=REVISION, revision=revision, percent=percent, tag=tag)


def created(cloud: Cloud, name: str = "web", image: str = IMAGE, **fields: Any) -> run_v2.Service:
    """A service whose first revision `NAME-00001-aaa` has all traffic, by name, and that anybody may call."""
    first = f"{name}-00001-aaa"
    service = run_v2.Service(
        template=template(image, first), traffic=[to(first, 100)], invoker_iam_disabled=True, **fields
    )
    client = services()
    client.create_service(parent=cloud.run.parent, service_id=name, service=service)
    found: run_v2.Service = client.get_service(name=f"{cloud.run.parent}/services/{name}")
    return found
