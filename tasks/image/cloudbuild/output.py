"""What a build says while it runs: ranged reads of its log object, or of Cloud Logging where there is none."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from ...errors import DockyardError
from ...gcp.faults import told
from . import Place, clients

if TYPE_CHECKING:
    from google.cloud.devtools import cloudbuild_v1

NO_OBJECT = ("CLOUD_LOGGING_ONLY", "STACKDRIVER_ONLY")
PAGE = 1000  # entries at once


class Output(Protocol):
    """Where a build's lines come from."""

    pause: float  # seconds between two questions, at least

    def more(self) -> list[str]:
        """The lines since the last time; the last one may lack its end."""


class Silence:
    """Of a build that logs nothing."""

    pause = 1.0

    def more(self) -> list[str]:
        """No line."""
        return []


class LogObject:
    """The object `log-ID.txt`, which grows while the build runs."""

    pause = 0.5

    def __init__(self, place: Place, build: cloudbuild_v1.Build) -> None:
        bucket, _, folder = build.logs_bucket.removeprefix("gs://").partition("/")
        name = f"{folder.rstrip('/')}/log-{build.id}.txt".lstrip("/")
        self.name, self.bucket = name, clients.objects(place.project).bucket(bucket)
        self.read = 0  # bytes
        self.rest = b""

    def more(self) -> list[str]:
        """The whole lines that were added."""
        from google.api_core.exceptions import NotFound, RequestRangeNotSatisfiable

        with suppress(NotFound, RequestRangeNotSatisfiable):  # it is not there yet, or has not grown
            blob: Any = self.bucket.blob(self.name)  # a new one, as it would ask for the generation that it read last
            part: bytes = blob.download_as_bytes(start=self.read, checksum=None)
            self.read += len(part)
            *lines, self.rest = (self.rest + part).split(b"\n")
            return [line.decode("utf-8", "replace").rstrip("\r") for line in lines]
        return []


class Entries:
    """The entries in Cloud Logging, which come a little later than they were written."""

    pause = 2.0  # of 60 questions a minute that a project may ask

    def __init__(self, place: Place, build: cloudbuild_v1.Build) -> None:
        self.client = clients.logging()
        self.place = place
        self.about = f'resource.type="build" AND resource.labels.build_id="{build.id}"'
        self.since = build.create_time.isoformat() if build.create_time else "1970-01-01T00:00:00Z"
        self.seen: set[str] = set()

    def more(self) -> list[str]:
        """The entries that were added, in order."""
        request = {
            "resource_names": [f"projects/{self.place.project}"],
            "filter": f'{self.about} AND timestamp>="{self.since}"',
            "order_by": "timestamp asc",
            "page_size": PAGE,
        }
        lines: list[str] = []
        for entry in self.client.list_log_entries(request=request):
            if entry.insert_id not in self.seen:
                self.seen.add(entry.insert_id)
                self.since = entry.timestamp.rfc3339()
                lines += text(entry).splitlines()
        return lines


def text(entry: Any) -> str:
    """An entry's words."""
    return str(entry.text_payload or (entry.json_payload or {}).get("message", ""))


def of(place: Place, build: cloudbuild_v1.Build) -> Output:
    """Where the lines of a build come from, as it says itself."""
    mode = build.options.logging.name
    if mode in NO_OBJECT:
        return Entries(place, build)
    return LogObject(place, build) if mode != "NONE" and build.logs_bucket else Silence()


def patient(output: Output, say: Callable[[str], None]) -> Callable[[], list[str]]:
    """The same, but that it cannot be read is said once: the build goes on, and the next time it may be read."""
    said: list[str] = []

    def more() -> list[str]:
        try:
            with told():
                return output.more()
        except (DockyardError, OSError) as error:  # Storage's SDK lets those of requests through
            if not said:
                said.append(f"The build's log cannot be read now: {error} The build goes on.")
                say(said[0])
            return []

    return more
