"""What the SDKs know of their own calls: which HTTP request a gRPC method is, and the names of enum numbers."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import grpc

CLIENTS = {
    "run": (
        "google.cloud.run_v2",
        ("ServicesClient", "RevisionsClient", "JobsClient", "ExecutionsClient", "TasksClient", "WorkerPoolsClient"),
    ),
    "cloudbuild": ("google.cloud.devtools.cloudbuild_v1", ("CloudBuildClient",)),
    "artifactregistry": ("google.cloud.artifactregistry_v1", ("ArtifactRegistryClient",)),
    "secretmanager": ("google.cloud.secretmanager_v1", ("SecretManagerServiceClient",)),
    "logging": ("google.cloud.logging_v2.services.logging_service_v2", ("LoggingServiceV2Client",)),
}
LOGGING = {  # its SDK has no REST transport that could tell
    "ListLogEntries": "/v2/entries:list",
    "WriteLogEntries": "/v2/entries:write",
    "TailLogEntries": "/v2/entries:tail",
}
OPERATIONS = ("get_operation", "list_operations", "delete_operation", "wait_operation", "cancel_operation")


class Sent(NamedTuple):
    """A gRPC request as the HTTP request that says the same."""

    verb: str
    path: str
    query: list[tuple[str, str]]
    body: Any


@dataclass(frozen=True)
class Rpc:
    """A gRPC method. `options` are the SDK's rules for its HTTP request."""

    name: str
    request: Any  # protobuf's class of the request
    reply: Any  # that of the reply, or None for nothing
    options: tuple[dict[str, str], ...]

    def sent(self, message: Any) -> Sent:
        """The HTTP request. Raises ValueError where none says the same."""
        from google.api_core import path_template
        from google.protobuf import json_format  # type: ignore[import-untyped]

        found: dict[str, Any] = path_template.transcode(list(self.options), message)  # type: ignore[no-untyped-call]
        body = found.get("body")
        query = json_format.MessageToDict(found["query_params"]) if found.get("query_params") is not None else {}
        given = None if body is None else json_format.MessageToDict(body)
        return Sent(found["method"].upper(), found["uri"], list(_flat(query, "")), given)


def _flat(query: dict[str, Any], before: str) -> Iterator[tuple[str, str]]:
    for name, value in query.items():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict):
                yield from _flat(each, f"{before}{name}.")
            else:
                yield f"{before}{name}", json.dumps(each) if isinstance(each, bool) else str(each)


class _Recorder(grpc.Channel):
    """A channel to nowhere that keeps which methods a transport makes."""

    def __init__(self) -> None:
        self.made: dict[str, tuple[Any, Any]] = {}

    def _keep(self, method: str, request_serializer: Any = None, response_deserializer: Any = None, *_: Any) -> Any:
        self.made[method] = (_of(request_serializer) or _common(method), _of(response_deserializer))
        return lambda *_args, **_more: None

    unary_unary = unary_stream = stream_unary = stream_stream = _keep

    def subscribe(self, callback: Any, try_to_connect: Any = None) -> None:
        pass

    def unsubscribe(self, callback: Any) -> None:
        pass

    def close(self) -> None:
        pass

    def __enter__(self) -> _Recorder:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def _of(function: Any) -> Any:
    """Protobuf's class that a bound serializer or parser belongs to."""
    owner: Any = getattr(function, "__self__", None)
    return owner.pb() if hasattr(owner, "pb") else owner


def _common(method: str) -> Any:
    """The class of the request of a method that all APIs have: its serializer is not bound to it."""
    from google.cloud.location import locations_pb2  # type: ignore[import-untyped]
    from google.iam.v1 import iam_policy_pb2  # type: ignore[import-untyped]
    from google.longrunning import operations_pb2  # type: ignore[import-untyped]

    name = f"{method.rpartition('/')[2]}Request"
    found = (getattr(each, name, None) for each in (operations_pb2, iam_policy_pb2, locations_pb2))
    return next(each for each in found if each is not None)


@cache
def rpcs(api: str) -> dict[str, Rpc]:
    """The gRPC methods of an API's SDK by their names, such as `/google.cloud.run.v2.Services/GetService`."""
    if api not in CLIENTS:
        return {}
    package, names = CLIENTS[api]
    found = {}
    for name in names:
        client = getattr(importlib.import_module(package), name)
        recorder = _Recorder()
        transport = client.get_transport_class("grpc")(channel=recorder)
        made = [*transport._stubs, *(each for each in OPERATIONS if hasattr(transport, each))]
        transport._logged_channel = recorder  # interceptors would make nothing before the first call
        transport._stubs.clear()
        for each in made:
            getattr(transport, each)
        rest = client._transport_registry.get("rest")
        for method, (request, reply) in recorder.made.items():
            found[method] = Rpc(method, request, reply, _options(rest, method.rpartition("/")[2]))
    return found


def _options(rest: Any, method: str) -> tuple[dict[str, str], ...]:
    if rest is None:
        return ({"method": "post", "uri": LOGGING[method], "body": "*"},) if method in LOGGING else ()
    base = getattr(rest, f"_Base{method}", None)
    return tuple(base._get_http_options()) if base and hasattr(base, "_get_http_options") else ()


def named(api: str, verb: str, path: str, body: Any, query: list[tuple[str, str]]) -> tuple[Any, Any]:
    """Body and query with the names of enums instead of numbers, as `enum-encoding=int` sends them."""
    for rpc in rpcs(api).values():
        for option in rpc.options:
            if option["method"].upper() == verb and _fits(option["uri"], path):
                top = rpc.request.DESCRIPTOR
                field = option.get("body", "*")
                inner = top if field == "*" else top.fields_by_name[field].message_type
                return _named(inner, body), [(key, _named(top, {key: value})[key]) for key, value in query]
    return body, query


def _fits(template: str, path: str) -> bool:
    from google.api_core import path_template

    return bool(path_template.validate(template, path))  # type: ignore[no-untyped-call]


def _named(descriptor: Any, value: Any) -> Any:
    """A message's JSON with the names of its enums."""
    if not isinstance(value, dict) or descriptor.full_name.startswith("google.protobuf."):
        return value
    fields = {each.json_name: each for each in descriptor.fields}
    return {key: _field(fields[key], each) if key in fields else each for key, each in value.items()}


def _field(field: Any, value: Any) -> Any:
    if isinstance(value, list):
        return [_field(field, each) for each in value]
    if field.message_type and field.message_type.GetOptions().map_entry:
        inner = field.message_type.fields_by_name["value"]
        return {key: _field(inner, each) for key, each in value.items()} if isinstance(value, dict) else value
    if field.message_type:
        return _named(field.message_type, value)
    if field.enum_type and str(value).isdigit() and not isinstance(value, bool):
        known = field.enum_type.values_by_number.get(int(value))
        return known.name if known else value
    return value
