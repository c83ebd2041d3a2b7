"""A revision's template: the live one with what the settings name, and nothing else, changed."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

from google.cloud import run_v2

from . import container, ledger, limits

if TYPE_CHECKING:
    from ...environment.settings import Environment
    from .. import Release
    from .container import Template


def wanted(
    live: run_v2.RevisionTemplate | None, environment: Environment, release: Release, *, revision: str = ""
) -> run_v2.RevisionTemplate:
    """The template of a release. `revision` names what is made of it; left empty, Cloud Run names it.

    MIN_INSTANCES and MAX_INSTANCES are the revision's own, as those of `gcloud run deploy` are: a candidate is warm
    before it has traffic, and a rollback brings back what was there. The service's own scaling stays as it is.
    Raises SettingError for what Cloud Run would refuse.
    """
    template = run_v2.RevisionTemplate(live) if live is not None else run_v2.RevisionTemplate()
    main = shared(template, environment, release)
    container.serving(main, template.containers, environment)
    limits.limited(template, main, environment)
    named = environment.origins
    if "MIN_INSTANCES" in named:
        template.scaling.min_instance_count = environment.min_instances or 0
    if "MAX_INSTANCES" in named:
        template.scaling.max_instance_count = environment.max_instances or 0
    if "CONCURRENCY" in named:
        template.max_instance_request_concurrency = environment.concurrency or 0
    if "REQUEST_TIMEOUT" in named:
        template.timeout = timedelta(seconds=math.ceil(environment.request_timeout))
    limits.refuse(template, main, environment)
    limits.refuse_instances(template, environment)
    template.revision = revision
    recorded(template, environment, release)
    return template


def shared(template: Template, environment: Environment, release: Release) -> run_v2.Container:
    """Give a template what service, workers and jobs have in common; the container that the settings are about."""
    containers = container.chosen(template, environment)
    for each in containers:
        container.settled(each, environment, release.reference)
    if "SERVICE_ACCOUNT" in environment.origins:
        template.service_account = environment.service_account
    if "CLOUDSQL" in environment.origins:
        container.connected(template, containers, environment.cloudsql)
    return containers[0]


def recorded(
    template: run_v2.RevisionTemplate | run_v2.WorkerPoolRevisionTemplate, environment: Environment, release: Release
) -> None:
    """Write the release into the template's annotations, in place of the one before."""
    for key in [key for key in template.annotations if key.startswith(ledger.PREFIX)]:
        del template.annotations[key]
    template.annotations.update(ledger.annotations(environment, release, ledger.asked(environment)))
