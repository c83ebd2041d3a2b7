"""One command as a Cloud Run job: with the service's own image, variables, secrets, network and Cloud SQL."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from google.cloud import run_v2

from ...environment.cloudrun import ONCE
from ...errors import DockyardError
from . import container, desired, ledger, limits
from .template import shared

if TYPE_CHECKING:
    from ...environment.settings import Environment
    from .. import Release

OWNER = "dockyard"  # a label: the service that the job belongs to
LONGEST = 24 * 3600  # seconds that a task may take

# What a task's template has in common with a revision's.
ALIKE = ("containers", "volumes", "service_account", "encryption_key", "vpc_access")


def name(service: str) -> str:
    """The job that runs a service's commands."""
    return service + ONCE


def wanted(
    live: run_v2.Job | None,
    template: run_v2.RevisionTemplate | None,
    environment: Environment,
    release: Release,
    command: Sequence[str],
) -> run_v2.Job:
    """The job that runs a command once, without retries, ready to send; `template` is the service's.

    It has no GPU, no ports, and no sidecars, of which a job takes none. Raises DockyardError for a job of
    that name that somebody else made.
    """
    if live is not None and OWNER not in live.labels:
        raise DockyardError(
            f"There is a job {name(environment.service)} that Dockyard did not make, and commands of "
            f"{environment.service} would run in it; rename it, then type the same command again."
        )
    job = desired.sendable(live) if live is not None else run_v2.Job()
    job.labels[OWNER] = environment.service
    wanted = task(template, environment, release, command)
    job.template = run_v2.ExecutionTemplate(task_count=1, parallelism=1, template=wanted)
    job.template.annotations.update(ledger.annotations(environment, release, ""))
    job.client, job.client_version = desired.CLIENT, ""
    return job


def task(
    template: run_v2.RevisionTemplate | None, environment: Environment, release: Release, command: Sequence[str]
) -> run_v2.TaskTemplate:
    """The template of its one task. It may take as long as a deploy may."""
    found = run_v2.TaskTemplate(max_retries=0)
    source = run_v2.RevisionTemplate(template) if template is not None else run_v2.RevisionTemplate()
    for field in ALIKE:
        if field in source:
            setattr(found, field, getattr(source, field))
    found.containers = [shared(found, environment, release)]
    main = found.containers[0]
    main.command, main.args = [], list(command)  # the image's own entrypoint gets the command
    container.unserved(main)
    main.depends_on = []
    mounted = {each.name for each in main.volume_mounts}
    found.volumes = [each for each in found.volumes if each.name in mounted]
    limits.limited(found, main, environment, requests=False)
    limits.unaccelerated(found)
    found.timeout = timedelta(seconds=min(math.ceil(environment.deploy_timeout), LONGEST))
    return found
