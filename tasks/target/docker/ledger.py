"""The ledger: who released what and when, as labels on containers and on volumes that outlive them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .. import CheckResult, Release, Revision, Traffic
from . import names
from .inventory import Inventory

Labels = Mapping[str, str]

FIELDS = ("image", "digest", "tag", "git_sha", "by", "at", "note")  # of a Release, each a label `dockyard.<field>`


@dataclass(frozen=True)
class Entry:
    """One container's place in the ledger. `address` is its own on the service's network, "" for none."""

    service: str
    env: str
    revision: str
    release: Release
    spec: str
    process: str = names.WEB
    replica: int = 1
    address: str = ""


def labels(entry: Entry) -> dict[str, str]:
    """An entry as labels."""
    return {
        names.LABEL: entry.service,
        names.ROLE: "instance",
        "dockyard.env": entry.env,
        "dockyard.revision": entry.revision,
        "dockyard.process": entry.process,
        "dockyard.replica": str(entry.replica),
        "dockyard.address": entry.address,
        "dockyard.spec": entry.spec,
        **release_labels(entry.release),
    }


def entry(found: Labels) -> Entry:
    """The entry that labels hold."""
    return Entry(
        service=found.get(names.LABEL, ""),
        env=found.get("dockyard.env", ""),
        revision=found.get("dockyard.revision", ""),
        release=release(found),
        spec=found.get("dockyard.spec", ""),
        process=found.get("dockyard.process", names.WEB),
        replica=int(found.get("dockyard.replica", "1")),
        address=found.get("dockyard.address", ""),
    )


def record(entry: Entry) -> dict[str, str]:
    """The labels of the volume that keeps a revision's history."""
    return {
        names.LABEL: entry.service,
        names.ROLE: "record",
        "dockyard.env": entry.env,
        "dockyard.revision": entry.revision,
        "dockyard.spec": entry.spec,
        **release_labels(entry.release),
    }


def verified(service: str, revision: str, at: str, checks: Sequence[CheckResult]) -> dict[str, str]:
    """The labels of the volume that says a revision was verified. `at` is UTC, ISO 8601."""
    summary = [{"name": each.name, "ok": each.ok, "detail": each.detail} for each in checks]
    return {
        names.LABEL: service,
        names.ROLE: "verified",
        "dockyard.revision": revision,
        "dockyard.at": at,
        "dockyard.checks": json.dumps(summary, ensure_ascii=False),
    }


def release_labels(release: Release) -> dict[str, str]:
    """A release as labels."""
    return {f"dockyard.{field}": str(getattr(release, field)) for field in FIELDS}


def release(found: Labels) -> Release:
    """The release that labels hold."""
    return Release(**{field: found.get(f"dockyard.{field}", "") for field in FIELDS})


def history(inventory: Inventory, traffic: Sequence[Traffic]) -> list[Revision]:
    """Every revision known, newest first; containers and records joined."""
    shares = {each.revision: each for each in traffic}
    nothing = Traffic("", 0)
    known: dict[str, Labels] = {each["dockyard.revision"]: each for each in inventory.records}
    known |= {each.revision: each.labels for each in inventory.instances()}
    return [
        Revision(
            name=name,
            release=release(known[name]),
            verified=name in inventory.verified,
            running=any(each.running for each in inventory.instances(name, names.WEB)),
            percent=shares.get(name, nothing).percent,
            traffic_tag=shares.get(name, nothing).tag,
            startable=bool(inventory.instances(name, names.WEB)),
            spec=known[name].get("dockyard.spec", ""),
        )
        for name in newest_first(inventory.service, known)
    ]


def newest_first(service: str, revisions: Iterable[str]) -> list[str]:
    """Revisions by number, the highest first."""
    return sorted(revisions, key=lambda each: (names.number(service, each), each), reverse=True)
