"""A service and its workers, looked at and changed together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from ...errors import DockyardError, SettingError
from . import ledger
from .catalog import Catalog
from .service import WEB, Entry, Look, Service, named, replies

if TYPE_CHECKING:
    from ...environment.settings import Environment
    from .clients import Clients

Given = TypeVar("Given")
Got = TypeVar("Got")


@dataclass(frozen=True)
class Looks:
    """What one look at the service and its workers showed, the main one first."""

    by: Mapping[str, Look]  # by process
    at: float = field(default_factory=time.monotonic)

    @property
    def main(self) -> Look:
        """The service itself."""
        return self.by[WEB]

    @property
    def entries(self) -> dict[str, Entry]:
        """What DescribeServices says of each process."""
        return {process: look.raw for process, look in self.by.items()}

    @property
    def owners(self) -> dict[str, str]:
        """The main task definition that each worker's belongs to."""
        workers = (look.definition for process, look in self.by.items() if process != WEB)
        return {each.name: ledger.of(each) for each in workers if ledger.of(each)}


class Fleet:
    """The main service and its workers."""

    def __init__(self, clients: Clients, environment: Environment) -> None:
        self.clients = clients
        self.environment = environment
        self.catalog = Catalog(clients)

    @cached_property
    def services(self) -> dict[str, Service]:
        """Each process and its service, the main one first. Raises SettingError for a worker that would be that."""
        if WEB in self.environment.processes:
            raise SettingError(
                "PROCESS_WEB would be the service itself, which runs anyway; give the worker another name."
            )
        workers = self.environment.processes.items()
        main = Service(self.clients, self.environment)
        return {
            WEB: main,
            **{name: Service(self.clients, self.environment, name, tuple(argv)) for name, argv in workers},
        }

    @property
    def names(self) -> dict[str, str]:
        """The name of each process' service."""
        return {process: each.name for process, each in self.services.items()}

    def look(self) -> Looks:
        """What all of them are now. Raises DockyardError for one that is missing or gone, or in another account."""
        entries = self.entries()
        definitions = side_by_side(lambda entry: self.catalog.find(named(entry)), entries.values())
        looks = dict[str, Look]()
        for (process, entry), found in zip(entries.items(), definitions, strict=True):
            if found is None:
                raise DockyardError(
                    f"{entry['serviceName']} is to run {named(entry) or 'no task definition'}, which is gone; "
                    "give the service one with aws ecs update-service, then type the same again."
                )
            looks[process] = Look(entry, found)
        return Looks(looks)

    def entries(self) -> dict[str, Entry]:
        """What DescribeServices says of each process. Raises DockyardError."""
        names = list(self.names.values())
        found: list[Entry] = []
        try:
            for reply in replies(self.clients.ecs, self.environment.cluster, names):
                self._refuse_account(reply)
                found += reply.get("services") or ()
        except self.clients.ecs.exceptions.ClusterNotFoundException:
            raise DockyardError(
                f"There is no cluster {self.environment.cluster} in {self.environment.region}; see CLUSTER and "
                f"REGION of env/{self.environment.name}.env (aws ecs list-clusters lists what there is)."
            ) from None
        by_name = {each["serviceName"]: each for each in found}
        return {process: self._there(process, by_name.get(name)) for process, name in self.names.items()}

    def _there(self, process: str, entry: Entry | None) -> Entry:
        """The entry of a service that is there and stays. Raises DockyardError."""
        env, name = self.environment, self.names[process]
        if entry is None or entry.get("status") == "INACTIVE":
            whose = "" if process == WEB else f", which PROCESS_{process.upper()} runs in"
            gone = "is no longer there" if entry else "is not there"
            raise DockyardError(
                f"The service {name}{whose} {gone} (cluster {env.cluster}, {env.region}), and Dockyard creates none; "
                f"create it, or see SERVICE and CLUSTER: inv doctor --env={env.name} lists all that is missing."
            )
        if entry.get("status") == "DRAINING":
            raise DockyardError(
                f"The service {name} is being deleted (DRAINING) in cluster {env.cluster}; wait until it is gone, "
                "create it anew, then type the same again."
            )
        return entry

    def _refuse_account(self, reply: Mapping[str, Any]) -> None:
        """Raise SettingError where the credentials belong to another account than ACCOUNT: every ARN tells it."""
        wanted = self.environment.account
        arns = [each.get("serviceArn") or "" for each in reply.get("services") or ()]
        arns += [each.get("arn") or "" for each in reply.get("failures") or ()]
        accounts = {arn.split(":")[4] for arn in arns if arn.count(":") >= 5}
        for other in sorted(accounts - {wanted, ""}) if wanted else ():
            raise SettingError(
                f"ACCOUNT={wanted}, but the credentials belong to account {other}; "
                "see AWS_PROFILE, or log in to the right account."
            )


def side_by_side(does: Callable[[Given], Got], each_of: Iterable[Given]) -> list[Got]:
    """The same for each, at once; alone, without another thread. Botocore's exceptions come as they are."""
    given = list(each_of)
    if len(given) < 2:
        return [does(each) for each in given]
    with ThreadPoolExecutor(len(given)) as executor:
        return list(executor.map(does, given))
