"""One command in a container of its own: a migration, say."""

from __future__ import annotations

import codecs
import math
import socket
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import docker
import requests
from docker.errors import NotFound

from ...errors import DockyardError
from ...say import say
from . import faults, names
from .containers import Config
from .exchange import Frames
from .inventory import Box


def run(client: docker.DockerClient, service: str, config: Config) -> int:
    """Run it to its end, its output on standard error as it comes; the exit code. Whatever ends this removes it.

    It is attached to before it starts: what is read from the log afterwards can lack a last line without line end.
    """
    api: Any = client.api
    with faults.told():
        made = api.create_container_from_config(config, names.once(service))
    try:
        with faults.told():
            raw: Any = client.api.attach_socket(made["Id"], params={"stdout": 1, "stderr": 1, "stream": 1})
            connection: socket.socket = getattr(raw, "_sock", raw)
            client.api.start(made["Id"])
            copy(Frames(connection))
            raw.close()
            return int(client.api.wait(made["Id"])["StatusCode"])
    finally:
        with suppress(NotFound):
            client.api.remove_container(made["Id"], force=True)


def await_left(client: docker.DockerClient, boxes: Iterable[Box], patience: float) -> None:
    """Let commands that a killed process left running come to their end: two migrations at a time would meet.

    Raises DockyardError for one that takes longer than `patience` seconds.
    """
    for box in boxes:
        if box.up:
            say(f"{box.name} still runs a command of a process that was killed; waiting for its end.")
        try:
            client.api.wait(box.id, timeout=math.ceil(patience))
            client.api.remove_container(box.id)
        except NotFound:
            continue
        except (requests.exceptions.Timeout, requests.exceptions.ConnectionError):
            raise DockyardError(
                f"{box.name} runs a command of a process that was killed, for longer than {patience:g} s: see "
                f"`docker logs {box.name}`, and type the same again when it has ended, or after `docker rm -f` of it."
            ) from None


def copy(frames: Frames) -> None:
    """Both outputs to standard error; a last line that lacks its end gets one."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    text = ""
    while data := frames.frame()[1]:
        text = decoder.decode(data) or text
        sys.stderr.write(text)
        sys.stderr.flush()
    if text and not text.endswith("\n"):
        sys.stderr.write("\n")
        sys.stderr.flush()
