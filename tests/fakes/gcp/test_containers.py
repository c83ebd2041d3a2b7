"""Revisions and executions that run for real, as containers of the local engine."""

from __future__ import annotations

import io
import tarfile
import time
import uuid
from collections.abc import Callable
from typing import Any

import docker
import pytest

from .asking import ask, opened, status
from .cloud import Cloud
from .run_engine import LABEL
from .server import gcp as served

PROGRAM = """
import http.server, json, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        print(json.dumps({"severity": "warning", "message": "got " + self.path}), flush=True)
        body = json.dumps(dict(os.environ)).encode()
        self.send_response(418 if self.path == "/teapot" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
print("starting", flush=True)
if os.environ.get("CRASH"):
    sys.exit("no database")
http.server.HTTPServer(("", int(os.environ["PORT"])), Handler).serve_forever()
"""
DOCKERFILE = 'FROM python:3.11-slim-bookworm\nCOPY program.py /\nCMD ["python3", "/program.py"]\n'
LONG = 20.0  # seconds that anything may take


@pytest.fixture(scope="module")
def image(engine: docker.DockerClient, registry: str) -> str:
    """A real image in the registry on loopback, by digest, and not on the engine."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, text in (("Dockerfile", DOCKERFILE), ("program.py", PROGRAM)):
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    tag = f"{registry}/test/{uuid.uuid4().hex[:12]}:v1"
    packed.seek(0)
    engine.images.build(fileobj=packed, custom_context=True, tag=tag)
    engine.images.push(tag)
    digest = str(engine.images.get(tag).attrs["RepoDigests"][0])
    engine.images.remove(tag)
    return digest


@pytest.fixture
def real(gcp: Cloud) -> Cloud:
    """The project, with containers."""
    gcp.set(containers=True)
    return gcp


def made(cloud: Cloud, image: str, **container: Any) -> dict[str, Any]:
    """A service with such a container, once it is settled."""
    template = {"containers": [{"image": image, **container}]}
    cloud.run.make("web", image, invokerIamDisabled=True, template=template)
    found: dict[str, Any] = until(lambda: cloud.run.service("web"), lambda found: not found["reconciling"])
    return found


def until(look: Callable[[], Any], enough: Callable[[Any], bool]) -> Any:
    """What a look gives once that is enough."""
    deadline = time.monotonic() + LONG
    while not enough(found := look()):
        assert time.monotonic() < deadline, found
        time.sleep(0.02)
    return found


def lines(cloud: Cloud, log: str) -> list[str]:
    """What was written to a log, such as stdout."""
    asked = {"resourceNames": [f"projects/{cloud.project}"], "filter": f'log_id("run.googleapis.com/{log}")'}
    entries = cloud.logging.listed(asked).get("entries", [])
    return [each.get("textPayload") or each.get("jsonPayload", {}).get("message", "") for each in entries]


def test_a_revision_is_a_container_that_answers(real: Cloud, image: str) -> None:
    real.secrets.add("key", "s3cret")
    reference = {"secretKeyRef": {"secret": "key", "version": "latest"}}
    env = [{"name": "A", "value": "b"}, {"name": "KEY", "valueSource": reference}]
    found = made(real, image, env=env, ports=[{"containerPort": 9000}], startupProbe={"httpGet": {"path": "/up"}})
    assert found["terminalCondition"]["state"] == "CONDITION_SUCCEEDED"
    answered = opened(f"{found['uri']}/hello")[1]
    revision = found["latestReadyRevision"].rpartition("/")[2]
    wanted = {"A": "b", "KEY": "s3cret", "PORT": "9000", "K_SERVICE": "web", "K_REVISION": revision}
    assert {key: answered[key] for key in wanted} == wanted
    assert status(f"{found['uri']}/teapot") == 418
    assert until(lambda: lines(real, "stdout"), lambda said: "got /teapot" in said)[0] == "starting"


def test_a_port_that_nobody_listens_to_is_not_ready(real: Cloud, image: str) -> None:
    probe = {"tcpSocket": {}, "periodSeconds": 1, "failureThreshold": 1}
    found = made(real, image, command=["sleep", "60"], startupProbe=probe)
    assert "failed to start and listen on the port" in found["terminalCondition"]["message"]


def test_a_container_that_crashes_fails_its_revision_and_its_lines_are_logged(real: Cloud, image: str) -> None:
    found = made(real, image, env=[{"name": "CRASH", "value": "1"}])
    assert found["terminalCondition"]["state"] == "CONDITION_FAILED"
    assert (lines(real, "stdout"), lines(real, "stderr")) == (["starting"], ["no database"])
    assert lines(real, "varlog/system") == ["Container called exit(1)."]


def test_a_program_that_is_not_there_fails_its_revision(real: Cloud, image: str) -> None:
    found = made(real, image, command=["/nowhere"])
    assert found["terminalCondition"]["state"] == "CONDITION_FAILED"
    assert "Application failed to start" in lines(real, "varlog/system")[0]


def test_an_image_that_is_not_there_fails_its_revision(real: Cloud, image: str) -> None:
    wrong = image[:-64] + "0" * 64
    found = made(real, wrong)
    assert found["terminalCondition"]["message"].endswith(f"Image '{wrong}' not found.")


def test_an_execution_is_a_container_that_ends(real: Cloud, image: str) -> None:
    program = "import sys; print('one'); print('two', file=sys.stderr); sys.exit(7)"
    container = {"image": image, "command": ["python3"], "args": ["-c", program]}
    path = f"/v2/{real.run.parent}/jobs"
    ask(
        real, "POST", f"{path}?jobId=web-once", {"template": {"template": {"containers": [container], "maxRetries": 0}}}
    )
    execution = ask(real, "POST", f"{path}/web-once:run", {})[1]["metadata"]["name"]
    until(lambda: ask(real, "GET", f"/v2/{execution}")[1], lambda found: "completionTime" in found)
    task = ask(real, "GET", f"/v2/{execution}/tasks")[1]["tasks"][0]
    assert task["lastAttemptResult"]["exitCode"] == 7
    assert (lines(real, "stdout"), lines(real, "stderr")) == (["one"], ["two"])
    assert lines(real, "varlog/system") == ["Container called exit(7)."]


def test_a_cloud_sql_instance_is_a_directory_with_its_socket(
    real: Cloud, image: str, engine: docker.DockerClient
) -> None:
    volume = engine.volumes.create()
    real.set(sql={"p:r:known": volume.name})
    try:
        mounted = [{"name": "sql", "mountPath": "/cloudsql"}]
        container = {"image": image, "args": ["find", "/cloudsql"], "volumeMounts": mounted}
        sql = {"name": "sql", "cloudSqlInstance": {"instances": ["p:r:known", "p:r:other"]}}
        template = {"containers": [container], "volumes": [sql], "maxRetries": 0}
        path = f"/v2/{real.run.parent}/jobs"
        ask(real, "POST", f"{path}?jobId=web-once", {"template": {"template": template}})
        execution = ask(real, "POST", f"{path}/web-once:run", {})[1]["metadata"]["name"]
        until(lambda: ask(real, "GET", f"/v2/{execution}")[1], lambda found: "completionTime" in found)
        assert lines(real, "stdout") == ["/cloudsql", "/cloudsql/p:r:known"]
    finally:
        volume.remove()


def test_nothing_is_left_when_the_fake_ends(engine: docker.DockerClient, image: str) -> None:
    with served(containers=True) as cloud:
        made(cloud, image)
        mine: dict[str, str | list[str] | bool] = {"label": f"{LABEL}={cloud.run.id}"}
        assert len(engine.containers.list(filters=mine)) == 1
    assert engine.containers.list(all=True, filters=mine) == []
