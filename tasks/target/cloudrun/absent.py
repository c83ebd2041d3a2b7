"""What a deploy would miss in Google Cloud, for `doctor`, and what is worth knowing; nothing is written."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from google.api_core import exceptions

from ...errors import DockyardError
from ...gcp import clients
from ...gcp.credentials import who
from ...image import artifact
from ...image.reference import parse
from .. import Missing
from ..findings import Look, findings, unchecked
from . import attest, container, entries, job, once, selection
from .calls import READ, TIMEOUT
from .faults import told

if TYPE_CHECKING:
    from ...environment.settings import Environment
    from .service import Fleet

NEEDED = ("run.services.get", "run.services.update", "run.revisions.get", "run.revisions.list")
ROLE = "roles/run.developer"
BESIDE = 8  # secrets that are looked at side by side


def missing(fleet: Fleet) -> list[Missing]:
    """What is absent, and what to type about it; what is `needed` nowhere is only worth knowing."""
    looks: list[Look] = [
        identity,
        lambda: service(fleet),
        lambda: permissions(fleet),
        lambda: commands(fleet),
        lambda: secrets(fleet.environment),
        lambda: log(fleet),
    ]
    environment = fleet.environment
    return [*findings(looks, told), *elsewhere(environment), *unset(environment)]


def identity() -> Iterator[Missing]:
    """Whose credentials these are."""
    yield Missing(f"the credentials in use are {who()}", needed=False)


def service(fleet: Fleet) -> Iterator[Missing]:
    """The service and its workers: a deploy makes what is not there yet, and moves traffic that is pinned elsewhere."""
    look, environment = fleet.lately(), fleet.environment
    if look.service is None:
        yield Missing(
            f"there is no service {environment.service} in {environment.region} yet; the first deploy makes it",
            needed=False,
        )
        return
    pinned, detail = attest.pinned(look.service)
    if not pinned:
        yield Missing(f"the traffic of {environment.service}: {detail}", needed=False)
    for process in environment.processes:
        if process not in look.pools:
            yield Missing(f"there is no worker pool {fleet.pool_name(process)} yet; a deploy makes it", needed=False)


def permissions(fleet: Fleet) -> Iterator[Missing]:
    """What these credentials may not do with the service that is there."""
    if fleet.lately().service is None:
        return
    try:
        reply = fleet.clients.services.test_iam_permissions(
            request={"resource": fleet.name, "permissions": list(NEEDED)}, timeout=TIMEOUT
        )
    except (exceptions.MethodNotImplemented, exceptions.Forbidden, exceptions.NotFound):
        return
    lacks = [each for each in NEEDED if each not in reply.permissions]
    if lacks:
        yield Missing(
            f"these credentials lack {', '.join(lacks)} on {fleet.environment.service}",
            f"gcloud projects add-iam-policy-binding {fleet.environment.project} --member=… --role={ROLE}",
        )


def commands(fleet: Fleet) -> Iterator[Missing]:
    """The job that runs RELEASE_COMMAND and ROLLBACK_COMMAND, where there is one of that name that is another's."""
    environment = fleet.environment
    if environment.release_command or environment.rollback_command:
        name = job.name(environment.service)
        found = once.there(fleet.clients, f"{fleet.clients.parent}/jobs/{name}")
        if found is not None and job.OWNER not in found.labels:
            yield Missing(f"there is a job {name} that Dockyard did not make", "rename it: commands would run in it")


def secrets(environment: Environment) -> Iterator[Missing]:
    """The secrets that SECRET_* names, each with the version that is asked for."""
    if not environment.secrets:
        return
    from google.cloud import secretmanager

    client = clients.make(secretmanager.SecretManagerServiceClient, "SECRETMANAGER")
    with ThreadPoolExecutor(BESIDE) as side_by_side:
        names = environment.secrets
        answers = side_by_side.map(lambda name: secret(client, environment, name, names[name]), names)
        found = [each for each in answers if each]
    yield from found


def secret(client: Any, environment: Environment, name: str, reference: str) -> Missing | None:
    """A secret that is not there; that these credentials may not look is no obstacle, for the service reads it."""
    asked = container.secret(name, reference, environment.project).value_source.secret_key_ref
    short, version = asked.secret.rpartition("/")[2], asked.version
    project = asked.secret.split("/")[1] if "/" in asked.secret else environment.project
    path = f"projects/{project}/secrets/{short}/versions/{version}"
    try:
        found = client.get_secret_version(name=path, retry=READ, timeout=TIMEOUT)
    except exceptions.NotFound:
        return Missing(
            f"SECRET_{name}: there is no version {version} of a secret {short} in project {project}",
            f"gcloud secrets create {short} --project={project} --data-file=FILE"
            if version == "latest"
            else f"gcloud secrets versions list {short} --project={project}",
        )
    except exceptions.Forbidden as error:
        said = "is not enabled" if "has not been used" in error.message else "may not be looked at"
        return Missing(f"SECRET_{name}: whether secret {short} is there is not known, as it {said}", needed=False)
    if found.state != type(found).State.ENABLED:
        return Missing(
            f"SECRET_{name}: version {version} of secret {short} is {found.state.name.lower()}",
            f"gcloud secrets versions enable {version} --secret={short} --project={project}",
        )
    return None


def log(fleet: Fleet) -> Iterator[Missing]:
    """Whether the log can be read, without which `verify` cannot look for LOG_DENY."""
    environment = fleet.environment
    source = selection.service(environment.service, environment.region)
    try:
        list(entries.read(fleet.clients, selection.whole([source], time.time() - 60), newest=1, patient=False))
    except DockyardError as error:
        if not isinstance(error.__cause__, exceptions.Forbidden):
            raise
        yield Missing(f"the log cannot be read: {str(error.message).rstrip('.')}", needed=False)


def elsewhere(environment: Environment) -> Iterator[Missing]:
    """Images that come from another region, or a registry that Cloud Run does not pull from by itself."""
    where = artifact.place(parse(environment.image), environment.region)
    if where is None:
        yield Missing(
            f"{environment.image} is not in Artifact Registry: Cloud Run pulls it only where it is public", needed=False
        )
    elif "-" in where.location and where.location != environment.region:
        yield Missing(f"the images come from {where.location}, the service runs in {environment.region}", needed=False)


def unset(environment: Environment) -> Iterator[Missing]:
    """What stays unverified, as no setting says how to check it."""
    if not environment.health_path and not environment.checks:
        yield unchecked()
