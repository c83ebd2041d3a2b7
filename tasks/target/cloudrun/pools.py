"""Workers that follow the service: each worker pool is brought to the revision that has got all of the traffic."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from google.api_core import exceptions
from google.cloud import run_v2

from ...errors import DeployFailed, DockyardError
from ...say import say
from . import desired, failing, ledger, plans, pool, running, waiting
from .calls import READ, TIMEOUT, WRITE, conflict
from .faults import told

if TYPE_CHECKING:
    from .arrival import Arrival
    from .service import Fleet

SPLIT = ("instance_splits", "annotations")  # what is changed without a new revision of a pool
TRIES = 5
Edit = Callable[[run_v2.WorkerPool | None], run_v2.WorkerPool | None]


@dataclass(frozen=True)
class Moving:
    """One worker's part of a rollout; `before` is its pool as it was, None where there was none."""

    process: str
    before: run_v2.WorkerPool | None


def follow(fleet: Fleet, arrival: Arrival, over: threading.Event) -> None:
    """Bring every worker to the rollout's revision, side by side. Raises DeployFailed where one does not get there.

    Once it is `over`, nobody waits any longer.
    """
    processes = list(fleet.environment.processes.items())
    with ThreadPoolExecutor(len(processes)) as beside:
        try:
            for each in as_completed([beside.submit(one, fleet, arrival, over, *process) for process in processes]):
                each.result()
        finally:
            over.set()


def one(fleet: Fleet, arrival: Arrival, over: threading.Event, process: str, command: Sequence[str]) -> None:
    """Bring one worker there."""
    with told():
        live = fleet.pool(process)
        if live is not None and pool.belongs(live) == arrival.revision:
            settled(fleet, process, over)
            return
        kept = former(fleet, live, arrival) if live is not None and not arrival.made else ""
        if not kept and not arrival.release.digest:
            say(f"{fleet.pool_name(process)} has no revision of {arrival.revision}, and stays as it is.")
            return
        arrival.pools.append(Moving(process, live))
        if kept and live is not None:
            to_kept(fleet, arrival, process, live, kept)
        else:
            to_new(fleet, arrival, process, command, live)
        settled(fleet, process, over)


def former(fleet: Fleet, live: run_v2.WorkerPool, arrival: Arrival) -> str:
    """A pool's own revision of a kept main one, else the newest of the same digest; "" without one."""
    asked = run_v2.ListRevisionsRequest(parent=live.name)
    listed = list(fleet.clients.revisions.list_revisions(request=asked, retry=READ, timeout=TIMEOUT))
    newest = sorted(listed, key=lambda each: each.create_time, reverse=True)
    digest = arrival.release.digest
    own = (each for each in newest if each.annotations.get(ledger.OF) == arrival.revision)
    same = (each for each in newest if digest and any(c.image.endswith(f"@{digest}") for c in each.containers))
    return next((running.short(each.name) for found in (own, same) for each in found), "")


def to_kept(fleet: Fleet, arrival: Arrival, process: str, live: run_v2.WorkerPool, kept: str) -> None:
    """Give a pool's instances to one of its revisions."""
    say(f"{fleet.pool_name(process)} returns to {kept}.")

    def edit(now: run_v2.WorkerPool | None) -> run_v2.WorkerPool:
        wanted = run_v2.WorkerPool(now if now is not None else live)
        pool.returned(wanted, kept, arrival.revision)
        return wanted

    change(fleet, process, live, edit, SPLIT)


def to_new(
    fleet: Fleet, arrival: Arrival, process: str, command: Sequence[str], live: run_v2.WorkerPool | None
) -> None:
    """Bring a new revision of a pool up, or the pool itself."""
    name = revision(fleet.pool_name(process), live)
    main = fleet.known.template if fleet.known is not None else None
    say(f"Bringing {name} up.")

    def edit(now: run_v2.WorkerPool | None) -> run_v2.WorkerPool:
        return pool.wanted(
            now, fleet.environment, arrival.release, process, command, of=arrival.revision, revision=name, like=main
        )

    change(fleet, process, live, edit)


def revision(of: str, live: run_v2.WorkerPool | None) -> str:
    """The name of a pool's new revision."""
    return plans.named(of, live.generation + 1 if live is not None else 1)


