"""One ECS service: what it is asked to be, and what DescribeServices says that it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ...errors import DockyardError
from ...say import say
from .. import Traffic
from . import faults
from .paging import batches
from .running import short

if TYPE_CHECKING:
    from ...environment.settings import Environment
    from .clients import Clients
    from .definition import Definition

WEB = "web"
BATCH = 10  # services that DescribeServices takes at once
OTHERS = ("CODE_DEPLOY", "EXTERNAL")  # controllers whose deployments are not ECS' own
Entry = Mapping[str, Any]  # of DescribeServices


def primary(entry: Entry) -> Mapping[str, Any]:
    """The deployment that ECS brings about, or has; empty under a controller that has none."""
    own = next((each for each in entry.get("deployments") or () if each.get("status") == "PRIMARY"), None)
    return own or next((each for each in entry.get("taskSets") or () if each.get("status") == "PRIMARY"), {})


def named(entry: Entry) -> str:
    """The task definition (`family:43`) that a service is to run."""
    return short(str(primary(entry).get("taskDefinition") or entry.get("taskDefinition") or ""))


def controller(entry: Entry) -> str:
    """Who makes the deployments: ECS, CODE_DEPLOY or EXTERNAL."""
    return str((entry.get("deploymentController") or {}).get("type") or "ECS")


def traffic(entry: Entry) -> tuple[Traffic, ...]:
    """Who gets the requests: in proportion to the tasks that run, as a load balancer shares them out.

    A deployment that is complete, or alone, has all; so has the primary one where nothing runs. One that is on its way
    and has none yet is there with 0 %.
    """
    first = primary(entry)
    name = named(entry)
    running: dict[str, int] = {}
    for each in entry.get("deployments") or ():
        if each.get("status") in ("PRIMARY", "ACTIVE"):
            of = short(str(each.get("taskDefinition") or ""))
            running[of] = running.get(of, 0) + int(each.get("runningCount") or 0)
    total = sum(running.values())
    if not name:
        return ()
    if first.get("rolloutState") == "COMPLETED" or not total or set(running) <= {name}:
        return (Traffic(name, 100),)
    shares = {of: 100 * count // total for of, count in running.items()}
    most = max(shares, key=lambda of: (shares[of], of != name))
    shares[most] += 100 - sum(shares.values())
    found = sorted(shares.items(), key=lambda each: -each[1])
    return tuple(Traffic(of, percent) for of, percent in found if percent or of == name)


def replies(ecs: Any, cluster: str, names: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """The replies of DescribeServices about these services, with its failures."""
    for part in batches(names, BATCH):
        yield ecs.describe_services(cluster=cluster, services=part)


def described(ecs: Any, cluster: str, names: Sequence[str]) -> list[Entry]:
    """The entries of those services that there are, or were."""
    return [each for reply in replies(ecs, cluster, names) for each in reply.get("services") or ()]


@dataclass(frozen=True)
class Look:
    """What one look at a service showed: its entry of DescribeServices, and the task definition it is to run."""

    raw: Entry
    definition: Definition

    @property
    def primary(self) -> Mapping[str, Any]:
        """The deployment that ECS brings about, or has."""
        return primary(self.raw)

    @property
    def traffic(self) -> tuple[Traffic, ...]:
        """The shares of the requests."""
        return traffic(self.raw)

    @property
    def serving(self) -> str:
        """The task definition with most traffic."""
        return max(self.traffic, key=lambda each: each.percent, default=Traffic(self.definition.name, 0)).revision

    @property
    def under_way(self) -> bool:
        """Whether a deployment is not over."""
        return self.primary.get("rolloutState") == "IN_PROGRESS"


class Service:
    """A service of the cluster: the main one, or the sibling that a PROCESS_<NAME> runs in."""

    def __init__(
        self, clients: Clients, environment: Environment, process: str = WEB, command: tuple[str, ...] = ()
    ) -> None:
        self.clients = clients
        self.environment = environment
        self.process = process
        self.command = command
        self.blind = False  # whether these credentials may not ask about service deployments
        self.cluster = environment.cluster
        self.name = environment.service if process == WEB else f"{environment.service}-{process}"

    def entry(self) -> Entry:
        """The service as it is now. Raises DockyardError for one that is gone."""
        for found in self.clients.ecs.describe_services(cluster=self.cluster, services=[self.name])["services"]:
            return dict(found)
        raise DockyardError(
            f"There is no service {self.name} in cluster {self.cluster} any more: somebody has deleted it. "
            f"inv doctor --env={self.environment.name} says how to make one."
        )

    def update(self, **asked: Any) -> Entry:
        """Change the service, in nothing but what is asked; the service as the reply has it."""
        found: Entry = self.clients.ecs.update_service(cluster=self.cluster, service=self.name, **asked)["service"]
        return found

    def deployments(self, since: datetime) -> list[Mapping[str, Any]]:
        """The service deployments of that second and later; none where nobody may ask."""
        asked = {"cluster": self.cluster, "service": self.name, "createdAt": {"after": since}}
        with self._asking():
            return list(self.clients.ecs.list_service_deployments(**asked).get("serviceDeployments") or ())
        return []

    def deployment(self, arn: str) -> Mapping[str, Any]:
        """A service deployment as it is now; empty where ECS does not tell."""
        with self._asking():
            reply = self.clients.ecs.describe_service_deployments(serviceDeploymentArns=[arn])
            return next(iter(reply.get("serviceDeployments") or ()), {})
        return {}

    def stop(self, arn: str) -> None:
        """Have ECS roll a service deployment back that is under way."""
        self.clients.ecs.stop_service_deployment(serviceDeploymentArn=arn, stopType="ROLLBACK")

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Go on where it is denied, and say so once: a role may be older than service deployments are."""
        try:
            yield
        except faults.ClientError as error:
            if not faults.denied(error):
                raise
            if not self.blind:
                say(f"{self.name} is followed by DescribeServices alone. {faults.sentence(error)}")
            self.blind = True
