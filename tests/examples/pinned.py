"""An example on the Google fake by a pin that is written by hand: nothing is built, and no container runs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tasks import environment
from tasks.image import pin
from tests.conftest import Dockyard, Result
from tests.examples.conftest import Example
from tests.fakes.gcp.cloud import Cloud


@dataclass
class Pinned:
    """The example's production, and the command line in it."""

    example: Example
    cloud: Cloud
    dockyard: Dockyard
    service: str

    def pin(self, tag: str) -> str:
        """Pin an image of that tag; its digest."""
        image = environment.load(self.example.root, "prod").image
        digest = f"sha256:{hashlib.sha256(tag.encode()).hexdigest()}"
        pin.write(self.example.root, "prod", pin.Pin(image, digest, tag, "c0ffee"))
        return digest

    def inv(self, line: str, code: int = 0) -> Result:
        """A verb in production, which must end with this code."""
        ran = self.dockyard(f"{line} --env=prod", self.example.root)
        assert ran.code == code, f"inv {line} ended with {ran.code}: {ran.out}{ran.err}"
        return ran

    def deployed(self, tag: str) -> str:
        """Deploy an image of that tag; its revision."""
        self.pin(tag)
        return str(self.inv("deploy --json").document["revision"])

    @property
    def live(self) -> dict[str, Any]:
        """The service's document."""
        found: dict[str, Any] = self.cloud.run.service(self.service)
        return found

    def write(self, text: str = "", severity: str = "DEFAULT", **more: Any) -> None:
        """A line of the revision that serves."""
        (serving,) = [each["revision"] for each in self.live["trafficStatuses"] if each.get("percent")]
        self.cloud.logging.write(text, resource=self.resource(serving), severity=severity, **more)

    def resource(self, revision: str) -> Mapping[str, Any]:
        """The monitored resource of a revision, as log entries have it."""
        labels = {
            "service_name": self.service,
            "revision_name": revision,
            "location": self.cloud.region,
            "project_id": self.cloud.project,
        }
        return {"type": "cloud_run_revision", "labels": labels}


def said(shown: Result) -> list[str]:
    """The texts of log lines."""
    return [line.partition("| ")[2] for line in shown.out.splitlines()]
