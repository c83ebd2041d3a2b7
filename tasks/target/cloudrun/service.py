"""One Cloud Run service and its worker pools: looked at, and changed by an etag that lets nobody be overwritten."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from google.api_core import exceptions
from google.cloud import run_v2

from ...environment.cloudrun import worker
from ...errors import DeployFailed, DockyardError, Overtaken
from .calls import READ, TIMEOUT, WRITE, absent, conflict, finished
from .editing import answered, differing, light, made

if TYPE_CHECKING:
    from ...environment.settings import Environment
    from .clients import Clients
    from .guard import Guard

FRESH = 2.0  # seconds for which a look need not be taken again by the next step of the same verb
TRIES = 5  # writes that meet a conflict in a row
PAGE = 100  # revisions of one answer
Edit = Callable[[run_v2.Service], None]


@dataclass(frozen=True)
class Look:
    """What one look showed: the service, None where there is none, and the pool of each PROCESS_<NAME> that has one."""

    service: run_v2.Service | None
    pools: Mapping[str, run_v2.WorkerPool] = field(default_factory=dict)
    at: float = field(default_factory=time.monotonic)

    @property
    def age(self) -> float:
        """How many seconds ago it was taken."""
        return time.monotonic() - self.at


class Fleet:
    """The service, its revisions and its worker pools. Threads may share it."""

    def __init__(self, clients: Clients, environment: Environment) -> None:
        self.clients = clients
        self.environment = environment
        self.name = f"{clients.parent}/services/{environment.service}"
        self.known: run_v2.Service | None = None  # as last read or written: its etag is the newest
        self.guard: Guard | None = None  # who may write, and what each write carries
        self._look: Look | None = None
        self._revisions: list[run_v2.Revision] | None = None
        self._reading = threading.RLock()
        self._listing = threading.RLock()
        self._writing = threading.RLock()
        self._keeping = threading.RLock()  # of the last look

    # Look

    def look(self) -> Look:
        """What there is now, asked side by side."""
        pools = self.environment.processes
        if not pools:
            found = Look(self.read())
        else:
            with ThreadPoolExecutor(len(pools)) as beside:
                asked = {process: beside.submit(self.pool, process) for process in pools}
                service = self.read()
                there = {process: each.result() for process, each in asked.items()}
            found = Look(service, {process: pool for process, pool in there.items() if pool is not None})
        self._look = found
        return found

    def lately(self, within: float = FRESH) -> Look:
        """What a step of the same verb has seen within so many seconds, else another look."""
        with self._reading:
            return self._look if self._look and self._look.age < within else self.look()

    def seen(self) -> Look | None:
        """The last look, however long ago."""
        return self._look

    def forget(self) -> None:
        """Have the next step look itself."""
        self._look = self._revisions = None

    def read(self) -> run_v2.Service | None:
        """The service as it is now; None where there is none."""
        try:
            found = self.clients.services.get_service(name=self.name, retry=READ, timeout=TIMEOUT)
        except exceptions.NotFound as error:
            absent(error, self.environment)
            self.known = None
            return None
        self.known = found
        return found

    def reread(self) -> run_v2.Service:
        """The service as it is now, the pools as last seen. Raises DockyardError for one that is gone."""
        service = self.read()
        if service is None:
            raise DeployFailed(f"There is no service {self.environment.service} any more: somebody has deleted it.")
        with self._keeping:
            self._look = Look(service, self._look.pools if self._look else {})
        return service

    def revisions(self) -> list[run_v2.Revision]:
        """Every revision, newest first, listed once; none where there is no service."""
        with self._listing:
            if self._revisions is None:
                pager = self.clients.revisions.list_revisions(
                    request=run_v2.ListRevisionsRequest(parent=self.name, page_size=PAGE), retry=READ, timeout=TIMEOUT
                )
                try:
                    listed = list(pager)
                except exceptions.NotFound:
                    listed = []
                self._revisions = sorted(listed, key=lambda each: each.create_time, reverse=True)
            return self._revisions

    def revision(self, name: str) -> run_v2.Revision | None:
        """A revision as it is now; None where there is none."""
        try:
            asked = f"{self.name}/revisions/{name}"
            return self.clients.revisions.get_revision(name=asked, retry=READ, timeout=TIMEOUT)
        except exceptions.NotFound:
            return None

    # Worker pools

    def pool_name(self, process: str) -> str:
        """The short name of a worker's pool: `rec2pdf-mail-queue` of PROCESS_MAIL_QUEUE."""
        return worker(self.environment.service, process)

    def pool(self, process: str) -> run_v2.WorkerPool | None:
        """A worker's pool as it is now; None where there is none."""
        name = f"{self.clients.parent}/workerPools/{self.pool_name(process)}"
        try:
            return self.clients.pools.get_worker_pool(name=name, retry=READ, timeout=TIMEOUT)
        except exceptions.NotFound:
            return None

    def had(self, process: str, pool: run_v2.WorkerPool | None) -> None:
        """Keep a pool as it is now in the last look."""
        with self._keeping:
            if self._look:
                pools = {name: each for name, each in self._look.pools.items() if name != process}
                self._look = replace(self._look, pools={**pools, process: pool} if pool else pools)

    # Change

    def change(self, edit: Edit, *, whole: bool = False) -> run_v2.Service:
        """Edit the service and send it; the service as the answer has it, not yet reconciled.

        Only what makes no revision (see `editing`), unless it is the `whole` service, whose edit may. What somebody
        else changed meanwhile is kept: the edit is made anew on it. Raises Locked where somebody else holds the
        service by now, Overtaken where he changed it before the first write of this release.
        """
        return finished(lambda: self._changed(edit, whole=whole))

    def _changed(self, edit: Edit, *, whole: bool) -> run_v2.Service:
        with self._writing:
            known = self.known or self.reread()
            for _ in range(TRIES):
                wanted = run_v2.Service(known)
                edit(wanted)
                if self.guard:
                    self.guard.carried(wanted)
                if not whole and not differing(known, wanted):
                    return known
                try:
                    return self._wrote(known, wanted, whole=whole)
                except exceptions.GoogleAPICallError as error:
                    fresh = self.reread() if conflict(error) else known
                    if fresh.etag == known.etag:  # refused for another reason
                        raise
                    self.forget()
                    whole = whole and not made(fresh, wanted)
                    if self.guard:
                        self._judge(self.guard, known, fresh, wanted, whole=whole)
                    known = fresh
            raise DockyardError(
                f"{self.environment.service} is changed by others all the time: see who does, and type the same again."
            )

    def _judge(
        self, guard: Guard, known: run_v2.Service, fresh: run_v2.Service, wanted: run_v2.Service, *, whole: bool
    ) -> None:
        """Judge a service that somebody, or an own write whose answer was lost, has changed. Raises Locked."""
        if not whole and not differing(fresh, wanted):
            guard.written(fresh)
        else:
            guard.conflict(known, fresh, whole=whole)

    def _wrote(self, known: run_v2.Service, wanted: run_v2.Service, *, whole: bool) -> run_v2.Service:
        request = run_v2.UpdateServiceRequest(service=wanted) if whole else light(known, wanted)
        operation: Any = self.clients.services.update_service(request=request, retry=WRITE, timeout=TIMEOUT)
        now = self._have(known, answered(operation, wanted), whole=whole)
        if self.guard:
            self.guard.written(wanted)
        return now

    def create(self, service: run_v2.Service) -> run_v2.Service:
        """Make the service. Raises google's AlreadyExists where there is one by now."""
        return finished(lambda: self._created(service))

    def _created(self, service: run_v2.Service) -> run_v2.Service:
        with self._writing:
            if self.guard:
                self.guard.carried(service)
            request = run_v2.CreateServiceRequest(
                parent=self.clients.parent, service_id=self.environment.service, service=service
            )
            operation: Any = self.clients.services.create_service(request=request, retry=WRITE, timeout=TIMEOUT)
            service.name = self.name
            now = self._have(service, answered(operation, service), whole=True)
            self.created(service)
            return now

    def refuse(self, there: run_v2.Service | None) -> None:
        """Give up to whoever was faster to make the service. Raises Locked, Overtaken."""
        if self.guard and there is not None:
            self.guard.conflict(run_v2.Service(), there, whole=True)
        raise Overtaken(f"{self.environment.service} was created meanwhile by somebody else: type the same again.")

    def created(self, service: run_v2.Service) -> None:
        """Know that the service was made so."""
        if self.guard:
            self.guard.written(service)

    def _have(self, known: run_v2.Service, now: run_v2.Service, *, whole: bool) -> run_v2.Service:
        """Keep what was written. Annotations leave the last look as good as it was; anything else makes it old."""
        self.known = kept = now if now.etag else self.reread()
        with self._keeping:
            if not whole and self._look and self._look.service and differing(known, now) <= {"annotations"}:
                seen = run_v2.Service(self._look.service)
                seen.annotations.clear()
                seen.annotations.update(now.annotations)
                settled = seen.generation == seen.observed_generation
                seen.generation, seen.etag = now.generation, now.etag
                seen.observed_generation = seen.generation if settled else seen.observed_generation
                self._look = replace(self._look, service=seen)
            elif self._look:
                self._look = replace(self._look, at=0.0)
        if whole:
            self._revisions = None
        return kept
