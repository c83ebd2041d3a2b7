"""The errors of Google's APIs, as REST and gRPC carry them."""

from __future__ import annotations

from typing import Any

REASONS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    412: "FAILED_PRECONDITION",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


class Refused(Exception):
    """A request that Google refuses: the HTTP status, the canonical code (`ABORTED`) and Google's words."""

    def __init__(self, status: int, reason: str = "", message: str = "", details: list[Any] | None = None) -> None:
        self.status, self.reason = status, reason or REASONS.get(status, "UNKNOWN")
        self.message, self.details = message or f"It was refused with {status}.", details or []
        super().__init__(self.message)

    def document(self) -> dict[str, Any]:
        """The body of a REST reply."""
        error = {"code": self.status, "message": self.message, "status": self.reason}
        return {"error": {**error, "details": self.details} if self.details else error}


class Failed(Exception):
    """A build ends here, without success: with a status, and why."""

    def __init__(self, status: str, detail: str, kind: str = "") -> None:
        super().__init__(detail)
        self.status, self.detail, self.kind = status, detail, kind


def invalid(message: str) -> Refused:
    return Refused(400, "INVALID_ARGUMENT", message)


def missing(what: str) -> Refused:
    return Refused(404, "NOT_FOUND", f"Resource '{what}' was not found")


def precondition(message: str) -> Refused:
    return Refused(400, "FAILED_PRECONDITION", message)
