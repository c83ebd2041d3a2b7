"""HTTP to a container that publishes no port: through the edge, which is on the same network."""

from __future__ import annotations

import http.client
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .channel import Channel
from .relay import Trouble

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


def send(channel: Channel, address: str, request: Request, timeout: float) -> Answer:
    """Send a request to `address` (`172.18.0.3:8080`) from inside the edge, for at most `timeout` seconds.

    Raises NoAnswer.
    """
    try:
        said: Any = Said(channel.carry(f"tcp {address}", encode(request), timeout))
        answer = http.client.HTTPResponse(said, method=request.method)
        answer.begin()
        return Answer(answer.status, answer.read(LIMIT).decode(errors="replace"))
    except TimeoutError:
        raise NoAnswer(f"did not answer within {timeout:.3g} s") from None
    except (http.client.HTTPException, ConnectionError, ValueError) as error:
        raise NoAnswer(complaint(error)) from None


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


def complaint(error: Exception) -> str:
    """What the relay said, or what the answer looked like."""
    said = str(error)
    if isinstance(error, Trouble):
        return "refused the connection" if "refused" in said else "could not be reached"
    if isinstance(error, ConnectionError) or not said:
        return "closed the connection without an answer"
    return f"answered what is no HTTP: {said[:80]!r}"


class Said(io.BytesIO):
    """Bytes that came back, with the little that http.client asks of a socket."""

    def makefile(self, _mode: str) -> Said:
        """Itself, as a file."""
        return self