def change(fleet: Fleet, process: str, live: run_v2.WorkerPool | None, edit: Edit, mask: Sequence[str] = ()) -> None:
    """Edit a pool and send it, on what somebody else changed meanwhile anew; make it where there is none."""
    pools = fleet.clients.pools
    for _ in range(TRIES):
        wanted = edit(live)
        if wanted is None:
            return
        try:
            if live is None:
                asked = run_v2.CreateWorkerPoolRequest(
                    parent=fleet.clients.parent, worker_pool_id=fleet.pool_name(process), worker_pool=wanted
                )
                pools.create_worker_pool(request=asked, retry=WRITE, timeout=TIMEOUT)
            else:
                again = run_v2.UpdateWorkerPoolRequest(worker_pool=wanted, update_mask={"paths": mask})
                if not mask:
                    again = run_v2.UpdateWorkerPoolRequest(worker_pool=wanted)
                pools.update_worker_pool(request=again, retry=WRITE, timeout=TIMEOUT)
        except exceptions.GoogleAPICallError as error:
            if not conflict(error):
                raise
            now = fleet.pool(process)
            if now is not None and done(now, wanted):
                return
            if now is not None and live is not None and now.etag == live.etag:
                raise
            live = now
        else:
            return
    raise DockyardError(f"{fleet.pool_name(process)} is changed by others all the time; type the same again.")


def done(now: run_v2.WorkerPool, wanted: run_v2.WorkerPool) -> bool:
    """Whether a change that met a conflict had been made before: its answer was lost."""
    return list(now.instance_splits) == list(wanted.instance_splits) and pool.belongs(now) == pool.belongs(wanted)


def settled(fleet: Fleet, process: str, over: threading.Event) -> None:
    """Return once a pool's instances are where they should be, or it is over. Raises DeployFailed."""
    name, found = fleet.pool_name(process), None
    for pause in waiting.pauses(fleet.environment.deploy_timeout):
        found = fleet.pool(process)
        if found is None:
            raise DeployFailed(f"The worker pool {name} is gone: somebody has deleted it.")
        asked = {each.revision: each.percent for each in found.instance_splits if each.percent}
        seen = {each.revision: each.percent for each in found.instance_split_statuses if each.percent}
        if asked == seen and (not found.reconciling or waiting.upcoming(found)):
            fleet.had(process, found)
            return
        if not found.reconciling and waiting.failed(found.terminal_condition):
            raise DeployFailed(f"{name} did not get ready: {failing.said(found.terminal_condition)}.")
        if over.wait(pause):
            return
    said = failing.said(found.terminal_condition) if found is not None else "it was never seen"
    raise DeployFailed(f"{name} did not get ready within DEPLOY_TIMEOUT: {said}.")


def undo(fleet: Fleet, arrival: Arrival) -> None:
    """Give every worker that was moved its instances back; delete a pool that was made. Raises DeployFailed."""
    if not arrival.pools:
        return

    def back(moving: Moving) -> str:
        try:
            with told():
                give_back(fleet, moving)
        except DockyardError as error:
            return f"{fleet.pool_name(moving.process)} could NOT be undone: {error.message}"
        return ""

    with ThreadPoolExecutor(len(arrival.pools)) as beside:
        wrong = [each for each in beside.map(back, arrival.pools) if each]
    if wrong:
        raise DeployFailed("\n".join(wrong))


def give_back(fleet: Fleet, moving: Moving) -> None:
    """Have a pool run what it ran before, by name."""
    now, before = fleet.pool(moving.process), moving.before
    if before is None:
        if now is not None:
            operation: Any = run_v2.DeleteWorkerPoolRequest(name=now.name, etag=now.etag)
            fleet.clients.pools.delete_worker_pool(request=operation, retry=WRITE, timeout=TIMEOUT)
        return
    if now is None:
        raise DockyardError("it is gone.")
    serving = running.serving(before)

    def edit(live: run_v2.WorkerPool | None) -> run_v2.WorkerPool | None:
        if live is None or not serving:
            return None
        wanted = desired.sendable(live)
        pool.returned(wanted, serving[0], pool.belongs(before))
        return wanted

    change(fleet, moving.process, now, edit, SPLIT)
    if serving:
        settled(fleet, moving.process, threading.Event())
