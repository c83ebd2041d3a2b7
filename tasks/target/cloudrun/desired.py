"""The service as it should be: a whole message, ready to send."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from google.cloud import run_v2

from . import template

if TYPE_CHECKING:
    from ...environment.settings import Environment
    from .. import Release

Message = TypeVar("Message", run_v2.Service, run_v2.WorkerPool, run_v2.Job)

CLIENT = "dockyard"

# What Cloud Run says of a service, a worker pool or a job, and takes from nobody.
TOLD = frozenset(
    [
        "uid",
        "generation",
        "create_time",
        "update_time",
        "delete_time",
        "expire_time",
        "creator",
        "last_modifier",
        "urls",
        "uri",
        "observed_generation",
        "terminal_condition",
        "conditions",
        "latest_ready_revision",
        "latest_created_revision",
        "traffic_statuses",
        "instance_split_statuses",
        "satisfies_pzs",
        "threat_detection_enabled",
        "reconciling",
        "execution_count",
        "latest_created_execution",
    ]
)


def service(
    live: run_v2.Service | None, environment: Environment, release: Release, *, revision: str = ""
) -> run_v2.Service:
    """The service of a release, its traffic as it is; `revision` names the one that is made. Raises SettingError."""
    wanted = sendable(live) if live is not None else run_v2.Service()
    before = live.template if live is not None else None
    wanted.template = template.wanted(before, environment, release, revision=revision)
    if "PUBLIC" in environment.origins:
        wanted.invoker_iam_disabled = bool(environment.public)
    wanted.client, wanted.client_version = CLIENT, ""
    return wanted


def sendable(live: Message) -> Message:
    """A copy without what only Cloud Run says, and without the revision's name, which is taken already.

    Its etag stays: an update of it is refused where somebody else was faster.
    """
    found = type(live)(live)
    raw = type(live).pb(found)
    for field in TOLD.intersection(raw.DESCRIPTOR.fields_by_name):
        raw.ClearField(field)
    if not isinstance(found, run_v2.Job):
        found.template.revision = ""
    return found
