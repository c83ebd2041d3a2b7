"""What differs between two task definitions, in words that may be shown: secrets are redacted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...environment.secrets import redact
from ...image.reference import split
from .. import Change
from ..words import arguments
from .normal import Path, flat


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """The changes from one registrable task definition to another; none where ECS treats them alike.

    A described one is made registrable first (`definition.registrable`), else what ECS adds to it differs.
    """
    old, new = flat(before), flat(after)
    differing = [path for path in {*old, *new} if old.get(path) != new.get(path)]
    several = len({path[1] for path in differing if path[0] == "containerDefinitions"}) > 1
    return [
        Change(label(path, what, several=several), first, second)
        for path in sorted(differing, key=lambda path: (path[-1] != "image", path))
        for what, first, second in shown(path, old.get(path), new.get(path))
    ]


def shown(path: Path, before: Any, after: Any) -> list[tuple[str, str, str]]:
    """One leaf's differences, each with its name: an image has two, its repository and its digest or tag."""
    name = what(path)
    if name == "IMAGE" and before is not None and after is not None:
        (old, was), (new, will) = split(before), split(after)
        both = [("IMAGE", old, new), ("IMAGE digest", was, will)]
        return [each for each in both if each[1] != each[2]]
    old, new = text(path, before), text(path, after)
    return [(name, old, f"{new} (another value)" if old == new else new)]


def what(path: Path) -> str:
    """What a leaf is called: as the settings call it where they can name it, else as AWS does."""
    match path:
        case ("containerDefinitions", _, "environment", name, "value"):
            return f"ENV_{name}"
        case ("containerDefinitions", _, "secrets", name, "valueFrom"):
            return f"SECRET_{name}"
        case ("containerDefinitions", _, "image"):
            return "IMAGE"
        case ("containerDefinitions", _, *rest):
            return ".".join(rest) or "container"
    return ".".join(path)


def label(path: Path, what: str, *, several: bool) -> str:
    """The name of a change, with its container where several differ."""
    return f"{path[1]} {what}" if several and path[0] == "containerDefinitions" else what


def text(path: Path, value: Any) -> str:
    """A value for people: "" is unset, so an empty text is `''`; one that looks like a secret is redacted."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return arguments([each if isinstance(each, str) else str(each) for each in value])
    name = path[-2] if path[-1] == "value" and len(path) > 1 else path[-1]
    return redact("" if path[-1] == "valueFrom" else name, str(value)) or "''"
