"""Lists in pages."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from .errors import invalid

MOST = 1000  # of one page


def page(name: str, found: Sequence[Any], params: Mapping[str, Any], usual: int = 100) -> dict[str, Any]:
    """The page that a request asks for, with the token of the next. Raises Refused for a token that is none."""
    size = min(int(params.get("pageSize") or usual), MOST)
    if size < 0:
        raise invalid("page_size must not be negative.")
    start = 0
    if token := params.get("pageToken"):
        try:
            start = int(base64.urlsafe_b64decode(token))
        except (binascii.Error, ValueError):
            raise invalid(f"Invalid page token: {token}") from None
    shown = {name: list(found[start : start + size])} if found[start : start + size] else {}
    more = {"nextPageToken": base64.urlsafe_b64encode(str(start + size).encode()).decode()}
    return {**shown, **(more if start + size < len(found) else {})}
