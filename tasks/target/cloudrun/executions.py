"""Executions of a job: whether they have ended and how, and what ends them before."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from google.cloud import run_v2

from ...errors import DeployFailed, DockyardError
from ...say import say
from ...signals import uninterrupted
from .calls import READ, TIMEOUT, WRITE
from .faults import told
from .running import short

if TYPE_CHECKING:
    from ...environment.settings import Environment
    from .clients import Clients
    from .output import Output

POLL = 1.0  # seconds between two looks for one that is waited for
Reason = run_v2.Condition.CommonReason
UNSTARTED = (
    Reason.CONTAINER_MISSING,
    Reason.CONTAINER_PERMISSION_DENIED,
    Reason.CONTAINER_IMAGE_UNAUTHORIZED,
    Reason.CONTAINER_IMAGE_AUTHORIZATION_CHECK_FAILED,
    Reason.ENCRYPTION_KEY_PERMISSION_DENIED,
    Reason.ENCRYPTION_KEY_CHECK_FAILED,
    Reason.SECRETS_ACCESS_CHECK_FAILED,
)


def over(found: run_v2.Execution) -> bool:
    """Whether an execution has ended."""
    return bool(found.completion_time) or bool(found.succeeded_count + found.failed_count + found.cancelled_count)


def refuse_unstarted(found: run_v2.Execution) -> None:
    """Raise DockyardError for an execution that Cloud Run could not start, for want of its image or a secret, say."""
    for each in found.conditions:
        if each.type_ == "Completed" and each.reason in UNSTARTED:
            said = each.message.rstrip(". ")
            raise DockyardError(f"Execution {short(found.name)} could not start: {said}. The command was not run.")


def exit_code(clients: Clients, found: run_v2.Execution) -> int:
    """What the task ended with; that a signal ended it is said, and is 128 and the signal's number.

    Raises DeployFailed for one that has no exit code.
    """
    name = short(found.name)
    if found.succeeded_count and not found.failed_count:
        return 0
    if found.cancelled_count and not found.failed_count:
        raise DeployFailed(f"Execution {name} was cancelled: the command may have done a part.")
    tasks = clients.tasks.list_tasks(parent=found.name, retry=READ, timeout=TIMEOUT)
    for task in tasks:
        result = task.last_attempt_result
        if result.exit_code:
            return int(result.exit_code)
        if result.term_signal:
            say(f"Execution {name} was ended by signal {result.term_signal}.")
            return 128 + int(result.term_signal)
        if result.status.message:
            raise DeployFailed(f"Execution {name} has no exit code: {result.status.message}")
    why = next((each.message for each in found.conditions if each.type_ == "Completed"), "")
    raise DeployFailed(f"Execution {name} has no exit code: {why or 'Cloud Run does not say why'}")


@contextmanager
def cancelling(clients: Clients, environment: Environment, execution: str, shown: Output) -> Iterator[list[str]]:
    """Cancel the execution at the end, unless the list that this gives says that it has ended by itself."""
    ended: list[str] = []
    try:
        yield ended
    except BaseException:
        if not ended:
            with uninterrupted():
                cancel(clients, environment, execution)
                shown.now()
        raise


def cancel(clients: Clients, environment: Environment, execution: str) -> None:
    """Cancel an execution; where that is refused, how to do it by hand is said."""
    try:
        with told():
            clients.executions.cancel_execution(name=execution, retry=WRITE, timeout=TIMEOUT)
        say(f"Execution {short(execution)} is cancelled.")
    except DockyardError as error:
        say(
            f"Execution {short(execution)} could not be cancelled: {error.message} gcloud run jobs executions cancel "
            f"{short(execution)} --region={environment.region} --project={environment.project}"
        )


def await_left(clients: Clients, job: str, environment: Environment) -> None:
    """Let a command that a killed process left running come to its end: two migrations at a time would meet.

    Raises DockyardError for one that takes longer than DEPLOY_TIMEOUT.
    """
    deadline = time.monotonic() + environment.deploy_timeout
    said = False
    while left := going(clients, job):
        if not said:
            say(f"Execution {', '.join(left)} still runs a command of a process that was killed; waiting for its end.")
            said = True
        if time.monotonic() >= deadline:
            raise DockyardError(
                f"Execution {', '.join(left)} runs a command of a process that was killed, for longer than "
                f"{environment.deploy_timeout:g} s: type the same again when it has ended, or after gcloud run jobs "
                f"executions cancel {left[0]} --region={environment.region} --project={environment.project}."
            )
        time.sleep(POLL)


def going(clients: Clients, job: str) -> list[str]:
    """The executions of the job that have not ended; the newest hundred are looked at."""
    pager = clients.executions.list_executions(
        request=run_v2.ListExecutionsRequest(parent=job, page_size=100), retry=READ, timeout=TIMEOUT
    )
    page = next(iter(pager.pages), None)
    return [short(each.name) for each in page.executions if not over(each)] if page else []
