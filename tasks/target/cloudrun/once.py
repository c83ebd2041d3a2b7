"""One command in an execution of a job of its own: a migration, say."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from google.api_core import exceptions
from google.cloud import run_v2

from ...errors import DeployFailed, DockyardError
from ...say import say
from . import executions, running, waiting
from . import job as jobs
from .calls import PASSING, READ, TIMEOUT, WRITE, conflict
from .faults import told
from .output import Output
from .running import short

if TYPE_CHECKING:
    from ...environment.settings import Environment
    from .. import Release
    from .clients import Clients
    from .service import Fleet

FIRST, POLL = 0.1, 1.0  # seconds between two looks at an execution: soon at first, which short ones end by
TRIES = 3  # updates of the job that meet somebody else's


def run(fleet: Fleet, release: Release, command: Sequence[str]) -> int:
    """Run it to its end with the service's variables, secrets and network; its output on standard error; the exit code.

    One of an earlier Dockyard, which was killed, is waited for first. Whatever ends this cancels the execution. Raises
    DockyardError where nothing could be started, DeployFailed for an execution that tells no exit code, or takes longer
    than DEPLOY_TIMEOUT.
    """
    environment, clients = fleet.environment, fleet.clients
    name = f"{clients.parent}/jobs/{jobs.name(environment.service)}"
    ready = prepared(fleet, name, release, command)
    execution = started(clients, ready)
    say(f"Execution {short(execution)} of job {short(name)} runs it.")
    shown = Output(clients, short(name), short(execution))
    with told(DeployFailed), executions.cancelling(clients, environment, execution, shown) as ended:
        found = waited(clients, execution, environment.deploy_timeout, shown)
        ended.append(short(execution))
        executions.refuse_unstarted(found)
        shown.drain()
        return executions.exit_code(clients, found)


def prepared(fleet: Fleet, name: str, release: Release, command: Sequence[str]) -> run_v2.Job:
    """The job with this release and command, made or changed, once no execution of it runs."""
    clients, environment = fleet.clients, fleet.environment
    service = fleet.lately().service
    template = service.template if service else None
    for _ in range(TRIES):
        live = there(clients, name)
        if live is not None:
            executions.await_left(clients, name, environment)
        wanted = jobs.wanted(live, template, environment, release, command)
        try:
            if live is None:
                clients.jobs.create_job(
                    parent=clients.parent, job=wanted, job_id=short(name), retry=WRITE, timeout=TIMEOUT
                )
            else:
                clients.jobs.update_job(job=wanted, retry=WRITE, timeout=TIMEOUT)
        except exceptions.GoogleAPICallError as error:
            if not conflict(error):
                raise
            continue
        return settled(clients, name, environment)
    raise DockyardError(f"Job {short(name)} is changed by others all the time: see who does, and type the same again.")


def there(clients: Clients, name: str) -> run_v2.Job | None:
    """The job as it is; None where there is none."""
    try:
        found: run_v2.Job = clients.jobs.get_job(name=name, retry=READ, timeout=TIMEOUT)
    except exceptions.NotFound:
        return None
    return found


def settled(clients: Clients, name: str, environment: Environment) -> run_v2.Job:
    """The job once Cloud Run has it as it was asked. Raises DockyardError where it is not taken."""
    for pause in waiting.pauses(environment.deploy_timeout):
        found = there(clients, name)
        if found is None:
            raise DockyardError(f"Job {short(name)} was deleted meanwhile; type the same again.")
        if running.reconciled(found):
            if waiting.failed(found.terminal_condition):
                said = found.terminal_condition.message
                raise DockyardError(f"Job {short(name)} is not usable: {said} The command was not run.")
            return found
        time.sleep(pause)
    raise DockyardError(f"Job {short(name)} did not get ready within {environment.deploy_timeout:g} s.")


def started(clients: Clients, ready: run_v2.Job) -> str:
    """The name of a new execution of the job; none is started of one that somebody else has changed by now."""
    request = run_v2.RunJobRequest(name=ready.name, etag=ready.etag)
    try:
        operation: Any = clients.jobs.run_job(request=request, retry=None, timeout=TIMEOUT)
        return str(operation.metadata.name)
    except exceptions.GoogleAPICallError as error:
        if conflict(error):
            raise DockyardError(
                f"Job {short(ready.name)} was changed meanwhile, and the command was not run; type the same again."
            ) from None
        if not isinstance(error, PASSING):
            raise
        return begun(clients, ready, error)


def begun(clients: Clients, ready: run_v2.Job, error: Exception) -> str:
    """The execution that was started although the answer to that was lost. Raises the error where there is none."""
    with told(DeployFailed):
        found = there(clients, ready.name)
    newest = found.latest_created_execution.name if found else ""
    if not newest or newest == ready.latest_created_execution.name:
        raise error
    return f"{ready.name}/executions/{short(newest)}"


def waited(clients: Clients, execution: str, patience: float, shown: Output) -> run_v2.Execution:
    """The execution at its end, its output shown meanwhile. Raises DeployFailed after `patience` seconds."""
    deadline, pause = time.monotonic() + patience, FIRST
    while True:
        found: run_v2.Execution = clients.executions.get_execution(name=execution, retry=READ, timeout=TIMEOUT)
        if executions.over(found):
            return found
        if time.monotonic() >= deadline:
            raise DeployFailed(
                f"Execution {short(execution)} did not end within {patience:g} s (DEPLOY_TIMEOUT): it is cancelled "
                "now; raise DEPLOY_TIMEOUT if it needs longer."
            )
        shown.show()
        time.sleep(pause)
        pause = min(POLL, pause * 1.5)
