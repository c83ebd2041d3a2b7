"""What ECS gives page by page, and what it takes so many of at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

Each = TypeVar("Each")


def listed(ask: Callable[..., Mapping[str, Any]], key: str, **asked: Any) -> list[str]:
    """The ARNs under a key of a List request's reply, of all its pages."""
    found: list[str] = []
    more: dict[str, str] = {}
    while True:
        reply = ask(**asked, **more)
        found += reply.get(key) or ()
        if not reply.get("nextToken"):
            return found
        more = {"nextToken": str(reply["nextToken"])}


def batches(found: Sequence[Each], most: int) -> Iterator[list[Each]]:
    """These in their order, at most so many at a time."""
    for start in range(0, len(found), most):
        yield list(found[start : start + most])
