"""Which keys there are, which platform honours each, and what is said about another."""

from __future__ import annotations

import difflib
import re
from functools import cache

from .forms import check_part
from .settings import Row, fields
from .values import Kind

ALL = ("docker", "cloudrun", "ecs")

# Keys that not every platform can honour. A key that is not here is for all of them.
HONOURED = {
    "PROJECT": ("cloudrun",),
    "REGION": ("cloudrun", "ecs"),
    "CLUSTER": ("ecs",),
    "TASK_FAMILY": ("ecs",),
    "CONTAINER": ("ecs",),
    "ACCOUNT": ("ecs",),
    "DOCKER_CONTEXT": ("docker",),
    "GPU": ("cloudrun",),  # Fargate has none
    "GPU_TYPE": ("cloudrun",),
    "GPU_ZONAL_REDUNDANCY": ("cloudrun",),
    "MIN_INSTANCES": ("cloudrun",),
    "MAX_INSTANCES": ("cloudrun",),
    "REPLICAS": ("docker", "ecs"),
    "CONCURRENCY": ("cloudrun",),
    "REQUEST_TIMEOUT": ("docker", "cloudrun"),  # on ECS it is the load balancer's
    "PUBLIC": ("cloudrun",),
    "SERVICE_ACCOUNT": ("cloudrun",),
    "CLOUDSQL": ("cloudrun",),
    "READ_ONLY": ("docker", "ecs"),
    "TMPFS": ("docker", "ecs"),
    "DRAIN_TIMEOUT": ("docker", "ecs"),  # Cloud Run stops an instance after 10 s, always
    "HEALTH_COMMAND": ("ecs",),
    "LOG_GROUP": ("ecs",),
    "MAX_ERROR_RATE": ("docker", "cloudrun"),  # ECS counts no requests
}

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,47}")


@cache
def rows() -> dict[str, tuple[Row, str]]:
    """Every key, `ENV_<NAME>` and its like included, with its default; in the model's order."""
    found: dict[str, tuple[Row, str]] = {}
    for name, about in fields().items():
        if about.rows is not None:
            found |= {row.key: (row, "") for row in about.rows}
        elif about.kind is not None:
            row = Row(name.upper(), about.description, about.kind.text)
            found[row.key] = (
                row,
                about.kind.default or ("required" if about.required else default(about.default, about.kind)),
            )
    return found


def default(value: object, kind: Kind) -> str:
    """A default as an env file would say it, as code; "" where there is none."""
    text = "" if value is None else str(value)
    if isinstance(value, bool):
        text = text.lower()
    if isinstance(value, float):
        text = f"{value:g}{'s' if kind.text.startswith('duration') else ''}"
    if isinstance(value, tuple):
        text = ",".join(value)
    return f"`{text}`" if text else ""


@cache
def prefixes() -> tuple[str, ...]:
    """`ENV_`, `SECRET_` and the others that a name follows, the longest first."""
    found = {key.partition("<")[0] for key in rows() if "<" in key}
    return tuple(sorted(found, key=len, reverse=True))


def pattern(key: str) -> str:
    """The row that a key belongs to: PORT, `ENV_<NAME>`, `CHECK_<NAME>_BODY`; "" for an unknown key."""
    if key in rows():
        return "" if "<" in key else key
    prefix = next((prefix for prefix in prefixes() if key.startswith(prefix) and key != prefix), "")
    if prefix == "CHECK_":
        return f"CHECK_<NAME>{check_part(key)[1]}"
    return next((row for row in rows() if prefix and row.partition("<")[0] == prefix), "")


def is_variable(key: str) -> bool:
    """Whether a key is a variable of the container: ENV_<NAME>, which ENV_FILE is not."""
    return key.startswith("ENV_") and key != "ENV_FILE"


def targets(key: str) -> tuple[str, ...]:
    """The platforms that honour a key."""
    return HONOURED.get(key, ALL)


def unknown(key: str) -> str:
    """What is said about an unknown key. One that may be a line of something else is not repeated."""
    if not _NAME.fullmatch(key):
        return "this line sets no known key; write KEY=value, or quote a value of several lines."
    if key in prefixes():
        return f"{key} lacks a name; write it as {key}NAME."
    if near := nearest(key):
        return f"{key} is unknown; did you mean {near}?"
    return f"{key} is unknown; a variable of the container is written ENV_{key}."


def nearest(key: str) -> str:
    """The known key that is most like another, if one is."""
    candidates = [row for row in rows() if "<" not in row]
    parts = key.upper().split("_")
    for prefix in prefixes():
        head = prefix.count("_")
        if difflib.get_close_matches("_".join(parts[:head]) + "_", [prefix], cutoff=0.7) and "_".join(parts[head:]):
            candidates.append(prefix + "_".join(key.split("_")[head:]))
    near = difflib.get_close_matches(key.upper(), [candidate.upper() for candidate in candidates], n=1, cutoff=0.7)
    return next((candidate for candidate in candidates if near and candidate.upper() == near[0]), "")
