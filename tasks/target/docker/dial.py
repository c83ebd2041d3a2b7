"""HTTP to a container that publishes no port: through the edge, which is on the same network."""

from __future__ import annotations

import http.client
import io
import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field

import docker

from .exchange import Exchange, Frames

CONNECT = 2  # seconds
LIMIT = 1 << 20  # bytes of an answer that are read


class NoAnswer(Exception):
    """No HTTP answer came; the text says what happened instead, without a subject: `refused the connection`."""


@dataclass(frozen=True)
class Request:
    """One HTTP request. `headers` may hold secrets."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    """A status and the first mebibyte of a body."""

    status: int
    body: str


def send(client: docker.DockerClient, edge: str, address: str, request: Request, timeout: float) -> Answer:
    """Send a request to `address` (`172.18.0.3:8080`) from inside the edge, for at most `timeout` seconds.

    Raises NoAnswer.
    """
    data = encode(request)
    with closing(Exchange(client, edge, ["socat", "-t0.05", "-", f"TCP4:{address},connect-timeout={CONNECT}"])) as wire:
        wire.send(data, timeout)
        try:
            answer = http.client.HTTPResponse(Wire(wire.frames), method=request.method)  # type: ignore[arg-type]
            answer.begin()
            return Answer(answer.status, answer.read(LIMIT).decode(errors="replace"))
        except TimeoutError:
            raise NoAnswer(f"did not answer within {timeout:.3g} s") from None
        except (http.client.HTTPException, OSError, ValueError) as error:
            raise NoAnswer(complaint(wire.complaint(), error)) from None


def encode(request: Request) -> bytes:
    """A request as HTTP/1.1 bytes; the connection ends with it."""
    length = {"Content-Length": str(len(request.body))} if request.body else {}
    headers = {"user-agent": "User-Agent: dockyard", "accept": "Accept: */*"}
    for name, value in [*request.headers.items(), *length.items(), ("Connection", "close")]:
        headers[name.lower()] = f"{name}: {value}"
    lines = [f"{request.method} {request.path} HTTP/1.1", *headers.values()]
    if any("\r" in line or "\n" in line for line in lines):
        raise NoAnswer("cannot be asked: its path or a header holds a line break")
    return "\r\n".join([*lines, "", ""]).encode() + request.body


def complaint(said: str, error: Exception) -> str:
    """What socat said, or what the answer looked like."""
    if "refused" in said:
        return "refused the connection"
    if re.search(r"No route|timed out", said):
        return "could not be reached"
    if isinstance(error, http.client.RemoteDisconnected) or not str(error):
        return "closed the connection without an answer"
    return f"answered what is no HTTP: {str(error)[:80]!r}"


class Wire:
    """The little that http.client asks of a socket."""

    def __init__(self, frames: Frames) -> None:
        self.frames = frames

    def makefile(self, _mode: str) -> io.BufferedReader:
        """The answer, as a file."""
        return io.BufferedReader(self.frames)
