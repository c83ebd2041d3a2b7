"""What ECS itself says of a service: that its deployment is over, and which digest its service revision has.

The service revision is ECS' own record of what it rolled out, kept apart from the task definition and from the tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from ...errors import DockyardError
from .. import CheckResult
from . import faults
from .paging import batches
from .running import imaged, pinned, short
from .service import WEB, Entry, controller, primary

if TYPE_CHECKING:
    from ...environment.settings import Environment
    from .manifests import Manifests

BATCH = 20  # service revisions that DescribeServiceRevisions takes at once


def attest(
    ecs: Any, environment: Environment, manifests: Manifests, services: Mapping[str, Entry], wanted: str
) -> list[CheckResult]:
    """Two checks for each process: its deployment, and the digest of its service revision.

    `services` gives each process ("web" first) its entry of DescribeServices.
    """
    with ThreadPoolExecutor(1 + len(services)) as side_by_side:
        asked = side_by_side.submit(revisions, ecs, services.values())
        deployed = list(side_by_side.map(lambda entry: deployment(ecs, entry), services.values()))
        known, denied = allowed(asked.result)
    found = []
    for (process, entry), (over, detail) in zip(services.items(), deployed, strict=True):
        of = "" if process == WEB else f" of {process}"
        same, digest = (None, denied) if denied else revision(current(entry, known), environment, manifests, wanted)
        found += [CheckResult(f"deployment{of}", over, detail), CheckResult(f"service revision{of}", same, digest)]
    return found


def deployment(ecs: Any, entry: Entry) -> tuple[bool | None, str]:
    """Whether the primary deployment is complete, alone, and has its tasks; an older one may still drain."""
    first = primary(entry)
    if not first or controller(entry) != "ECS":
        return None, f"a deployment of the {controller(entry)} controller is not ECS' own"
    others = [each for each in entry.get("deployments") or () if each is not first and each.get("desiredCount")]
    name = short(str(first.get("taskDefinition") or ""))
    state = str(first.get("rolloutState") or "") or last(ecs, entry)
    reason = f": {first['rolloutStateReason']}" if first.get("rolloutStateReason") and state != "COMPLETED" else ""
    if others:
        beside = ", ".join(short(str(each.get("taskDefinition") or "")) for each in others)
        return False, f"{name} is {state or 'not told'} beside {beside}{reason}"
    if not state:
        return None, f"ECS does not say how far {name} is"
    running, desired = int(entry.get("runningCount") or 0), int(entry.get("desiredCount") or 0)
    over = state in ("COMPLETED", "SUCCESSFUL") and running >= desired
    return over, f"{name} is {state}, {running} of {desired} running{reason}"


def allowed(ask: Callable[[], dict[str, Entry]]) -> tuple[dict[str, Entry], str]:
    """What is answered, and why nothing is where these credentials may not ask."""
    try:
        return ask(), ""
    except faults.ClientError as error:
        if not faults.denied(error):
            raise
        return {}, faults.sentence(error)


def last(ecs: Any, entry: Entry) -> str:
    """The state of the newest service deployment, for strategies whose deployments have none; "" if there is none."""
    asked = {"cluster": entry["clusterArn"], "service": entry["serviceArn"], "maxResults": 1}
    try:
        found = ecs.list_service_deployments(**asked).get("serviceDeployments") or ()
    except faults.ClientError as error:
        if not faults.denied(error):
            raise
        return ""
    return str(found[0].get("status") or "") if found else ""


def revisions(ecs: Any, entries: Iterable[Entry]) -> dict[str, Entry]:
    """The current service revisions, by ARN."""
    each_of = (each for entry in entries for each in entry.get("currentServiceRevisions") or ())
    return described(ecs, [each["arn"] for each in each_of if each.get("arn")])


def described(ecs: Any, arns: Sequence[str]) -> dict[str, Entry]:
    """What DescribeServiceRevisions says, by ARN."""
    found: dict[str, Entry] = {}
    for part in batches(arns, BATCH):
        reply = ecs.describe_service_revisions(serviceRevisionArns=part)
        found |= {each["serviceRevisionArn"]: each for each in reply.get("serviceRevisions") or ()}
    return found


def current(entry: Entry, known: Mapping[str, Entry]) -> Entry:
    """The service revision of a service's primary deployment; empty where ECS does not tell."""
    name = primary(entry).get("taskDefinition")
    own = [known[each["arn"]] for each in entry.get("currentServiceRevisions") or () if each.get("arn") in known]
    return next((each for each in own if each.get("taskDefinition") == name), {})


def revision(found: Entry, environment: Environment, manifests: Manifests, wanted: str) -> tuple[bool | None, str]:
    """Whether every container of IMAGE has the `wanted` digest, or a child of it, in a service revision.

    `wanted` is "" for a release that was deployed by tag.
    """
    images = [{**each, "name": each.get("containerName")} for each in found.get("containerImages") or ()]
    mine = imaged(images, environment)  # by the key that a task has for a container's name
    digests = [str(each.get("imageDigest") or "") or pinned(str(each.get("image") or "")) for each in mine]
    if not digests or not all(digests):
        return None, "ECS does not tell the digest of its service revision"
    name, other = short(str(found["serviceRevisionArn"])), [each for each in digests if each != wanted]
    if not wanted:
        return None, f"{name} has {digests[0]}, the release goes by a tag"
    try:
        accepted = manifests.of(environment.image, wanted) if other else ()
    except DockyardError as error:
        return None, f"{name} has {other[0]}, which could not be compared: {error.message}"
    wrong = [each for each in other if each not in accepted]
    return (False, f"{name} has {wrong[0]}, not {wanted}") if wrong else (True, f"{name} has {digests[0]}")
