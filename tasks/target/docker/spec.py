"""What the settings ask of a revision, as text by setting: kept on its containers, compared by the next plan."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...environment.secrets import redact
from .. import Change
from .front import front

if TYPE_CHECKING:
    from ...environment.settings import Environment

Spec = Mapping[str, str]


def spec(environment: Environment) -> dict[str, str]:
    """Every setting that a container or its place behind the edge depends on; unset ones are left out.

    Secrets are in it as references, so a rotated value makes no difference: that is what `--force` is for.
    """
    it = environment
    wanted = {
        "PORT": str(it.port),
        "CPU": "" if it.cpu is None else f"{it.cpu:g}",
        "MEMORY": "" if it.memory is None else size_text(it.memory),
        "REPLICAS": str(it.replicas),
        "READ_ONLY": "true" if it.read_only else "",
        "TMPFS": ",".join(it.tmpfs),
        "HEALTH_PATH": it.health_path,
        "REQUEST_TIMEOUT": f"{it.request_timeout:g}s",
        "published port": front(it).published,
        **{f"SECRET_{name}": reference for name, reference in it.secrets.items()},
        **{f"PROCESS_{name.upper()}": shlex.join(command) for name, command in it.processes.items()},
    }
    return {key: text for key, text in wanted.items() if text} | {f"ENV_{k}": v for k, v in it.variables.items()}


def dump(wanted: Spec) -> str:
    """One canonical line of JSON."""
    return json.dumps(wanted, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def load(text: str) -> dict[str, str]:
    """What `dump` wrote; empty for a container that Dockyard did not make."""
    return {str(key): str(value) for key, value in json.loads(text or "{}").items()}


def changes(before: Spec, after: Spec) -> list[Change]:
    """The settings that differ, by name; values that look like secrets are redacted."""
    found = []
    for key in sorted({*before, *after}):
        if before.get(key) != after.get(key):
            old, new = shown(key, before.get(key)), shown(key, after.get(key))
            found.append(Change(key, old, f"{new} (another value)" if old == new else new))
    return found


def shown(key: str, value: str | None) -> str:
    """A value for people: "" is unset, so an empty variable is `''`; one that looks like a secret is redacted."""
    if value is None:
        return ""
    return redact(key.removeprefix("ENV_"), value) or "''"


def size_text(size: int) -> str:
    """Bytes in the largest binary unit that fits exactly: `512Mi`."""
    for power, letter in ((4, "Ti"), (3, "Gi"), (2, "Mi"), (1, "Ki")):
        if size and size % 1024**power == 0:
            return f"{size // 1024**power}{letter}"
    return str(size)
