"""How a build ends that does not succeed."""

from __future__ import annotations


class Failed(Exception):
    """The build ends here: with a status, and why."""

    def __init__(self, status: str, detail: str, kind: str = "") -> None:
        super().__init__(detail)
        self.status, self.detail, self.kind = status, detail, kind
