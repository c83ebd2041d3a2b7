"""What runs of a service and its workers, as far as a look at them tells; Cloud Run lists no instances."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from google.cloud import run_v2

from ...image.reference import split
from .. import Current, Instance, Release, Revision, Served, Traffic
from ..words import iso
from . import ledger
from .pool import belongs

if TYPE_CHECKING:
    from ...environment.settings import Environment
    from .service import Fleet, Look

WEB = "web"  # the process that takes requests
RUNNING = "running"
SUCCEEDED = run_v2.Condition.State.CONDITION_SUCCEEDED
LATEST = run_v2.TrafficTargetAllocationType.TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST
Made = run_v2.Revision | run_v2.RevisionTemplate


def current(
    fleet: Fleet, look: Look, revisions: Sequence[run_v2.Revision] | None = None, *, counted: bool = True
) -> Current:
    """The revision with most traffic, who else has some, and an `Instance` for each revision that has.

    `revisions` are those that are known already. Others are read where the service itself does not tell of them, which
    it does of the one that its template made. Where it is to be `counted`, and the settings judge by errors, what was
    answered is told too.
    """
    service, environment = look.service, fleet.environment
    if service is None:
        return Current(None, url=environment.url)
    shares = traffic(service)
    serving = max(shares, key=lambda each: each.percent, default=None)
    known = {short(each.name): each for each in revisions or ()}
    wanted = [each.revision for each in shares if each.percent]
    made = {name: found for name in wanted if (found := known.get(name) or template(service, name))}
    if len(made) < len(wanted):
        made |= {short(each.name): each for each in fleet.revisions() if short(each.name) in wanted}
    return Current(
        revision(serving.revision, made.get(serving.revision), service, environment) if serving else None,
        shares,
        (*(instance(name, made.get(name), service, environment) for name in wanted), *workers(look, environment)),
        environment.url or service.uri,
        served=served(fleet, wanted) if counted else (),
        least=least(service),
    )


def served(fleet: Fleet, revisions: Sequence[str]) -> tuple[Served, ...]:
    """What these revisions have answered, where a setting judges by that: it takes a look at the log."""
    it = fleet.environment
    if it.max_error_rate is None and not it.canary and it.bake is None:
        return ()
    from . import counts

    return counts.of(fleet).served(revisions)


def least(service: run_v2.Service) -> int:
    """How many instances Cloud Run keeps at least, by the service's own number or that of its newest revision."""
    if service.scaling.scaling_mode == run_v2.ServiceScaling.ScalingMode.MANUAL:
        return int(service.scaling.manual_instance_count)
    return max(int(service.scaling.min_instance_count), int(service.template.scaling.min_instance_count))


def traffic(service: run_v2.Service) -> tuple[Traffic, ...]:
    """The traffic as Cloud Run has it now, by name, each revision once but for its further tags; most first."""
    found: dict[str, Traffic] = {}
    further = list[Traffic]()
    for each in service.traffic_statuses:
        name = each.revision or short(service.latest_ready_revision)
        if not name:  # no revision was ever ready
            continue
        known = found.get(name, Traffic(name, 0))
        if each.tag and known.tag:
            further.append(Traffic(name, 0, each.tag))
        tag = known.tag or each.tag
        found[name] = Traffic(name, known.percent + each.percent, tag)
    kept = (each for each in found.values() if each.percent or each.tag)
    return (*sorted(kept, key=lambda each: -each.percent), *further)


def overlooked(service: run_v2.Service) -> str:
    """The newest revision where it has no traffic: after a rollback, or where somebody pinned an older one; else ""."""
    newest = short(service.latest_created_revision)
    return "" if newest in {each.revision for each in traffic(service) if each.percent} else newest


def template(service: run_v2.Service, name: str) -> run_v2.RevisionTemplate | None:
    """The service's template where it made that revision, so that it tells of it; None where that is not certain."""
    made = service.template
    if made.revision:
        return made if made.revision == name else None
    return made if reconciled(service) and short(service.latest_created_revision) == name else None


