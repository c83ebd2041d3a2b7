"""A worker of PROCESS_<NAME> as a worker pool: the same image with another command, and no requests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from google.cloud import run_v2

from . import container, desired, ledger, limits, template

if TYPE_CHECKING:
    from ...environment.settings import Environment
    from .. import Release

# What a worker's template has in common with the service's, which a new worker takes over.
ALIKE = (
    "vpc_access",
    "service_account",
    "containers",
    "volumes",
    "encryption_key",
    "encryption_key_revocation_action",
    "encryption_key_shutdown_duration",
    "service_mesh",
    "node_selector",
    "gpu_zonal_redundancy_disabled",
)
BETA = 3  # google.api.LaunchStage
BY_NAME = run_v2.InstanceSplitAllocationType.INSTANCE_SPLIT_ALLOCATION_TYPE_REVISION


def wanted(
    live: run_v2.WorkerPool | None,
    environment: Environment,
    release: Release,
    process: str,
    command: Sequence[str],
    *,
    of: str,
    revision: str = "",
    like: run_v2.RevisionTemplate | None = None,
) -> run_v2.WorkerPool:
    """The worker pool of a release, ready to send; `of` is the main revision that it belongs to.

    Its instances all go to `revision`, by name. A new one has one instance, and the network, volumes and sidecars of
    the service's template where that is given as `like`. Raises SettingError.
    """
    pool = desired.sendable(live) if live is not None else new(like)
    main = template.shared(pool.template, environment, release)
    if live is None:
        main.command = []  # the image's own entrypoint gets the command
        for each in pool.template.containers:
            container.unserved(each)
    main.args = list(command)
    limits.limited(pool.template, main, environment, requests=False)
    pool.template.revision = revision
    template.recorded(pool.template, environment, release)
    pool.template.annotations.update({ledger.OF: of, ledger.PROCESS: process})
    if revision:
        returned(pool, revision, of)
    pool.client, pool.client_version = desired.CLIENT, ""
    return pool


def new(like: run_v2.RevisionTemplate | None) -> run_v2.WorkerPool:
    """A worker pool that is not there yet. Its launch stage is what Cloud Run has worker pools at."""
    pool = run_v2.WorkerPool(launch_stage=BETA, scaling=run_v2.WorkerPoolScaling(manual_instance_count=1))
    source = run_v2.RevisionTemplate(like) if like is not None else run_v2.RevisionTemplate()
    for field in ALIKE:
        if field in source:
            setattr(pool.template, field, getattr(source, field))
    return pool


def returned(pool: run_v2.WorkerPool, revision: str, of: str) -> None:
    """Give all instances of a worker pool to one of its revisions, by name, which belongs to the main one `of`."""
    pool.instance_splits = [run_v2.InstanceSplit(type_=BY_NAME, revision=revision, percent=100)]
    pool.annotations[ledger.OF] = of


def belongs(pool: run_v2.WorkerPool) -> str:
    """The main revision that a worker pool's instances belong to; "" where nobody says."""
    return str(pool.annotations.get(ledger.OF, ""))
