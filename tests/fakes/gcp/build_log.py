"""Where the lines of a build go: an object that grows while it runs, entries of Logging, or both."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from .errors import Refused

if TYPE_CHECKING:
    from .cloud import Cloud

QUIET = ("CLOUD_LOGGING_ONLY", "STACKDRIVER_ONLY", "NONE")  # there is no object
SILENT = ("GCS_ONLY", "NONE")  # there are no entries


class Unwritable(Exception):
    """The bucket for the log cannot be written."""


class Log:
    """The log of one build."""

    def __init__(self, cloud: Cloud, build: dict[str, Any], region: str, flush: float) -> None:
        self.cloud, self.build, self.region, self.every = cloud, build, region, flush
        options = build.get("options", {})
        self.logging = options.get("logging", "LEGACY")
        self.streamed = options.get("logStreamingOption") != "STREAM_OFF"
        self.bucket, _, folder = build.get("logsBucket", "").removeprefix("gs://").partition("/")
        self.name = f"{folder.rstrip('/')}/log-{build['id']}.txt".lstrip("/")
        self.content, self.written, self.fresh = b"", 0.0, False

    def line(self, text: str, step: str = "") -> None:
        """Write one line, of a step or of the build itself."""
        shown = f"{step}: {text}" if step and len(self.build["steps"]) > 1 else text
        self.content += shown.encode() + b"\n"
        if self.logging not in SILENT:
            labels = {"project_id": self.cloud.project, "build_id": self.build["id"], "build_trigger_id": ""}
            self.cloud.logging.write(
                shown,
                resource={"type": "build", "labels": labels},
                labels={"build_step": step.partition(" - ")[0] or "MAIN"},
                log="cloudbuild",
                severity="INFO",
            )
        self.fresh = True
        self.idle()

    def idle(self) -> None:
        """Write the object where there is something new, and it was not written just now. Raises Unwritable."""
        if self.fresh and self.streamed and time.monotonic() - self.written >= self.every:
            self.flush()

    def flush(self) -> None:
        """Write the object. Raises Unwritable."""
        self.written, self.fresh = time.monotonic(), False
        if self.logging in QUIET:
            return
        try:
            self.cloud.storage.put(self.bucket, self.name, self.content, contentType="text/plain")
        except Refused as error:
            raise Unwritable(f"could not write logs to gs://{self.bucket}: {error.message}") from None
