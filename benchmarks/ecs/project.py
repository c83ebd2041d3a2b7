"""A project of which nothing is built: an env file for each service, and pins of what the fake's registry has."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..processes import Failed, Ran, run
from ..project import INV, ROOT, SHARED
from .fake import CLUSTER, CONTAINER, REGION, Fake

SETTINGS = {
    "TARGET": "ecs",
    "REGION": REGION,
    "CLUSTER": CLUSTER,
    "CONTAINER": CONTAINER,
    "HEALTH_PATH": "/health",
    "CHECK_ROOT": "GET / 200",
    "LOG_DENY": "Traceback",
}


@dataclass(frozen=True)
class EcsProject:
    """Its folder, and the fake that it is released to."""

    root: Path
    fake: Fake

    def write(self, services: Iterable[str], url: str) -> None:
        """Make the folder, with an environment for each service, all of them answering at one URL."""
        (self.root / "env").mkdir(parents=True)
        for shared in SHARED:
            (self.root / shared).symlink_to(ROOT / shared)
        self.file("common.env", {**SETTINGS, "IMAGE": self.fake.image, "URL": url})
        for service in services:
            self.file(f"{service}.env", {"SERVICE": service})

    def file(self, name: str, settings: dict[str, str]) -> None:
        """Write a file of env/."""
        (self.root / "env" / name).write_text("".join(f"{key}={value}\n" for key, value in settings.items()))

    def pin(self, service: str, digest: str, tag: str) -> None:
        """Pin a digest for a service."""
        self.file(f"{service}.lock", {"IMAGE": self.fake.image, "DIGEST": digest, "TAG": tag})

    def deploy(self, service: str) -> tuple[Ran, dict[str, Any]]:
        """`inv deploy` as a process, and its document. Raises Failed where nothing changed or a check did not pass."""
        ran = run(*INV, "deploy", f"--env={service}", "--json", cwd=self.root, env=self.fake.environ)
        document: dict[str, Any] = json.loads(ran.out)
        if not document["changed"]:
            raise Failed(f"inv deploy --env={service} changed nothing though another digest was pinned.")
        if wrong := [check["name"] for check in document["checks"] if not check["ok"]]:
            raise Failed(f"inv deploy --env={service} did not verify {', '.join(wrong)}.")
        return ran, document
