"""What of a service is changed without a new revision, and how Cloud Run answers to it."""

from __future__ import annotations

from typing import Any

from google.cloud import run_v2

LIGHT = ("traffic", "annotations", "invoker_iam_disabled", "scaling")


def answered(operation: Any, wanted: run_v2.Service) -> run_v2.Service:
    """The service as the answer to a write has it; without an etag where it does not tell."""
    try:
        found = operation.metadata
    except Exception:  # a field that is newer than this SDK: the service is read instead
        found = None
    if isinstance(found, run_v2.Service) and found.etag:
        return found
    told = run_v2.Service(wanted)
    told.etag = ""
    return told


def light(known: run_v2.Service, wanted: run_v2.Service) -> run_v2.UpdateServiceRequest:
    """The request for what differs, which makes no revision: the template is not in it."""
    service = run_v2.Service(name=known.name, etag=known.etag)
    fields = sorted(differing(known, wanted))
    for each in fields:
        setattr(service, each, getattr(wanted, each))
    return run_v2.UpdateServiceRequest(service=service, update_mask={"paths": fields})


def differing(known: run_v2.Service, wanted: run_v2.Service) -> set[str]:
    """Which of the fields that make no revision are not the same."""
    return {each for each in LIGHT if plain(known, each) != plain(wanted, each)}


def plain(service: run_v2.Service, name: str) -> object:
    """A field's value, to be compared."""
    value = getattr(service, name)
    if name == "traffic":
        return list(value)
    return dict(value) if name == "annotations" else value


def made(fresh: run_v2.Service, wanted: run_v2.Service) -> bool:
    """Whether a write that met a conflict had made its revision before: its answer was lost."""
    return bool(wanted.template.revision) and wanted.template.revision == fresh.template.revision
