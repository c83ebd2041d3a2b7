"""A plan, with what it was made of; validated by Cloud Run itself where nothing but a plan is wanted."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from google.cloud import run_v2

from ...errors import SettingError
from .. import Plan, Release
from . import desired, planning, running, traffic
from .calls import READ, TIMEOUT

if TYPE_CHECKING:
    from .service import Fleet

LETTERS = "bcdfghjklmnpqrstvwxz"  # no vowels: three letters are no word


@dataclass(frozen=True)
class Planned:
    """`tag` is the traffic tag that the user has named."""

    plan: Plan
    force: bool
    tag: str


def plan(fleet: Fleet, release: Release, *, force: bool, tag: str, checked: bool) -> Planned:
    """The differences between what runs and what the release would be; `checked` has Cloud Run validate it too."""
    env = fleet.environment
    traffic.refuse_tag(env, tag)
    if running.WEB in env.processes:
        raise SettingError("PROCESS_WEB would be the service itself, which runs anyway; give the worker another name.")
    look = fleet.lately()
    found = planning.changes(env, release, look, force=force)
    if found and checked:
        found = planning.changes(env, release, look, force=force, filled=validated(fleet, release))
    return Planned(Plan(release, tuple(found), running.current(fleet, look, counted=False)), force, tag)


def validated(fleet: Fleet, release: Release) -> run_v2.Service:
    """The service as it would be, completed by Cloud Run, which stores nothing of it. Raises what it refuses."""
    live = fleet.lately().service
    wanted = desired.service(live, fleet.environment, release, revision=revision(fleet.environment.service, live))
    operation: Any
    if live is None:
        asked = run_v2.CreateServiceRequest(
            parent=fleet.clients.parent, service_id=fleet.environment.service, service=wanted, validate_only=True
        )
        operation = fleet.clients.services.create_service(request=asked, retry=READ, timeout=TIMEOUT)
    else:
        again = run_v2.UpdateServiceRequest(service=wanted, validate_only=True)
        operation = fleet.clients.services.update_service(request=again, retry=READ, timeout=TIMEOUT)
    found = operation.result() if operation.operation.done else operation.metadata
    return found if isinstance(found, run_v2.Service) and found.template.containers else wanted


def revision(service: str, live: run_v2.Service | None) -> str:
    """The name of a new revision: `rec2pdf-00042-xkd`, by the service's generation."""
    return named(service, live.generation + 1 if live is not None else 1)


def named(of: str, number: int) -> str:
    """A revision's name, which nobody else takes."""
    return f"{of}-{number:05d}-{''.join(secrets.choice(LETTERS) for _ in range(3))}"
