"""A project of which nothing is built: an env file for each service, and pins of images that nobody looks at."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..processes import Failed, Ran, run
from ..project import INV, ROOT, SHARED
from .fake import IMAGE, PROJECT, REGION, Fake

SETTINGS = {
    "TARGET": "cloudrun",
    "PROJECT": PROJECT,
    "REGION": REGION,
    "IMAGE": IMAGE,
    "PUBLIC": "true",
    "HEALTH_PATH": "/health",
    "CHECK_ROOT": "GET / 200",
    "LOG_DENY": "Traceback",
}


@dataclass(frozen=True)
class CloudRunProject:
    """Its folder, and the fake that it is released to."""

    root: Path
    fake: Fake

    def write(self, services: Iterable[str]) -> None:
        """Make the folder, with an environment for each service."""
        (self.root / "env").mkdir(parents=True)
        for shared in SHARED:
            (self.root / shared).symlink_to(ROOT / shared)
        self.file("common.env", SETTINGS)
        for service in services:
            self.file(f"{service}.env", {"SERVICE": service})

    def file(self, name: str, settings: dict[str, str]) -> None:
        """Write a file of env/."""
        (self.root / "env" / name).write_text("".join(f"{key}={value}\n" for key, value in settings.items()))

    def pin(self, service: str, digest: str, tag: str) -> None:
        """Pin a digest for a service."""
        self.file(f"{service}.lock", {"IMAGE": IMAGE, "DIGEST": digest, "TAG": tag})

    def inv(self, verb: str, service: str) -> Ran:
        """A verb as a process. Raises Failed."""
        return run(*INV, *verb.split(), f"--env={service}", "--json", cwd=self.root, env=self.fake.environ)

    def deploy(self, service: str) -> tuple[Ran, dict[str, Any]]:
        """`inv deploy`, and its document. Raises Failed where nothing changed or a check did not pass."""
        ran = self.inv("deploy", service)
        document: dict[str, Any] = json.loads(ran.out)
        if not document["changed"]:
            raise Failed(f"inv deploy --env={service} changed nothing though another digest was pinned.")
        if wrong := [check["name"] for check in document["checks"] if check["ok"] is False]:
            raise Failed(f"inv deploy --env={service} failed {', '.join(wrong)}.")
        return ran, document
