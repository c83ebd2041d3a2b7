"""A container of the local engine that was made of a template."""

from __future__ import annotations

import contextlib
import http.client
import io
import socket
import tarfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import docker
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.types import Mount

from tasks.target.docker.engine import connect

from .routing import Reply
from .run_starting import secret_bytes

if TYPE_CHECKING:
    from .run import Run

LABEL = "dockyard.fake.gcp"
HOP = ("connection", "keep-alive", "transfer-encoding", "content-length", "host")


class NotThere(Exception):
    """An image that cannot be pulled."""


@cache
def engine() -> docker.DockerClient:
    """The local engine."""
    return connect()


def sweep(run: Run) -> None:
    """Remove every container that a cloud has started, and the images that it has pulled."""
    if not run.made:
        return
    client = engine()
    for each in client.containers.list(all=True, filters={"label": f"{LABEL}={run.id}"}):
        with contextlib.suppress(APIError):
            each.remove(force=True, v=True)
    for image in run.pulled:
        with contextlib.suppress(DockerException):
            client.images.remove(image)


class Container:
    """A container, made but not started. Raises NotThere where there is no such image."""

    def __init__(self, run: Run, template: dict[str, Any], named: dict[str, str], port: int) -> None:
        self.run, self.port = run, port
        main = next((each for each in template["containers"] if each.get("ports")), template["containers"][0])
        self.image = run.located(main["image"])
        _pull(run, self.image)
        run.made = True
        self._container = engine().containers.create(
            self.image,
            main.get("args") or None,
            entrypoint=main.get("command") or None,
            working_dir=main.get("workingDir"),
            environment={**_environ(run, main), **named},
            ports={f"{port}/tcp": ("127.0.0.1", None)} if port else {},  # type: ignore[dict-item] # any free port
            labels={LABEL: run.id},
            extra_hosts={"host.docker.internal": "host-gateway"},
            mounts=_sockets(run, template, main),
        )
        for volume in template.get("volumes", []):
            if "secret" in volume:
                self._put(run, volume, main)
        self.address = ("", 0)

    def _put(self, run: Run, volume: dict[str, Any], main: dict[str, Any]) -> None:
        """Put a secret's file where it is mounted."""
        given = volume["secret"]
        items = given.get("items") or [{"path": given["secret"].rpartition("/")[2], "version": "latest"}]
        for mount in main.get("volumeMounts", []):
            if mount["name"] != volume["name"]:
                continue
            packed = io.BytesIO()
            with tarfile.open(fileobj=packed, mode="w") as archive:
                for each in items:
                    content = secret_bytes(run, given["secret"], each.get("version", "latest")) or b""
                    entry = tarfile.TarInfo(f"{mount['mountPath'].strip('/')}/{each['path']}")
                    entry.size, entry.mode = len(content), 0o444
                    archive.addfile(entry, io.BytesIO(content))
            self._container.put_archive("/", packed.getvalue())

    def start(self) -> str:
        """Start it; says why it cannot be, or nothing."""
        try:
            self._container.start()
        except APIError as error:
            return str(error.explanation or error)
        if self.port:
            self._container.reload()
            ports = self._container.ports.get(f"{self.port}/tcp")
            self.address = ("127.0.0.1", int(ports[0]["HostPort"])) if ports else ("", 0)
        return ""

    def lines(self, stream: str) -> Iterator[str]:
        """Its lines on `stdout` or `stderr` as they come, until it has ended."""
        rest = b""
        wanted = {"stdout": stream == "stdout", "stderr": stream == "stderr"}
        for piece in self._container.logs(**wanted, stream=True, follow=True):
            *whole, rest = (rest + piece).split(b"\n")
            yield from (each.decode("utf-8", "replace").rstrip("\r") for each in whole)
        if rest:
            yield rest.decode("utf-8", "replace")

    def running(self) -> bool:
        """Whether it has not ended."""
        try:
            self._container.reload()
        except NotFound:
            return False
        return bool(self._container.status == "running")

    def code(self) -> int:
        """Its exit code, once it has ended."""
        return int(self._container.attrs["State"]["ExitCode"])

    def wait(self, seconds: float) -> int:
        """Its exit code when it ends; 1 for one that was removed, or ended after so many seconds."""
        try:
            return int(self._container.wait(timeout=seconds)["StatusCode"])
        except (DockerException, OSError):  # the SDK lets requests' own errors, which are OSErrors, through
            self.end()
            return 1

    def end(self) -> None:
        """End it, and keep what it wrote."""
        with contextlib.suppress(DockerException, OSError):
            self._container.kill()

    def close(self) -> None:
        """End and remove it."""
        with contextlib.suppress(DockerException, OSError):
            self._container.remove(force=True, v=True)

    def probed(self, probe: dict[str, Any]) -> bool:
        """Whether it answers its startup probe now."""
        if not self.address[1]:
            return False
        if "httpGet" in probe:
            request = urllib.request.Request(f"http://127.0.0.1:{self.address[1]}{probe['httpGet']['path']}")
            for each in probe["httpGet"].get("httpHeaders", []):
                request.add_header(each["name"], each.get("value", ""))
            try:
                with urllib.request.urlopen(request, timeout=probe["timeoutSeconds"]) as reply:
                    return bool(200 <= reply.status < 400)
            except (OSError, urllib.error.URLError, http.client.HTTPException):
                return False
        return self._listens()

    def _listens(self) -> bool:
        """Whether its port is listened to: the engine takes connections for it before that, and drops them."""
        try:
            with socket.create_connection(self.address, 1) as connection:
                connection.settimeout(0.1)
                try:
                    return bool(connection.recv(1))
                except TimeoutError:
                    return True
        except OSError:
            return False

    def answer(self, verb: str, target: str, headers: dict[str, str], body: bytes) -> Reply:
        """Hand a request on to it."""
        connection = http.client.HTTPConnection(*self.address, timeout=60)
        passed = {key: value for key, value in headers.items() if key not in HOP}
        passed["Host"] = headers.get("host", urlsplit(target).netloc or "localhost")
        try:
            connection.request(verb, target, body or None, passed)
            reply = connection.getresponse()
            content = reply.read()
            given = {key: value for key, value in reply.getheaders() if key.lower() not in HOP}
            return Reply(reply.status, given, content)
        except (OSError, http.client.HTTPException):
            said = (
                b"The request failed because either the HTTP response was malformed or connection to the instance had"
            )
            return Reply(503, {"Content-Type": "text/plain"}, said + b" an error.")
        finally:
            connection.close()


