"""The containers of a revision, a worker pool or a job: image, variables, secrets, port and startup probe."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from google.cloud import run_v2

from ...environment.cloudrun import LONGEST_START
from ...errors import SettingError
from ...image.reference import split

if TYPE_CHECKING:
    from ...environment.settings import Environment

Template: TypeAlias = run_v2.RevisionTemplate | run_v2.WorkerPoolRevisionTemplate | run_v2.TaskTemplate

PORT = 8080  # where Cloud Run sends requests unless a container says otherwise
STARTUP = int(LONGEST_START)
PERIOD = 2  # seconds from one startup probe to the next, which is also what one may take

_SECRET = re.compile(r"projects/([^/]+)/secrets/([^/]+)(?:/versions/([^/]+))?")


def chosen(template: Template, environment: Environment) -> list[run_v2.Container]:
    """The containers that get the image, the service's own one first: those whose repository is IMAGE.

    Where none has it, the one with a port, or the only one; a template without any gets one. Raises SettingError.
    """
    if not template.containers:
        template.containers.append(run_v2.Container())
    every = list(template.containers)
    serving = [each for each in every if each.ports]
    same = [each for each in every if each.image and split(each.image)[0] == environment.image]
    found = sorted(same, key=lambda each: not each.ports) or serving or (every if len(every) == 1 else [])
    if not found:
        listed = ", ".join(f"{each.name or 'one'} ({split(each.image)[0]})" for each in every)
        raise SettingError(
            f"env/{environment.name}.env: no container of {environment.service} has an image of "
            f"IMAGE={environment.image}, and none has a port, so which one gets it cannot be told: {listed}. "
            "Give it an image of that repository first."
        )
    return found


def settled(container: run_v2.Container, environment: Environment, image: str) -> None:
    """Give a container the image, and the variables and secrets that the settings name; the others stay.

    What makes Cloud Run build or rebase an image by itself goes: it would not be this one any more.
    """
    container.image = image
    container.base_image_uri = ""
    del container.source_code
    container.env = entries(container.env, environment)


def entries(before: Iterable[run_v2.EnvVar], environment: Environment) -> list[run_v2.EnvVar]:
    """The variables with those of the settings: in place where there is one, else at the end; no name twice."""
    left = {name: run_v2.EnvVar(name=name, value=value) for name, value in environment.variables.items()}
    left |= {name: secret(name, text, environment.project) for name, text in environment.secrets.items()}
    names = frozenset(left)
    found = list[run_v2.EnvVar]()
    for entry in before:
        if entry.name in left:
            found.append(left.pop(entry.name))
        elif entry.name not in names:
            found.append(entry)
    return [*found, *left.values()]


def secret(name: str, reference: str, project: str) -> run_v2.EnvVar:
    """A variable from Secret Manager: `api-key`, `api-key:3`, `projects/p/secrets/s[/versions/3]`."""
    if found := _SECRET.fullmatch(reference):
        held = found[2] if found[1] == project else f"projects/{found[1]}/secrets/{found[2]}"
        version = found[3]
    else:
        held, _, version = reference.partition(":")
    key = run_v2.SecretKeySelector(secret=held, version=version or "latest")
    return run_v2.EnvVar(name=name, value_source=run_v2.EnvVarSource(secret_key_ref=key))


def listening(container: run_v2.Container) -> int:
    """The port that a container gets its requests at."""
    return next((each.container_port for each in container.ports if each.container_port), PORT)


def serving(container: run_v2.Container, every: Sequence[run_v2.Container], environment: Environment) -> None:
    """Give the service's own container PORT and the startup probe of HEALTH_PATH, where the settings name them.

    Raises SettingError for a PORT of a container that another one stands before.
    """
    before = listening(container)
    if "PORT" in environment.origins:
        front = next((each for each in every if each.ports), None)
        if front is not None and not container.ports:
            raise SettingError(
                f"{environment.origins['PORT']}: requests to {environment.service} go to port {listening(front)} of "
                f"its container {front.name or front.image}, so PORT sets nothing; remove it."
            )
        if front is None:
            container.ports.append(run_v2.ContainerPort())
        container.ports[0].container_port = environment.port
        for probe in (container.startup_probe, container.liveness_probe, container.readiness_probe):
            follow(probe, before, environment.port)
    if "HEALTH_PATH" in environment.origins:
        container.startup_probe = startup(container.startup_probe, environment, listening(container))


def startup(live: run_v2.Probe, environment: Environment, port: int) -> run_v2.Probe:
    """The startup probe of HEALTH_PATH, within HEALTH_TIMEOUT and what Cloud Run takes.

    One that asks over HTTP already keeps its headers and its pace, and its patience unless HEALTH_TIMEOUT is named.
    Source: "Configure container health checks" of Cloud Run: failureThreshold x periodSeconds is at most 240 s.
    """
    patience = min(math.ceil(environment.health_timeout), STARTUP)
    if "http_get" in live:
        probe = run_v2.Probe(live)
        probe.http_get.path = environment.health_path
        if "HEALTH_TIMEOUT" in environment.origins:
            probe.failure_threshold = max(1, patience // (probe.period_seconds or 10))
        return probe
    period = min(PERIOD, patience)
    return run_v2.Probe(
        http_get=run_v2.HTTPGetAction(path=environment.health_path, port=port),
        period_seconds=period,
        timeout_seconds=period,
        failure_threshold=patience // period,
    )


def follow(probe: run_v2.Probe, before: int, port: int) -> None:
    """Let a probe of the container's port, which Cloud Run writes into it, move with that port."""
    for kind in ("http_get", "tcp_socket", "grpc"):
        if kind in probe and getattr(probe, kind).port == before:
            getattr(probe, kind).port = port


def unserved(container: run_v2.Container) -> None:
    """Take away what only a container with requests can have: its ports, and the probes of them."""
    container.ports = []
    del container.startup_probe
    del container.liveness_probe
    del container.readiness_probe


def connected(template: Template, containers: Iterable[run_v2.Container], instance: str) -> None:
    """Mount a Cloud SQL instance at `/cloudsql`; it takes the place of the one that is mounted there alone."""
    volumes = {each.name: each for each in template.volumes}
    found = [each for each in template.volumes if "cloud_sql_instance" in each]
    volume = next((each for each in found if instance in each.cloud_sql_instance.instances), next(iter(found), None))
    if volume is None:
        volume = run_v2.Volume(name=free(volumes), cloud_sql_instance=run_v2.CloudSqlInstance(instances=[instance]))
        template.volumes.append(volume)
    elif instance not in volume.cloud_sql_instance.instances:
        others = list(volume.cloud_sql_instance.instances)
        volume.cloud_sql_instance.instances = [*(others if len(others) > 1 else ()), instance]
    for container in containers:
        if all(each.name != volume.name for each in container.volume_mounts):
            container.volume_mounts.append(run_v2.VolumeMount(name=volume.name, mount_path="/cloudsql"))


def free(volumes: Mapping[str, object], name: str = "cloudsql") -> str:
    """A name that no volume has."""
    return name if name not in volumes else free(volumes, f"{name}-db")
