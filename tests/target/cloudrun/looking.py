"""A service on the fake, made without the command line, and what looks at it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from google.cloud import run_v2

from tasks import environment
from tasks.environment.settings import Environment
from tasks.target import Release
from tasks.target.cloudrun import desired, ledger, traffic
from tasks.target.cloudrun.clients import Clients
from tasks.target.cloudrun.service import Fleet
from tasks.target.values import Traffic
from tests.fakes.gcp.cloud import Cloud

AT = "2026-11-22T05:05:00Z"


def settings(gcp: Cloud, root: Path, text: str = "") -> Environment:
    """The service's environment `prod`, with this beside the least that it needs."""
    (root / "env").mkdir(exist_ok=True)
    least = f"TARGET=cloudrun\nSERVICE=web\nIMAGE={repository(gcp)}\nPROJECT={gcp.project}\nREGION={gcp.region}\n"
    least += "" if "DEPLOY_TIMEOUT" in text else "DEPLOY_TIMEOUT=20s\n"
    (root / "env" / "prod.env").write_text(least + text, encoding="utf-8")
    return environment.load(root, "prod")


def repository(gcp: Cloud) -> str:
    return f"{gcp.region}-docker.pkg.dev/{gcp.project}/apps/web"


def fleet(gcp: Cloud, root: Path, text: str = "") -> Fleet:
    """The service, with clients of its own."""
    made = settings(gcp, root, text)
    return Fleet(Clients(made.project, made.region), made)


def digest(tag: str) -> str:
    return f"sha256:{hashlib.sha256(tag.encode()).hexdigest()}"


def release(gcp: Cloud, tag: str) -> Release:
    return Release(repository(gcp), digest(tag), tag=tag, git_sha="c0ffee", by="alice", at=AT, note=f"about {tag}")


def deployed(gcp: Cloud, of: Fleet, name: str, tag: str, shares: Sequence[Traffic] = ()) -> None:
    """A new revision of this name and image, with these shares of the traffic, or all of it."""
    live = of.read()
    wanted = desired.service(live, of.environment, release(gcp, tag), revision=name)
    wanted.traffic = traffic.targets(shares or [Traffic(name, 100)])
    if live is None:
        of.create(wanted)
    else:
        of.clients.services.update_service(service=wanted)
    of.forget()


def change(of: Fleet, **fields: Any) -> None:
    """Change the service as somebody else would, by the API."""
    live = of.read()
    assert live is not None
    for name, value in fields.items():
        setattr(live, name, value)
    live.template.revision = ""
    of.clients.services.update_service(service=live)
    of.forget()


def verified(of: Fleet, *names: str) -> None:
    """Record these as verified, the last one last."""

    def edit(service: run_v2.Service) -> None:
        for name in names:
            ledger.verified(service, name, AT)

    of.change(edit)
    of.forget()


def revision_of(gcp: Cloud, name: str) -> Mapping[str, Any]:
    """The monitored resource of a revision, as log entries have it."""
    labels = {"service_name": "web", "revision_name": name, "location": gcp.region, "project_id": gcp.project}
    return {"type": "cloud_run_revision", "labels": labels}


def pool_of(gcp: Cloud, pool: str, name: str) -> Mapping[str, Any]:
    """The same of a worker pool's revision."""
    labels = {"worker_pool_name": pool, "revision_name": name, "location": gcp.region, "project_id": gcp.project}
    return {"type": "cloud_run_worker_pool", "labels": labels}
