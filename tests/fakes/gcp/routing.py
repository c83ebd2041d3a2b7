"""What answers each method: modules of this package register functions here when they are imported."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from .cloud import Cloud

MODULES = ("run", "build", "storage", "logging", "artifactregistry", "secretmanager", "tokens")


@dataclass
class Reply:
    """An answer that is no JSON document."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Request:
    """A request as it was sent. `path` is percent-encoded and without the query; header names are lower case."""

    verb: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    found: re.Match[str]


Handler = Callable[["Cloud", dict[str, Any], dict[str, Any]], "dict[str, Any] | Reply"]
Raw = Callable[["Cloud", Request], "dict[str, Any] | Reply"]
Stream = Callable[["Cloud", Iterator[dict[str, Any]]], Iterable[dict[str, Any]]]
Part = TypeVar("Part", bound=type)
AnyHandler = TypeVar("AnyHandler", bound=Handler)
AnyRaw = TypeVar("AnyRaw", bound=Raw)
AnyStream = TypeVar("AnyStream", bound=Stream)

HANDLERS: dict[tuple[str, str], Handler] = {}
RAW: list[tuple[str, str, re.Pattern[str], str, Raw]] = []
STREAMS: dict[tuple[str, str], Stream] = {}
PARTS: dict[str, type] = {}


def route(api: str, method: str) -> Callable[[AnyHandler], AnyHandler]:
    """Answer a method of an API's document, such as `run.projects.locations.services.get`.

    The function gets the cloud, the parameters of path and query with their types, and the body; all were checked.
    It returns a document, or a Reply for what is none, or raises Refused.
    """

    def keep(handler: AnyHandler) -> AnyHandler:
        HANDLERS[api, method] = handler
        return handler

    return keep


def raw(api: str, verb: str, pattern: str, method: str) -> Callable[[AnyRaw], AnyRaw]:
    """Answer requests whose whole path (percent-encoded) matches, before the documents are asked: uploads, tokens.

    They are recorded as calls of `method`.
    """

    def keep(handler: AnyRaw) -> AnyRaw:
        RAW.append((api, verb, re.compile(pattern), method, handler))
        return handler

    return keep


def stream(api: str, method: str) -> Callable[[AnyStream], AnyStream]:
    """Answer a gRPC method that has streams, such as `/google.logging.v2.LoggingServiceV2/TailLogEntries`.

    The function gets the cloud and the requests as they come, and gives documents.
    """

    def keep(handler: AnyStream) -> AnyStream:
        STREAMS[api, method] = handler
        return handler

    return keep


def part(name: str) -> Callable[[Part], Part]:
    """Make an object of the class, which gets the cloud, an attribute of each cloud: its knobs and its state.

    It may have a method `close()`, called when the cloud ends.
    """

    def keep(made: Part) -> Part:
        PARTS[name] = made
        return made

    return keep


def load() -> None:
    """Import every module that registers something."""
    for each in MODULES:
        try:
            importlib.import_module(f".{each}", __package__)
        except ModuleNotFoundError as error:
            if error.name != f"{__package__}.{each}":
                raise
