"""What the server fills in where a request says nothing."""

from __future__ import annotations

import copy
from typing import Any

LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
SPLIT_LATEST = "INSTANCE_SPLIT_ALLOCATION_TYPE_LATEST"
PROBE = {"timeoutSeconds": 240, "periodSeconds": 240, "failureThreshold": 1}
OWN_PROBE = {"timeoutSeconds": 1, "periodSeconds": 10, "failureThreshold": 3}


def service(given: dict[str, Any], account: str) -> dict[str, Any]:
    """A service's mutable fields."""
    found = copy.deepcopy(given)
    found.setdefault("ingress", "INGRESS_TRAFFIC_ALL")
    found.setdefault("launchStage", "GA")
    scaling = found.setdefault("scaling", {})
    if scaling.get("scalingMode") != "MANUAL":
        scaling.setdefault("maxInstanceCount", 100)
    found["template"] = template(found.get("template", {}), account)
    found["traffic"] = found.get("traffic") or [{"type": LATEST, "percent": 100}]
    return found


def template(given: dict[str, Any], account: str) -> dict[str, Any]:
    """A service's template."""
    found = copy.deepcopy(given)
    found.setdefault("serviceAccount", account)
    found.setdefault("timeout", "300s")
    found.setdefault("maxInstanceRequestConcurrency", 80)
    found.setdefault("scaling", {}).setdefault("maxInstanceCount", 100)
    for position, each in enumerate(found.get("containers", [])):
        container(each, serving=position == 0 or bool(each.get("ports")), first=position == 0)
    return found


def container(given: dict[str, Any], *, serving: bool, first: bool) -> None:
    """A container, in place: the one that is served to has a port and a startup probe."""
    # where resources are given, CPU is always there unless they say that it is not: the API's own rule
    resources = given.setdefault("resources", {"cpuIdle": True, "startupCpuBoost": True})
    limits = resources.setdefault("limits", {})
    limits.setdefault("cpu", "1000m" if first else "500m")
    limits.setdefault("memory", "512Mi")
    if not serving:
        return
    ports = given.setdefault("ports", [{"containerPort": 8080}])
    for each in ports:
        each.setdefault("name", "http1")
        each.setdefault("containerPort", 8080)
    usual = OWN_PROBE if "startupProbe" in given else PROBE
    probe = given.setdefault("startupProbe", {"tcpSocket": {}})
    for key, value in usual.items():
        probe.setdefault(key, value)
    for kind in ("tcpSocket", "httpGet"):
        if kind in probe:
            probe[kind].setdefault("port", ports[0]["containerPort"])
    if "httpGet" in probe:
        probe["httpGet"].setdefault("path", "/")


def pool(given: dict[str, Any], account: str) -> dict[str, Any]:
    """A worker pool's mutable fields."""
    found = copy.deepcopy(given)
    found.setdefault("launchStage", "GA")
    found.setdefault("scaling", {}).setdefault("manualInstanceCount", 1)
    found.setdefault("template", {}).setdefault("serviceAccount", account)
    for each in found["template"].get("containers", []):
        limits = each.setdefault("resources", {}).setdefault("limits", {})
        limits.setdefault("cpu", "1000m")
        limits.setdefault("memory", "512Mi")
    found["instanceSplits"] = found.get("instanceSplits") or [{"type": SPLIT_LATEST, "percent": 100}]
    return found


def job(given: dict[str, Any], account: str) -> dict[str, Any]:
    """A job's mutable fields; a task is tried four times unless the job says something else."""
    found = copy.deepcopy(given)
    found.setdefault("launchStage", "GA")
    execution = found.setdefault("template", {})
    execution.setdefault("taskCount", 1)
    task = execution.setdefault("template", {})
    task.setdefault("maxRetries", 3)
    task.setdefault("timeout", "600s")
    task.setdefault("serviceAccount", account)
    for each in task.get("containers", []):
        limits = each.setdefault("resources", {}).setdefault("limits", {})
        limits.setdefault("cpu", "1000m")
        limits.setdefault("memory", "512Mi")
    return found
