"""How Cloud Run is to behave: what a test turns before it looks."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Predicate = Callable[[dict[str, Any]], bool]

PORT = (
    "The user-provided container failed to start and listen on the port defined provided by the PORT={port} "
    "environment variable within the allocated timeout. This can happen when the container port is misconfigured or if "
    "the timeout is too short. The health check timeout can be extended. Logs for this revision might contain more "
    "information."
)
HOWS: dict[str, dict[str, str]] = {
    "crash": {"revisionReason": "HEALTH_CHECK_CONTAINER_ERROR", "message": PORT},
    "image": {"reason": "CONTAINER_MISSING", "message": "Image '{image}' not found."},
    "denied": {
        "reason": "CONTAINER_IMAGE_UNAUTHORIZED",
        "message": "Google Cloud Run Service Agent {agent} must have permission to read the image, {image}. Ensure "
        "that the provided container image URL is correct and that the above account has permission to access the "
        "image.",
    },
    "secret": {
        "reason": "SECRETS_ACCESS_CHECK_FAILED",
        "message": "spec.template.spec.containers[0].env[0].value_from.secret_key_ref.name: {message}",
    },
    "never": {},
    "slow": {},
}


@dataclass(frozen=True)
class Broken:
    """Revisions that do not come up: those with `what` anywhere in them, or that `what` picks.

    `crash`, `image`, `denied` and `secret` fail after the rollout, `slow` is ready `seconds` later, `never` stays as it
    is, until Cloud Run gives up after `seconds` where there are some.
    """

    what: str | Predicate
    how: str = "crash"
    message: str = ""
    logs: tuple[str, ...] = ()
    seconds: float = 0.0

    def matches(self, document: dict[str, Any]) -> bool:
        return self.what(document) if callable(self.what) else self.what in json.dumps(document)

    def condition(self, **words: str) -> dict[str, str]:
        """What the condition of a revision says."""
        how = HOWS[self.how] or HOWS["crash"]
        said = self.message or how["message"].format(**{"message": "It was not found.", **words})
        return {**how, "message": said}


@dataclass(frozen=True)
class Answer:
    """How revisions with `what` in them answer requests to paths that begin with `path`."""

    what: str
    status: int = 200
    path: str = "/"
    body: str = ""
    delay: float = 0.0
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Output:
    """What an execution of a job does: lines to its log, an exit code, the seconds that it takes.

    `codes` are the exit codes of one attempt after the other, `exit_code` is that of all others.
    """

    lines: tuple[str, ...] = ()
    exit_code: int = 0
    seconds: float = 0.0
    codes: tuple[int, ...] = ()
    severity: str = "DEFAULT"
