"""Every way in which Dockyard ends, each with its exit code.

An error is a sentence: what was wrong, its value, and what to type next. Invoke prints
the message on standard error, without a traceback, and exits with the code.
"""

from __future__ import annotations

from collections.abc import Mapping

from invoke.exceptions import Exit


class DockyardError(Exit):
    """Nothing on the platform was changed: a wrong setting, something missing, a failed build (exit 1).

    `document` is what `--json` prints beside the message, such as the checks that failed.
    """

    exit_code = 1

    def __init__(self, message: str, document: Mapping[str, object] | None = None) -> None:
        super().__init__(message=message, code=self.exit_code)
        self.document = dict(document or {})

    def __str__(self) -> str:
        return str(self.message)


class NoLock(DockyardError):
    """The platform does not let this user hold a service, or see who does; a release goes on without (exit 1)."""


class SettingError(DockyardError):
    """A setting, flag or environment name that cannot be used (exit 1)."""


class Unreadable(DockyardError):
    """A log that cannot be read from here, which tells nothing about what writes it (exit 1)."""


class Overtaken(DockyardError):
    """Somebody changed the service before this release had changed anything (exit 1)."""


class PlanDiffers(DockyardError):
    """`deploy.plan` found differences (exit 2). Not a failure: its message may be empty."""

    exit_code = 2


class VerifyFailed(DockyardError):
    """`verify` looked, and what runs is not what should run (exit 3)."""

    exit_code = 3


class DeployFailed(DockyardError):
    """The platform was changed, the release failed, and the change was undone (exit 4)."""

    exit_code = 4


class Locked(DockyardError):
    """Somebody else is releasing this service (exit 5)."""

    exit_code = 5


class Interrupted(DockyardError):
    """Ctrl-C or SIGTERM; what was begun was undone (exit 130)."""

    exit_code = 130
