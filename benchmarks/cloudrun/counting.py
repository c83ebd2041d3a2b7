"""Calls of an API, as a row lists them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from ..processes import Failed


def short(method: str) -> str:
    """`run.projects.locations.services.get` is `services.get`, `run.projects.locations.services.revisions.list` too."""
    return ".".join(method.split(".")[-2:])


def listed(methods: Iterable[str]) -> str:
    """The methods in their order, the same one after another once: `services.get x3, services.patch`."""
    runs = [(name, len(list(same))) for name, same in groupby(map(short, methods))]
    return ", ".join(f"{name} x{times}" if times > 1 else name for name, times in runs)


def until_moved(calls: Iterable[Mapping[str, Any]], revision: str) -> list[str]:
    """The calls up to the one that gives all of the traffic to a revision, that one included.

    Each is as the fake logs it. Raises Failed where there is no such call.
    """
    until = list[str]()
    for call in calls:
        until.append(call["method"])
        asked = call["request"].get("body") or {}
        if any(each.get("revision") == revision and each.get("percent") == 100 for each in asked.get("traffic", ())):
            return until
    raise Failed(f"None of {listed(until)} gives the traffic to {revision}.")