def _pull(run: Run, image: str) -> None:
    client = engine()
    try:
        client.images.get(image)
    except ImageNotFound:
        try:
            client.images.pull(image)
        except (APIError, ImageNotFound) as error:
            raise NotThere(str(error)) from error
        run.pulled.append(image)


def _sockets(run: Run, template: dict[str, Any], main: dict[str, Any]) -> list[Mount]:
    """The directory of each Cloud SQL instance that is mounted, with its socket; of one that is not known, none."""
    mounted = {each["name"]: each["mountPath"] for each in main.get("volumeMounts", [])}
    return [
        Mount(f"{mounted[each['name']]}/{instance}", run.sql[instance], type="volume")
        for each in template.get("volumes", [])
        for instance in each.get("cloudSqlInstance", {}).get("instances", [])
        if each["name"] in mounted and instance in run.sql
    ]


def _environ(run: Run, main: dict[str, Any]) -> dict[str, str]:
    """Its variables, with the values of the secrets that they name."""
    found = {}
    for each in main.get("env", []):
        reference = each.get("valueSource", {}).get("secretKeyRef")
        if reference:
            found[each["name"]] = (
                secret_bytes(run, reference["secret"], reference.get("version", "latest")) or b""
            ).decode()
        else:
            found[each["name"]] = each.get("value", "")
    return found
