"""How a revision comes up: after the rollout, by the rules of the knobs, or as a container."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .errors import Refused

if TYPE_CHECKING:
    from .run import Run
    from .run_revision import Revision


def start(run: Run, revision: Revision) -> None:
    """Plan what becomes of a revision."""
    now = run.cloud.now()
    fate = run.fate(revision)
    secret = unknown_secret(run, revision.template)
    due = now + run.rollout
    if fate is not None and fate.how == "never":
        if fate.seconds:
            run.agenda.at(now + fate.seconds, lambda at: _fail(run, revision, at))
    elif secret:
        told = {"reason": "SECRETS_ACCESS_CHECK_FAILED", "message": secret}
        run.agenda.at(due, lambda at: revision.failed(at, told))
    elif fate is not None and fate.how != "slow":
        run.agenda.at(due, lambda at: _fail(run, revision, at))
    elif run.containers:
        from .run_containers import bring_up

        bring_up(run, revision, due + (fate.seconds if fate else 0.0))
    else:
        run.agenda.at(due + (fate.seconds if fate else 0.0), revision.ready)


def _fail(run: Run, revision: Revision, at: float) -> None:
    """Let a revision fail by its rule, with the lines that it writes."""
    fate = run.fate(revision)
    if fate is None or revision.state != "pending":
        return
    for line in fate.logs:
        run.write(revision, line)
    agent = f"service-{run.cloud.number}@serverless-robot-prod.iam.gserviceaccount.com"
    revision.failed(at, fate.condition(image=revision.image, port=str(revision.port), agent=agent))


def unknown_secret(run: Run, template: dict[str, Any]) -> str:
    """What Cloud Run says about the first secret that is not there; "" where all are."""
    secrets = run.cloud.parts.get("secrets")
    if secrets is None:
        return ""
    wanted = []
    for position, each in enumerate(template.get("containers", [])):
        for variable in each.get("env", []):
            reference = variable.get("valueSource", {}).get("secretKeyRef")
            if reference:
                wanted.append((f"spec.template.spec.containers[{position}].env", reference))
    wanted += [
        ("spec.template.spec.volumes", each["secret"]) for each in template.get("volumes", []) if "secret" in each
    ]
    for at, reference in wanted:
        full = f"projects/{run.cloud.number}/secrets/{reference['secret'].rpartition('/')[2]}"
        version = reference.get("version", "latest")
        if secret_bytes(run, reference["secret"], version) is None:
            return f"{at}: Secret {full}/versions/{version} was not found"
    return ""


def secret_bytes(run: Run, secret: str, version: str) -> bytes | None:
    """The value of a secret by its short or its full name; None where it is not there."""
    found = re.fullmatch(r"projects/([^/]+)/secrets/([^/]+)", secret)
    try:
        value: bytes = run.cloud.parts["secrets"].value(found[2] if found else secret, version)
    except Refused:
        return None
    return value
