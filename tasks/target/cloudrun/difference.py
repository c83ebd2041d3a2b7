"""What differs between two templates, in words that may be shown: secrets are redacted."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from ...environment.cloudrun import sized
from ...environment.secrets import redact
from ...image.reference import split
from .. import Change
from ..words import arguments
from .limits import GPUS
from .normal import Path, Template, flat

# What the settings call it, by the end of its path in a normal form.
NAMES: Mapping[Path, str] = {
    ("image",): "IMAGE",
    ("port",): "PORT",
    ("resources", "limits", "cpu"): "CPU",
    ("resources", "limits", "memory"): "MEMORY",
    ("resources", "limits", GPUS): "GPU",
    ("startupProbe", "httpGet", "path"): "HEALTH_PATH",
    ("startupProbe", "pace"): "startup probe",
    ("args",): "command",
}
TOP: Mapping[Path, str] = {
    ("nodeSelector", "accelerator"): "GPU_TYPE",
    ("gpuZonalRedundancyDisabled",): "GPU_ZONAL_REDUNDANCY",
    ("scaling", "minInstanceCount"): "MIN_INSTANCES",
    ("scaling", "maxInstanceCount"): "MAX_INSTANCES",
    ("maxInstanceRequestConcurrency",): "CONCURRENCY",
    ("timeout",): "REQUEST_TIMEOUT",
    ("serviceAccount",): "SERVICE_ACCOUNT",
}


def difference(live: Template | None, wanted: Template) -> list[Change]:
    """The changes from one template to another, or to what Cloud Run would run by itself; none where both are alike.

    What is only Dockyard's or Google's own in labels and annotations is none, nor is a revision's name.
    """
    old, new = flat(live if live is not None else type(wanted)()), flat(wanted)
    differing = [path for path in {*old, *new} if old.get(path) != new.get(path)]
    several = len({path[1] for path in {*old, *new} if path[0] == "containers"}) > 1
    return [
        Change(label(path, what, several=several), first, second)
        for path in sorted(differing, key=lambda path: (path[-1] != "image", path))
        for what, first, second in shown(path, old.get(path), new.get(path))
    ]


def shown(path: Path, before: Any, after: Any) -> list[tuple[str, str, str]]:
    """One leaf's differences, each with its name: an image has two, its repository and its digest or tag."""
    name = what(path)
    if name == "IMAGE":
        (old, was), (new, will) = (split(each) if each else ("", "") for each in (before, after))
        both = [("IMAGE", old, new), ("IMAGE digest", was, will)]
        return [each for each in both if each[1] != each[2]]
    old, new = text(path, before), text(path, after)
    return [(name, old, f"{new} (another value)" if old == new else new)]


def what(path: Path) -> str:
    """What a leaf is called: as the settings call it where they can name it, else as Cloud Run does."""
    match path:
        case ("containers", _, "env", name):
            return f"ENV_{name}"
        case ("containers", _, "secrets", name):
            return f"SECRET_{name}"
        case ("containers", _, *rest):
            return NAMES.get(tuple(rest), ".".join(rest))
        case ("volumes", _, "cloudSqlInstance", "instances"):
            return "CLOUDSQL"
    return TOP.get(path, ".".join(path))


def label(path: Path, what: str, *, several: bool) -> str:
    """The name of a change, with its container where there are several."""
    return f"{path[1]} {what}" if several and path[0] == "containers" else what


def text(path: Path, value: Any) -> str:
    """A value for people: "" is unset, so an empty text is `''`; one that looks like a secret is redacted."""
    if value is None:
        return ""
    if path == ("gpuZonalRedundancyDisabled",):
        value = not value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Fraction):
        return sized(int(value)) if path[-1] == "memory" else f"{float(value):g}"
    if isinstance(value, list):
        return arguments([each if isinstance(each, str) else str(each) for each in value])
    named = any(each in path for each in ("env", "httpHeaders"))
    return redact(path[-1] if named else "", str(value)) or "''"
