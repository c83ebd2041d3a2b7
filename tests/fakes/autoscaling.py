"""Application Auto Scaling: the scalable targets that own a service's count."""

from __future__ import annotations

from typing import Any

from .world import Ecs, Operation


def register(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    known = ("ServiceNamespace", "ResourceId", "ScalableDimension")
    ecs.targets[:] = [each for each in ecs.targets if any(each[key] != request[key] for key in known)]
    arn = ecs.arn(f"scalable-target/{request['ResourceId']}", "application-autoscaling")
    role = f"arn:aws:iam::{ecs.knobs.account}:role/aws-service-role/ecs.application-autoscaling.amazonaws.com/scaling"
    ecs.targets.append({"RoleARN": role, "CreationTime": ecs.now(), "ScalableTargetARN": arn, **request})
    return {"ScalableTargetARN": arn}


def describe(ecs: Ecs, request: dict[str, Any]) -> dict[str, Any]:
    found = [
        each
        for each in ecs.targets
        if each["ServiceNamespace"] == request["ServiceNamespace"]
        and each["ResourceId"] in (request.get("ResourceIds") or [each["ResourceId"]])
        and each["ScalableDimension"] == request.get("ScalableDimension", each["ScalableDimension"])
    ]
    return {"ScalableTargets": found}


OPERATIONS: dict[str, Operation] = {"RegisterScalableTarget": register, "DescribeScalableTargets": describe}