def reconciled(found: run_v2.Service | run_v2.WorkerPool | run_v2.Job) -> bool:
    """Whether Cloud Run is done with what was asked last, however that ended."""
    return not found.reconciling and found.observed_generation == found.generation


def revision(name: str, made: Made | None, service: run_v2.Service, environment: Environment) -> Revision:
    """A revision as verbs know it. `made` is None for one that is gone already."""
    shares = [each for each in traffic(service) if each.revision == name]
    release = Release(environment.image, "") if made is None else released(made, environment)
    return Revision(
        name,
        release,
        verified=name in ledger.records(service),
        running=any(each.percent for each in shares),
        percent=sum(each.percent for each in shares),
        traffic_tag=next((each.tag for each in shares if each.tag), ""),
        startable=made is not None,
        spec="" if made is None else ledger.spec(made.annotations),
    )


def released(made: Made, environment: Environment) -> Release:
    """The release that a revision is; one that Dockyard never made tells its image, and who made it when."""
    found = ledger.release(image(made.containers, environment), made.annotations)
    if isinstance(made, run_v2.Revision):
        found = replace(found, by=found.by or made.creator, at=found.at or iso(made.create_time))
    return found


def image(containers: Iterable[run_v2.Container], environment: Environment) -> str:
    """The image of the main container: the one of CONTAINER, else of IMAGE, else the one that takes requests."""
    each = list(containers)
    for chosen in (
        (one for one in each if environment.container and one.name == environment.container),
        (one for one in each if split(one.image)[0] == environment.image),
        (one for one in each if one.ports),
        iter(each),
    ):
        for one in chosen:
            return str(one.image)
    return ""


def instance(name: str, made: Made | None, service: run_v2.Service, environment: Environment) -> Instance:
    """A revision with traffic, as its own Ready condition has it; the service's own names the last that got ready."""
    digest = "" if made is None else released(made, environment).digest
    if isinstance(made, run_v2.Revision):
        state, detail = condition(made.conditions)
    elif short(service.latest_ready_revision) == name:
        state, detail = RUNNING, ""
    else:
        gone = ("unknown", "Cloud Run has forgotten it")
        state, detail = gone if made is None else condition([service.terminal_condition])
    return Instance(name, name, WEB, state, digest, detail)


def condition(conditions: Iterable[run_v2.Condition]) -> tuple[str, str]:
    """`running`, or the reason why it is not and Cloud Run's own sentence, of a Ready condition."""
    for each in conditions:
        if each.type_ == "Ready":
            return (RUNNING, "") if each.state == SUCCEEDED else (reason(each), each.message)
    return "unknown", "Cloud Run tells no condition"


def reason(found: run_v2.Condition) -> str:
    """Cloud Run's own word for why a condition is as it is; its state where it gives none."""
    for each in (found.revision_reason, found.reason, found.execution_reason):
        if each:
            return str(getattr(each, "name", each))  # a plain number where it is newer than this SDK
    return str(getattr(found.state, "name", found.state)).removeprefix("CONDITION_")


def workers(look: Look, environment: Environment) -> list[Instance]:
    """The revisions of the worker pools that have instances, as belonging to the main revision that they are of."""
    found = []
    for process, pool in look.pools.items():
        for name in serving(pool):
            state, detail = condition([pool.terminal_condition])
            told = pool.template if pool.template.revision in ("", name) else None
            digest = ledger.release(image(told.containers, environment), told.annotations).digest if told else ""
            found.append(Instance(name, belongs(pool) or name, process, state, digest, detail))
    return found


def serving(pool: run_v2.WorkerPool) -> list[str]:
    """The revisions of a worker pool that have instances."""
    latest = short(pool.latest_ready_revision)
    names = [each.revision or latest for each in pool.instance_split_statuses if each.percent]
    return list(dict.fromkeys(name for name in names if name))


def short(name: str) -> str:
    """The last part of a resource's name: `rec2pdf-00042-abc`."""
    return name.rpartition("/")[2]
