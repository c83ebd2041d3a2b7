"""Values against the schemas of a discovery document: fields, scalars, enums, durations, dates."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from .errors import Refused, invalid

DURATION = re.compile(r"-?\d+(\.\d{1,9})?s")
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
MASK = re.compile(r"(\*|[a-z][A-Za-z0-9.]*(,[a-z][A-Za-z0-9.]*)*)?")
NUMBER = re.compile(r"-?\d+")
RANGES = {"int32": 2**31, "uint32": 2**32, "int64": 2**63, "uint64": 2**64}


def checked(schemas: Mapping[str, Any], schema: Mapping[str, Any], value: Any, at: str) -> Any:
    """The value without nulls. Raises Refused for an unknown field, or a value of another kind than the schema says."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"]]
    kind = schema.get("type", "any")
    if kind == "any":
        return value
    if kind == "array":
        if not isinstance(value, list):
            raise _wrong(at, value, "a list")
        return [checked(schemas, schema["items"], each, f"{at}[{index}]") for index, each in enumerate(value)]
    if kind == "object":
        return _object(schemas, schema, value, at)
    return scalar(schema, value, at)


def _object(schemas: Mapping[str, Any], schema: Mapping[str, Any], value: Any, at: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(at, value, "an object")
    known, more = schema.get("properties", {}), schema.get("additionalProperties")
    found = {}
    for name, each in value.items():
        inner = known.get(name, more)
        if inner is None:
            where = f" at '{at}'" if at else ""
            raise invalid(f'Invalid JSON payload received. Unknown name "{name}"{where}: Cannot find field.')
        if each is not None:
            found[name] = checked(schemas, inner, each, f"{at}.{name}" if at else name)
    return found


def scalar(schema: Mapping[str, Any], value: Any, at: str) -> Any:
    """A string, number or boolean. Raises Refused for anything else than the schema says."""
    kind, form = schema["type"], schema.get("format", "")
    if kind == "boolean":
        if not isinstance(value, bool):
            raise _wrong(at, value, "true or false")
    elif kind == "integer" or form in RANGES:
        whole = isinstance(value, int) and not isinstance(value, bool)
        if not whole and not (isinstance(value, str) and NUMBER.fullmatch(value)):
            raise _wrong(at, value, form or "a number")
        if not -RANGES[form or "int32"] <= int(value) < RANGES[form or "int32"]:
            raise _wrong(at, value, form)
        return int(value) if kind == "integer" else str(value)
    elif kind == "number":
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise _wrong(at, value, "a number")
    elif not isinstance(value, str):
        raise _wrong(at, value, "a string")
    elif "enum" in schema:
        if value not in schema["enum"]:
            raise _wrong(at, value, "one of " + ", ".join(schema["enum"]))
    elif not _formed(form, value):
        raise _wrong(at, value, form)
    return value


def _formed(form: str, value: str) -> bool:
    if form == "byte":
        try:
            base64.b64decode(value.replace("-", "+").replace("_", "/"), validate=True)
        except binascii.Error:
            return False
        return True
    forms = {"google-duration": DURATION, "google-datetime": DATE, "date-time": DATE, "google-fieldmask": MASK}
    return form not in forms or bool(forms[form].fullmatch(value))


def parameter(schema: Mapping[str, Any], value: str, name: str) -> Any:
    """A query parameter as its type. Raises Refused."""
    if schema["type"] == "boolean":
        if value.lower() not in ("true", "false"):
            raise _wrong(name, value, "true or false")
        return value.lower() == "true"
    return scalar(schema, value, name)


def _wrong(at: str, value: Any, wanted: str) -> Refused:
    said = f'"{value}"' if isinstance(value, str) else str(value)
    return invalid(f"Invalid value at '{at}' ({wanted}), {said}")
