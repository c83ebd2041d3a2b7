"""Google's discovery documents: which method a request is, and whether they allow all that it says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from .errors import Refused, invalid
from .schema import checked, parameter

DOCUMENTS = {
    "run": "run.v2",
    "cloudbuild": "cloudbuild.v1",
    "artifactregistry": "artifactregistry.v1",
    "storage": "storage.v1",
    "logging": "logging.v2",
    "secretmanager": "secretmanager.v1",
}
KEPT = ("alt", "fields", "uploadType")  # of the parameters that every method has, what a handler may want to know
Query = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Method:
    """One method of a document."""

    id: str
    verb: str
    path: re.Pattern[str]
    parameters: Mapping[str, Any]
    schemas: Mapping[str, Any]
    request: str  # the name of the body's schema, or ""

    def asked(self, found: re.Match[str], query: Query, common: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters of a request, as their types. Raises Refused for what the document does not allow."""
        given: dict[str, Any] = {
            name: self._text(name, found.group(f"p{position}")) for position, name in enumerate(self._placed(found))
        }
        seen: dict[str, list[str]] = {}
        for name, value in query:
            known = self.parameters.get(name)
            if name == "$alt" or (known is None and name in common):
                if name in KEPT:
                    given[name] = value
                continue
            if known is None or known["location"] != "query":
                raise invalid(
                    f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query parameter. '
                    f"Field '{name}' could not be found in request message."
                )
            seen.setdefault(name, []).append(value)
        for name, values in seen.items():
            known = self.parameters[name]
            if len(values) > 1 and not known.get("repeated"):
                raise invalid(f"Query parameter '{name}' was given more than once.")
            typed = [parameter(known, value, name) for value in values]
            given[name] = typed if known.get("repeated") else typed[0]
        return given

    def _placed(self, found: re.Match[str]) -> list[str]:
        return [name for name, each in self.parameters.items() if each["location"] == "path"][: len(found.groups())]

    def _text(self, name: str, raw: str) -> str:
        """A part of the path; in one of many segments a slash that was written %2F stays so, as in gRPC."""
        if "/" not in self.parameters[name].get("pattern", ""):
            return unquote(raw)
        return "%2F".join(unquote(piece) for piece in re.split("%2[Ff]", raw))

    def body(self, given: Any) -> dict[str, Any]:
        """The body, without nulls. Raises Refused for what the schema does not allow."""
        if not self.request:
            if given:
                raise invalid(f"Invalid JSON payload received. {self.id} takes no body.")
            return {}
        found = checked(self.schemas, {"$ref": self.request}, {} if given is None else given, "")
        assert isinstance(found, dict)
        return found


class Document:
    """An API's document."""

    def __init__(self, api: str) -> None:
        import googleapiclient  # type: ignore[import-untyped]

        folder = Path(googleapiclient.__file__).parent / "discovery_cache/documents"
        self._document = json.loads((folder / f"{DOCUMENTS[api]}.json").read_text(encoding="utf-8"))
        self.schemas: Mapping[str, Any] = self._document["schemas"]
        self.common: Mapping[str, Any] = self._document["parameters"]
        found = sorted(self._methods(self._document), key=lambda each: ":" not in each.path.pattern.replace("(?:", ""))
        self.methods = {each.id: each for each in found}

    def _methods(self, resource: Mapping[str, Any]) -> Iterator[Method]:
        for each in resource.get("methods", {}).values():
            parameters = each.get("parameters", {})
            named = {name: parameters[name] for name in re.findall(r"\{\+?([^}]+)\}", each["path"])}
            path = _pattern(self._document["servicePath"] + each["path"], parameters)
            ordered = {**named, **parameters}
            yield Method(
                each["id"], each["httpMethod"], path, ordered, self.schemas, each.get("request", {}).get("$ref", "")
            )
        for each in resource.get("resources", {}).values():
            yield from self._methods(each)

    def method(self, verb: str, path: str) -> tuple[Method, re.Match[str]]:
        """The method that a verb and a path (as sent, percent-encoded) are. Raises Refused (404) for none."""
        for each in self.methods.values():
            found = each.path.fullmatch(path.lstrip("/")) if each.verb == verb else None
            if found:
                return each, found
        raise Refused(404, "NOT_FOUND", f"The requested URL {path} was not found on this server.")


def _pattern(path: str, parameters: Mapping[str, Any]) -> re.Pattern[str]:
    """A regular expression with a group `p0`, `p1`, … for each parameter in the path."""
    pieces, count = re.split(r"\{\+?([^}]+)\}", path), 0
    for position, piece in enumerate(pieces):
        if position % 2:
            inner = parameters[piece].get("pattern", "[^/]+").removeprefix("^").removesuffix("$")
            pieces[position] = f"(?P<p{count}>{inner})"
            count += 1
        else:
            pieces[position] = re.escape(piece)
    return re.compile("".join(pieces))


@cache
def document(api: str) -> Document:
    """The document of an API, such as `run`, read once."""
    return Document(api)
