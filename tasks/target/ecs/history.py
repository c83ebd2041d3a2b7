"""The ledger as ECS keeps it: the ACTIVE task definitions of the family, described as they are looked at."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, overload

from .. import Release, Revision
from . import ledger, paging
from .faults import told
from .running import short

if TYPE_CHECKING:
    from ...environment.settings import Environment
    from .catalog import Catalog

PAGE = 10  # task definitions that are described side by side
Describe = Callable[[str], Revision]


class History(Sequence[Revision]):
    """A family's revisions, newest first; a page is described when one of it is looked at, and only once.

    A rollback needs the newest few, where a family may have hundreds, and DescribeTaskDefinition takes one at a time.
    """

    def __init__(self, arns: Sequence[str], describe: Describe) -> None:
        self.arns = list(arns)
        self._describe = describe
        self._found: list[Revision] = []
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self.arns)

    @overload
    def __getitem__(self, index: int) -> Revision: ...

    @overload
    def __getitem__(self, index: slice) -> list[Revision]: ...

    def __getitem__(self, index: int | slice) -> Revision | list[Revision]:
        if isinstance(index, int):
            self._reach(range(len(self))[index] + 1)  # raises IndexError, which ends an iteration
            return self._found[index if index >= 0 else len(self) + index]
        wanted = range(len(self))[index]
        self._reach(max(wanted, default=-1) + 1)
        return [self._found[each] for each in wanted]

    def __iter__(self) -> Iterator[Revision]:
        return (self[index] for index in range(len(self)))

    def _reach(self, number: int) -> None:
        """Have the first `number` described: all of its page, so that the next look is free."""
        with self._lock:
            if number <= len(self._found):
                return
            whole = PAGE * -(-number // PAGE)
            going = self.arns[len(self._found) : whole]
            with told(), ThreadPoolExecutor(PAGE) as side_by_side:  # long after whoever asked for the history
                self._found += side_by_side.map(self._describe, going)


def history(catalog: Catalog, environment: Environment, family: str, shares: Mapping[str, int]) -> History:
    """The revisions of a family. `shares` gives the percentage of traffic of each that runs, by `family:43`.

    One without Dockyard's tags tells what its image tells.
    """

    def revision(arn: str) -> Revision:
        name = short(arn)
        found = catalog.find(arn)
        if found is None:  # deregistered since it was listed
            return Revision(name, Release(environment.image, ""), startable=False)
        return ledger.revision(found, environment, running=name in shares, percent=shares.get(name, 0))

    return History(listed(catalog.clients.ecs, family), revision)


def listed(ecs: Any, family: str) -> list[str]:
    """The ARNs of the family's ACTIVE task definitions, newest first; a hundred a call."""
    asked = {"familyPrefix": family, "status": "ACTIVE", "sort": "DESC"}
    found = paging.listed(ecs.list_task_definitions, "taskDefinitionArns", **asked)
    return sorted((each for each in found if short(each).rpartition(":")[0] == family), key=number, reverse=True)


def number(arn: str) -> int:
    """The revision's number of a task definition's ARN."""
    return int(arn.rpartition(":")[2])
