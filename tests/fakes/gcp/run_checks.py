"""What Cloud Run refuses though the documents allow it: names, sizes, GPUs, traffic."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

from .errors import Refused, invalid

NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
LABEL = re.compile(r"[a-z0-9_-]{0,63}")
RESERVED_SPACES = ("run.googleapis.com", "cloud.googleapis.com", "serving.knative.dev", "autoscaling.knative.dev")
RESERVED = ("PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION")
LARGEST = 256 * 1024  # bytes of annotations
UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "k": 10**3, "M": 10**6, "G": 10**9}
MEMORY = {1: 4, 2: 8, 4: 16, 6: 24, 8: 32}  # GiB that go with so many CPUs at most
LEAST = {4: 2, 6: 4, 8: 4}  # and at least


def name(given: str, longest: int, what: str) -> None:
    """Raise Refused for a name that is none."""
    if not NAME.fullmatch(given) or len(given) > longest:
        raise invalid(
            f"{what}: '{given}' must begin with a letter, hold only lower-case letters, digits and hyphens, not end "
            f"with a hyphen and have at most {longest} characters."
        )


def metadata(given: Mapping[str, Any]) -> None:
    """Raise Refused for labels and annotations that Cloud Run does not keep."""
    labels, annotations = given.get("labels", {}), given.get("annotations", {})
    if len(labels) > 64:
        raise invalid("labels: at most 64 are allowed.")
    for key, value in labels.items():
        if not re.fullmatch(r"[a-z][a-z0-9_-]{0,62}", key) or not LABEL.fullmatch(value):
            raise invalid(f"labels: '{key}: {value}' is not valid: lower-case letters, digits, _ and -, at most 63.")
    for key in [*labels, *annotations]:
        if any(key.startswith(f"{each}/") or f".{each}/" in key for each in RESERVED_SPACES):
            raise invalid(f"annotations: '{key}': System annotations and labels cannot be set in the v2 API.")
    size = sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items())
    if size > LARGEST:
        raise invalid(f"metadata.annotations: Too long: must have at most {LARGEST} bytes, has {size}.")


def template(given: Mapping[str, Any], *, zonal_gpu: bool) -> None:
    """Raise Refused for a template (of a service, a pool or a job's tasks) that cannot run."""
    metadata(given)
    containers = given.get("containers", [])
    if not containers:
        raise invalid("template.containers: must have at least one container.")
    for position, each in enumerate(containers):
        _container(each, f"template.containers[{position}]", {volume["name"] for volume in given.get("volumes", [])})
    if sum(bool(each.get("ports")) for each in containers) > 1:
        raise invalid(
            "template.containers: Revision template should contain exactly one container with an exposed port."
        )
    timeout = float(given.get("timeout", "300s").removesuffix("s"))
    if "maxInstanceRequestConcurrency" in given and not 0 < timeout <= 3600:
        raise invalid("template.timeout: must be greater than 0 and not exceed 3600s.")
    if not 1 <= given.get("maxInstanceRequestConcurrency", 1) <= 1000:
        raise invalid("template.max_instance_request_concurrency: must be in the range of [1, 1000].")
    _gpu(given, zonal_gpu=zonal_gpu)


def _container(given: Mapping[str, Any], at: str, volumes: Collection[str]) -> None:
    if not given.get("image"):
        raise invalid(f"{at}.image: must be set.")
    names = [each.get("name", "") for each in given.get("env", [])]
    reserved = [each for each in names if each in RESERVED]
    if reserved:
        raise invalid(
            f"{at}.env: The following reserved env names were provided: {', '.join(reserved)}. "
            "These values are automatically set by the system."
        )
    twice = sorted({each for each in names if names.count(each) > 1})
    if twice or "" in names:
        raise invalid(f"{at}.env: names must be there and unique: {', '.join(twice)}")
    for each in given.get("volumeMounts", []):
        if each.get("name") not in volumes:
            raise invalid(f"{at}.volume_mounts: there is no volume '{each.get('name')}'.")
    for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
        _probe(given.get(kind, {}), f"{at}.{kind}")
    limits = given.get("resources", {}).get("limits", {})
    if set(limits) - {"cpu", "memory", "nvidia.com/gpu"}:
        raise invalid(f"{at}.resources.limits: only cpu, memory and nvidia.com/gpu are allowed.")
    if "cpu" in limits and "memory" in limits:
        _sizes(cpus(limits["cpu"]), memory(limits["memory"]) / 2**30, at)


def _sizes(cpu: Decimal, gibibytes: float, at: str) -> None:
    if cpu > 1 and cpu not in MEMORY:
        raise invalid(
            f"{at}.resources.limits.cpu: Invalid value specified for cpu. Allowed: 1, 2, 4, 6, 8, or below 1."
        )
    if cpu <= 0 or gibibytes < 128 / 1024:
        raise invalid(f"{at}.resources.limits: too little.")
    most, least = MEMORY[max(1, int(cpu))], LEAST.get(int(cpu), 0)
    if not least <= gibibytes <= most:
        raise invalid(
            f"{at}.resources.limits.memory: Invalid value specified for memory. For {cpu} CPU, memory must be between "
            f"{least or '128Mi'}{'Gi' if least else ''} and {most}Gi inclusive."
        )


def _probe(given: Mapping[str, Any], at: str) -> None:
    period, timeout = given.get("periodSeconds", 10), given.get("timeoutSeconds", 1)
    if timeout > period:
        raise invalid(f"{at}.timeout_seconds: must be less than or equal to period_seconds.")
    if at.endswith("startupProbe") and period * given.get("failureThreshold", 3) > 240:
        raise invalid(f"{at}: failure_threshold * period_seconds must not exceed 240 seconds.")


def _gpu(given: Mapping[str, Any], *, zonal_gpu: bool) -> None:
    accelerator = given.get("nodeSelector", {}).get("accelerator", "")
    resources = [each.get("resources", {}) for each in given.get("containers", [])]
    holders = [each for each in resources if each.get("limits", {}).get("nvidia.com/gpu")]
    if not accelerator and not holders:
        return
    if not accelerator:
        raise invalid("template.node_selector: must be set when a container has a limit for nvidia.com/gpu.")
    if accelerator not in ("nvidia-l4", "nvidia-rtx-pro-6000"):
        raise invalid(f"template.node_selector.accelerator: '{accelerator}' is not supported.")
    if not holders:
        raise invalid("template.containers[0].resources.limits: nvidia.com/gpu must be set with an accelerator.")
    limits = holders[0]["limits"]
    if limits["nvidia.com/gpu"] != "1":
        raise invalid("template.containers[0].resources.limits: nvidia.com/gpu must be 1.")
    if cpus(limits.get("cpu", "1")) < 4 or memory(limits.get("memory", "512Mi")) < 16 * 2**30:
        raise invalid("template.containers[0].resources.limits: a GPU needs at least 4 CPU and 16Gi memory.")
    if holders[0].get("cpuIdle"):
        raise invalid("template.containers[0].resources.cpu_idle: must be false with GPUs (CPU is always allocated).")
    if not zonal_gpu and not given.get("gpuZonalRedundancyDisabled"):
        raise Refused(
            429,
            message="You do not have quota for using GPUs with zonal redundancy. Learn more about GPU zonal "
            "redundancy: g.co/cloudrun/gpu-redundancy-help",
        )


def cpus(given: str) -> Decimal:
    """CPUs of `2`, `0.5` or `500m`."""
    try:
        return Decimal(given.removesuffix("m")) / (1000 if given.endswith("m") else 1)
    except ArithmeticError:
        raise invalid(f"resources.limits.cpu: '{given}' is no quantity.") from None


def memory(given: str) -> float:
    """Bytes of `512Mi`."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([kKMG]i?)?", given)
    if not found:
        raise invalid(f"resources.limits.memory: '{given}' is no quantity.")
    return float(found[1]) * UNITS.get(found[2] or "", 1)


def traffic(targets: Sequence[Mapping[str, Any]], service: str, revisions: Collection[str]) -> None:
    """Raise Refused for traffic that cannot be sent: percents, tags, revisions that are not there."""
    tags = [each["tag"] for each in targets if each.get("tag")]
    for position, each in enumerate(targets):
        at, kind = f"traffic[{position}]", each.get("type", "")
        if not kind.endswith(("_LATEST", "_REVISION")):
            raise invalid(f"{at}.type: must be set.")
        if kind.endswith("_LATEST") == bool(each.get("revision")):
            raise invalid(f"{at}.revision: must be set for a revision, and for nothing else.")
        if each.get("revision") and each["revision"] not in revisions:
            raise invalid(f"{at}.revision: Revision '{each['revision']}' was not found in service '{service}'.")
        if not 0 <= each.get("percent", 0) <= 100:
            raise invalid(f"{at}.percent: must be in the range of [0, 100].")
        if each.get("tag"):
            name(each["tag"], 46 - len(service), f"{at}.tag")
    if len(set(tags)) < len(tags):
        raise invalid("traffic.tag: must be unique.")
    _whole(targets, "traffic")


def splits(targets: Sequence[Mapping[str, Any]], pool: str, revisions: Collection[str]) -> None:
    """Raise Refused for instance splits that cannot be."""
    for position, each in enumerate(targets):
        if each.get("revision") and each["revision"] not in revisions:
            raise invalid(f"instance_splits[{position}].revision: '{each['revision']}' was not found in '{pool}'.")
        if each.get("type", "").endswith("_LATEST") == bool(each.get("revision")):
            raise invalid(f"instance_splits[{position}].type: does not go with its revision.")
    _whole(targets, "instance_splits")


def _whole(targets: Sequence[Mapping[str, Any]], at: str) -> None:
    total = sum(each.get("percent", 0) for each in targets)
    if total != 100:
        raise invalid(f"{at}: The sum of all percents must be 100, is {total}.")
