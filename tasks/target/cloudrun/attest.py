"""What Cloud Run itself says of a service: that it has done what was asked, and where its traffic goes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from google.cloud import run_v2

from .. import CheckResult
from . import running
from .running import LATEST, SUCCEEDED, short

if TYPE_CHECKING:
    from .service import Fleet, Look


def attest(fleet: Fleet, look: Look, wanted: str) -> list[CheckResult]:
    """Whether the service is reconciled and ready, its traffic pinned as it is read back, and each worker `wanted`."""
    service = look.service
    if service is None:
        return [CheckResult("service", False, f"there is no service {fleet.environment.service}")]
    return [
        CheckResult("service", *served(service)),
        CheckResult("pinned", *pinned(service)),
        *pools(fleet, look, wanted),
    ]


def served(service: run_v2.Service) -> tuple[bool | None, str]:
    """Whether the service is ready. That a newest revision failed which has no traffic is said, and fails nothing."""
    ok, detail = ready(service)
    newest = short(service.latest_created_revision)
    if ok is False and newest not in {each.revision for each in running.traffic(service) if each.percent}:
        return True, f"generation {service.generation} serves; {detail}; it has no traffic"
    return ok, detail


def ready(found: run_v2.Service | run_v2.WorkerPool) -> tuple[bool | None, str]:
    """Whether Cloud Run has brought about what was asked last, in its own words where it has not."""
    condition = found.terminal_condition
    if not running.reconciled(found):
        return None, f"generation {found.generation} is under way, {found.observed_generation} is what runs"
    if condition.state == SUCCEEDED:
        return True, f"generation {found.generation} is ready"
    newest = short(found.latest_created_revision)
    return False, f"{newest}: {running.reason(condition)}: {condition.message}".rstrip(": ")


def pinned(service: run_v2.Service) -> tuple[bool | None, str]:
    """Whether the traffic goes by name, and as it was asked; a newer revision without any is said.

    Where it goes to the latest revision, whatever is created next serves at once, unverified.
    """
    asked = {(each.revision, each.percent) for each in service.traffic if each.percent and each.type_ != LATEST}
    now = {(each.revision, each.percent) for each in running.traffic(service) if each.percent}
    names = ", ".join(f"{name} {percent} %" for name, percent in sorted(now))
    if any(each.type_ == LATEST and each.percent for each in service.traffic) or not service.traffic:
        return None, f"{names}: it follows the latest revision, whatever that is; the next deploy pins it by name"
    if asked != now:
        return False, f"{names}, where {', '.join(f'{name} {percent} %' for name, percent in sorted(asked))} was asked"
    newest = running.overlooked(service)
    return True, f"{names}{f'; {newest} is newer, and has no traffic' if newest else ''}"


def pools(fleet: Fleet, look: Look, wanted: str) -> Iterator[CheckResult]:
    """Two checks of each worker: its pool is ready, and runs the wanted digest."""
    instances = {each.process: each for each in running.workers(look, fleet.environment)}
    for process in fleet.environment.processes:
        pool = look.pools.get(process)
        if pool is None:
            yield CheckResult(f"worker {process}", False, f"there is no worker pool {fleet.pool_name(process)}")
            continue
        yield CheckResult(f"worker {process}", *ready(pool))
        yield CheckResult(f"digest of {process}", *same(instances[process].digest, wanted, instances[process].name))


def same(digest: str, wanted: str, name: str) -> tuple[bool | None, str]:
    """Whether a worker's revision runs a digest; unverified where its pool does not tell."""
    if not digest:
        return None, f"Cloud Run does not say which digest {name} runs"
    return digest == wanted, f"{name} runs {digest}{'' if digest == wanted else f', not {wanted}'}"
