"""CPU, memory and GPUs of a container on Cloud Run, and the combinations of them that it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.cloud import run_v2

from ...environment import cloudrun
from ...errors import SettingError
from . import quantity

if TYPE_CHECKING:
    from ...environment.settings import Environment
    from .container import Template

GPUS = "nvidia.com/gpu"
DEFAULTS = {"cpu": 1.0, "memory": 512 * cloudrun.MI}
INSTANCES = 100  # at most, of a revision that does not say
SECOND = run_v2.ExecutionEnvironment.EXECUTION_ENVIRONMENT_GEN2
KEYS = ("CPU", "MEMORY", "GPU", "CONCURRENCY")


def limited(
    template: Template, container: run_v2.Container, environment: Environment, *, requests: bool = True
) -> None:
    """Give a container CPU, MEMORY and GPU where the settings name them; a new one gets CPU while it starts, too.

    CPU is there only during requests unless it was always there or a GPU is: then Cloud Run takes nothing else.
    `requests` says that it answers any: without them CPU is always there, and at least one whole one.
    """
    named, new = environment.origins, "resources" not in container
    resources = container.resources
    if "CPU" in named and environment.cpu is not None:
        resources.limits["cpu"] = quantity.cpu(environment.cpu)
    if "MEMORY" in named and environment.memory is not None:
        resources.limits["memory"] = quantity.size(environment.memory)
    if new and requests:
        resources.cpu_idle = resources.startup_cpu_boost = True
    if "GPU" in named:
        accelerated(template, resources, environment)
    if not requests:
        resources.cpu_idle = resources.startup_cpu_boost = False
        for kind, least in DEFAULTS.items():  # which is the least of a container that answers none
            if kind in resources.limits and quantity.number(resources.limits[kind]) < least:
                resources.limits[kind] = quantity.cpu(least) if kind == "cpu" else quantity.size(int(least))


def accelerated(template: Template, resources: run_v2.ResourceRequirements, environment: Environment) -> None:
    """GPU, GPU_TYPE and GPU_ZONAL_REDUNDANCY, and the CPU that has to be always there beside them.

    A GPU that is new is reserved in one zone, as the quota that a project has from the start is for that.
    """
    new = GPUS not in resources.limits
    resources.limits[GPUS] = str(environment.gpu)
    resources.cpu_idle = False
    if environment.gpu_type:
        template.node_selector = run_v2.NodeSelector(accelerator=environment.gpu_type)
    if new:
        resources.startup_cpu_boost = True
    if environment.gpu_zonal_redundancy is not None:
        template.gpu_zonal_redundancy_disabled = not environment.gpu_zonal_redundancy
    elif new:
        template.gpu_zonal_redundancy_disabled = True


def unaccelerated(template: Template) -> None:
    """Take the GPU away: of a job, which needs none to migrate a database."""
    del template.node_selector
    del template.gpu_zonal_redundancy_disabled
    for container in template.containers:
        container.resources.limits.pop(GPUS, None)


def refuse(template: run_v2.RevisionTemplate, container: run_v2.Container, environment: Environment) -> None:
    """Raise SettingError for limits that Cloud Run refuses, where the settings name one of them and keep another."""
    if not any(key in environment.origins for key in KEYS):
        return
    limits = container.resources.limits
    given = {
        kind: float(quantity.number(limits[kind])) if kind in limits else default for kind, default in DEFAULTS.items()
    }
    size = cloudrun.Size(
        cpu=given["cpu"],
        memory=int(given["memory"]),
        concurrency=template.max_instance_request_concurrency or None,
        always=not container.resources.cpu_idle,
        second=template.execution_environment == SECOND,
        gpu_type=template.node_selector.accelerator,
    )
    for keys, text in cloudrun.misfits(size):
        for key in (key for key in keys if key in environment.origins):
            raise SettingError(f"{environment.origins[key]}: {text}")


def refuse_instances(template: run_v2.RevisionTemplate, environment: Environment) -> None:
    """Raise SettingError for more instances at least than at most, where not both are named."""
    least, most = template.scaling.min_instance_count, template.scaling.max_instance_count or INSTANCES
    for key in ("MIN_INSTANCES", "MAX_INSTANCES"):
        if key in environment.origins and least > most:
            raise SettingError(
                f"{environment.origins[key]}: {environment.service} would have at least {least} instances, and at most "
                f"{most}; write both MIN_INSTANCES and MAX_INSTANCES, the first no more than the second."
            )
