"""Which Docker engine, and how it is reached: a context, `DOCKER_HOST`, or the socket of this machine."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import docker
import requests
from docker.errors import DockerException
from docker.tls import TLSConfig
from docker.utils import kwargs_from_env

from ...errors import DockyardError
from ...say import say
from . import context as contexts

T = TypeVar("T")

SOCKET = "unix:///var/run/docker.sock"
CONNECT = 15  # seconds until an engine that does not answer counts as down
CALL = 120  # seconds for one call, such as stopping a container
POOL = 32  # connections at once: every instance of a service may be followed
BACK = 20.0  # seconds that an engine may take to come back where something is half done


class Engine(docker.DockerClient):
    """The SDK's client, which also knows the address that it was asked for (`unix:///…`, `tcp://…`, `ssh://…`)."""

    address: str = SOCKET


def connect(context: str = "") -> Engine:
    """The engine of a Docker context (the setting `DOCKER_CONTEXT`), else the one that Docker's own CLI would use.

    That is `DOCKER_HOST`, then the variable `DOCKER_CONTEXT`, then `currentContext` of Docker's configuration,
    then the socket of this machine. Raises DockyardError if it does not answer.
    """
    address, tls = locate(context, os.environ)
    try:
        client = Engine(base_url=reach(address), tls=tls or False, timeout=CONNECT, max_pool_size=POOL)
    except (DockerException, OSError) as error:
        raise DockyardError(silent(address, context, error)) from error
    client.address = address
    client.api.timeout = CALL
    return client


def locate(context: str, environ: Mapping[str, str]) -> tuple[str, TLSConfig | None]:
    """The address (`unix:///…`, `tcp://…`, `ssh://…`) and TLS material. Raises SettingError for an unknown context."""
    if not context and environ.get("DOCKER_HOST"):
        tls = kwargs_from_env(environment=dict(environ)).get("tls")
        return environ["DOCKER_HOST"], tls if isinstance(tls, TLSConfig) else None
    found = contexts.find(context or contexts.current(environ), environ)
    return (found.address, found.tls) if found else (SOCKET, None)


def back(client: docker.DockerClient) -> bool:
    """Whether the engine answers, once it does where it is being restarted; after BACK seconds at the latest."""
    deadline = time.monotonic() + BACK
    waited = False
    while True:
        try:
            client.api.ping()
            return True
        except (DockerException, requests.exceptions.RequestException):
            if time.monotonic() > deadline:
                return False
        if not waited:
            say(f"Waiting for the Docker engine, {BACK:g} s at most.")
            waited = True
        time.sleep(0.2)


def again(client: docker.DockerClient, do: Callable[[], T]) -> T:
    """Do what may be done twice, and do it anew where the engine went away meanwhile and is back."""
    try:
        return do()
    except (requests.exceptions.ConnectionError, requests.exceptions.Timeout):
        if not back(client):
            raise
        return do()


def host(client: docker.DockerClient) -> str:
    """The engine's host name for URLs: `127.0.0.1` where it is reached through a socket of this machine."""
    address = client.address if isinstance(client, Engine) else str(client.api.base_url)
    parts = urlsplit(address)
    if parts.scheme not in ("tcp", "http", "https", "ssh"):
        return "127.0.0.1"
    name = parts.hostname or "127.0.0.1"
    return f"[{name}]" if ":" in name else name


def clock(client: docker.DockerClient) -> float:
    """The engine's own time, in seconds since 1970: its host's clock may differ from this one's."""
    return instant(str(client.info()["SystemTime"]))


def instant(stamp: str) -> float:
    """A time as the engine writes it, `2026-11-21T22:24:27.123456789Z`, in seconds since 1970."""
    whole, fraction, zone = re.fullmatch(r"(.{19})(\.\d+)?(.*)", stamp).groups()  # type: ignore[union-attr]
    return datetime.fromisoformat(whole + zone).timestamp() + float(fraction or 0)


def reach(address: str) -> str:
    """An address that the SDK can open: `ssh://…` becomes a socket that OpenSSH forwards."""
    return forward(address) if address.startswith("ssh://") else address


def forward(address: str) -> str:
    """Forward the engine's socket of `ssh://[user@]host[:port][/path]` to one of this process's own.

    The SDK's own SSH needs paramiko even to call `ssh`; OpenSSH knows the user's keys, agent and configuration.
    """
    parts = urlsplit(address)
    folder = Path(tempfile.mkdtemp(prefix="dockyard-"))
    socket = folder / "engine.sock"
    login = f"{parts.username}@{parts.hostname}" if parts.username else str(parts.hostname)
    argv = [
        *("ssh", "-N", "-o", "BatchMode=yes", "-o", "ExitOnForwardFailure=yes", "-o", "ServerAliveInterval=15"),
        *(("-p", str(parts.port)) if parts.port else ()),
        *("-L", f"{socket}:{parts.path.rstrip('/') or '/var/run/docker.sock'}", "--", login),
    ]
    try:
        tunnel = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
    except FileNotFoundError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise DockyardError(f"{address} needs `ssh` on the PATH: install the OpenSSH client.") from error

    def close() -> None:
        tunnel.terminate()
        tunnel.wait()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(close)
    deadline = time.monotonic() + CONNECT
    while not socket.exists():
        if tunnel.poll() is not None or time.monotonic() > deadline:
            tunnel.terminate()
            said = tunnel.communicate()[1].strip().splitlines()
            raise DockyardError(f"No Docker engine answers at {address}: {said[-1] if said else 'ssh timed out'}.")
        time.sleep(0.02)
    return f"unix://{socket}"


def silent(address: str, context: str, error: Exception) -> str:
    """The sentence for an engine that does not answer."""
    cause = str(error)
    if "Permission denied" in cause:
        return (
            f"The Docker engine at {address} refuses this user: add it to the group `docker` "
            "(`sudo usermod -aG docker $USER`, then log in again) or run as root."
        )
    why = next(
        (word for word in ("Connection refused", "No such file", "timed out", "Name or service") if word in cause), ""
    )
    where = f" (context {context})" if context else ""
    mend = "type `inv local.up`" if address.startswith("unix://") and not context else "start it or check DOCKER_HOST"
    return f"No Docker engine answers at {address}{where}: {why or cause}; {mend}."
