"""Clusters and services, as requests make, change and read them."""

from __future__ import annotations

import copy
from typing import Any

from . import definitions, deployments, rolling, runs, tasks
from .errors import Refused, client, invalid
from .services import Service
from .world import Ecs, Operation

REPEATED = (
    "loadBalancers", "serviceRegistries", "launchType", "capacityProviderStrategy", "platformVersion",
    "deploymentConfiguration", "networkConfiguration", "healthCheckGracePeriodSeconds", "schedulingStrategy",
    "deploymentController", "placementConstraints", "placementStrategy", "enableECSManagedTags", "propagateTags",
    "enableExecuteCommand", "availabilityZoneRebalancing", "serviceConnectConfiguration",
)  # fmt: skip
HIDDEN = ("serviceConnectConfiguration",)  # DescribeServices has it in the deployments only
ANEW = ("networkConfiguration", "loadBalancers", "serviceRegistries", "platformVersion", "capacityProviderStrategy")
CONFIGURATION = {
    "deploymentCircuitBreaker": {"enable": False, "rollback": False},
    "maximumPercent": 200,
    "minimumHealthyPercent": 100,
    "strategy": "ROLLING",
    "bakeTimeInMinutes": 0,
}


def create_cluster(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    name = request.get("clusterName", "default")
    ecs.clusters.setdefault(name, ecs.now())
    ecs.tags.setdefault(f"{ecs.arn('cluster')}/{name}", {})
    return {"cluster": _cluster(ecs, name)}


def _cluster(ecs: Ecs, name: str) -> dict[str, Any]:
    running = [each for each in ecs.tasks.values() if each.cluster == name and each.live]
    return {
        "clusterArn": f"{ecs.arn('cluster')}/{name}",
        "clusterName": name,
        "status": "ACTIVE",
        "registeredContainerInstancesCount": 0,
        "runningTasksCount": sum(each.status == "RUNNING" for each in running),
        "pendingTasksCount": sum(each.status == "PENDING" for each in running),
        "activeServicesCount": sum(each.cluster == name for each in ecs.services.values()),
        "statistics": [],
        "tags": [],
        "settings": [],
        "capacityProviders": [],
        "defaultCapacityProviderStrategy": [],
    }


def describe_clusters(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    names = [each.rpartition("/")[2] for each in request.get("clusters") or ["default"]]
    return {
        "clusters": [_cluster(ecs, name) for name in names if name in ecs.clusters],
        "failures": [
            {"arn": f"{ecs.arn('cluster')}/{name}", "reason": "MISSING"} for name in names if name not in ecs.clusters
        ],
    }


def list_clusters(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    return ecs.page("clusterArns", [f"{ecs.arn('cluster')}/{name}" for name in ecs.clusters], request, 100)


def create_service(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    cluster, name = ecs.cluster(request), request["serviceName"]
    if f"{cluster}/{name}" in ecs.services:
        raise invalid("Creation of service was not idempotent.")
    settings = copy.deepcopy({key: value for key, value in request.items() if key in REPEATED})
    settings["deploymentConfiguration"] = CONFIGURATION | settings.get("deploymentConfiguration", {})
    definition = definitions.wanted(ecs, request["taskDefinition"])
    now = ecs.now()
    service = Service(ecs, cluster, name, settings, request.get("desiredCount", 0), now)
    _refuse_alone(service)
    if definition.get("networkMode") == "awsvpc" and "networkConfiguration" not in settings:
        raise invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
    ecs.services[service.path] = service
    ecs.tags[service.arn] = {each["key"]: each.get("value", "") for each in request.get("tags", [])}
    rolling.begin(service, definition, now)
    return {"service": shown(service)}


def _refuse_alone(service: Service) -> None:
    """Canary and linear deployments need something that moves the traffic."""
    strategy = service.configuration["strategy"]
    moved = service.settings.get("loadBalancers") or service.settings.get("serviceConnectConfiguration")
    if strategy in ("CANARY", "LINEAR") and not moved:
        raise invalid(f"{strategy} deployment strategy requires a load balancer or Service Connect.")


def shown(service: Service, *, tagged: bool = False) -> dict[str, Any]:
    document = {key: value for key, value in service.document().items() if key not in HIDDEN}
    return document | ({"tags": service.ecs.tag_list(service.arn)} if tagged else {})


def update_service(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    service = ecs.services.get(f"{ecs.cluster(request)}/{request['service'].rpartition('/')[2]}")
    if service is None:
        raise Refused("ServiceNotFoundException", "Service not found.")
    if service.status != "ACTIVE":
        raise Refused("ServiceNotActiveException", "Service was not ACTIVE.")
    _refuse_foreign(service, request)
    now, before = ecs.now(), copy.deepcopy(service.settings)
    wanted = request.get("taskDefinition") or service.primary.definition["taskDefinitionArn"]
    definition = definitions.wanted(ecs, wanted) if "taskDefinition" in request else service.primary.definition
    given = copy.deepcopy({key: value for key, value in request.items() if key in REPEATED})
    given["deploymentConfiguration"] = service.configuration | given.get("deploymentConfiguration", {})
    service.settings.update(given)
    try:
        _refuse_alone(service)
    except Refused:
        service.settings = before
        raise
    anew = any(service.settings.get(key) != before.get(key) for key in ANEW)
    changed = definition is not service.primary.definition
    desired = request.get("desiredCount", service.desired)
    if changed or anew or request.get("forceNewDeployment"):
        service.desired = desired
        rolling.begin(service, definition, now)
    elif desired != service.desired:
        service.scale(desired, now)
    return {"service": shown(service)}


def _refuse_foreign(service: Service, request: dict[str, Any]) -> None:
    """What a service that ECS does not deploy cannot be asked for."""
    advice = {
        "CODE_DEPLOY": "a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment.",
        "EXTERNAL": "an EXTERNAL deployment controller. Use CreateTaskSet to deploy a new task definition.",
    }
    if service.controller in advice and "taskDefinition" in request:
        raise invalid(f"Unable to update task definition on services with {advice[service.controller]}")
    if service.controller in advice and request.get("forceNewDeployment"):
        raise invalid(f"Cannot force a new deployment on services with {advice[service.controller]}")


def describe_services(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    cluster = ecs.cluster(request)
    if not 0 < len(request["services"]) <= 10:
        raise invalid(
            "Services cannot be empty." if not request["services"] else "Cannot describe more than 10 services."
        )
    tagged, found, failures = "TAGS" in request.get("include", []), [], []
    for reference in request["services"]:
        service = ecs.services.get(f"{cluster}/{reference.rpartition('/')[2]}")
        if service:
            found.append(shown(service, tagged=tagged))
        else:
            arn = f"{ecs.arn('service')}/{cluster}/{reference.rpartition('/')[2]}"
            failures.append({"arn": arn, "reason": "MISSING"})
    return {"services": found, "failures": failures}


def list_services(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    cluster = ecs.cluster(request)
    return ecs.page(
        "serviceArns", [each.arn for each in ecs.services.values() if each.cluster == cluster], request, 100
    )


def delete_service(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    service = ecs.services.get(f"{ecs.cluster(request)}/{request['service'].rpartition('/')[2]}")
    if service is None:
        raise Refused("ServiceNotFoundException", "Service not found.")
    if service.desired and not request.get("force"):
        raise invalid("The service cannot be stopped while it is scaled above 0.")
    for each in service.deployments:
        each.desired = 0
        service.drain(each, ecs.now())
    service.status, service.desired = "INACTIVE", 0
    return {"service": shown(service)}


def unknown(operation: str) -> Refused:
    return client(f"The fake does not know {operation}.")


OPERATIONS: dict[str, Operation] = {
    "CreateCluster": create_cluster,
    "DescribeClusters": describe_clusters,
    "ListClusters": list_clusters,
    "CreateService": create_service,
    "UpdateService": update_service,
    "DescribeServices": describe_services,
    "ListServices": list_services,
    "DeleteService": delete_service,
    **definitions.OPERATIONS,
    **deployments.OPERATIONS,
    **rolling.OPERATIONS,
    **runs.OPERATIONS,
    **tasks.OPERATIONS,
}
