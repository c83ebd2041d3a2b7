"""Dockyard: one containerised service from source to a verified, digest-pinned release, as Invoke tasks."""

from __future__ import annotations

import importlib
from pathlib import Path

from invoke.collection import Collection

from . import environment
from .verb import Verb

VERBS = (
    "build", "push", "pin", "deploy", "verify", "logs", "rollback", "release", "promote", "status", "history",
    "traffic", "scale", "migrate", "lock", "images", "prune", "warmup", "env", "doctor", "local", "test",
)  # fmt: skip
BY_ENVIRONMENT = ("build", "push", "deploy", "release")  # `deploy.staging` is `deploy --env=staging`


def collection(root: Path | None = None) -> Collection:
    """All verbs, for the project at or above the working directory; `root` is where the search ends (`/` without one).

    A verb's module is its collection: `tasks/deploy.py` holds `deploy` (the default) and `deploy.plan`.
    """
    ns = Collection()
    ns.configure({"dockyard": {"root": str(root or "")}})
    environments = environment.names(environment.project(Path.cwd(), root))
    for name in VERBS:
        module = importlib.import_module(f".{name}", __name__)
        verbs = {each.name: each for each in vars(module).values() if isinstance(each, Verb)}
        if name in BY_ENVIRONMENT:
            verbs |= {env: verbs[name].bound_to(env) for env in environments if env not in verbs}
        if list(verbs) == [name]:
            ns.add_task(verbs[name])
            continue
        group = Collection(name)
        for own, each in verbs.items():
            group.add_task(each, name=own, default=own == name or each.is_default)
        ns.add_collection(group)
    return ns


ns = collection(Path(__file__).parent.parent if Path(__file__).parent.name == "tasks" else None)
