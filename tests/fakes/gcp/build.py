"""Cloud Build: builds are taken, run by the engine of this machine, told, listed and cancelled."""

from __future__ import annotations

import base64
import copy
import re
import threading
import uuid
from collections import deque
from typing import TYPE_CHECKING, Any

from . import build_request
from .build_running import Running
from .build_steps import CERTIFICATES
from .errors import Refused, invalid
from .logging import stamp
from .paging import page
from .routing import part

if TYPE_CHECKING:
    from .cloud import Cloud

BUILDS = "cloudbuild.projects.builds"
REGIONAL = "cloudbuild.projects.locations.builds"
TYPES = "type.googleapis.com/google.devtools.cloudbuild.v1"
LOCATION = re.compile(r"[a-z]+-[a-z]+\d+|global")
CODES = {"CANCELLED": 1, "FAILURE": 2, "TIMEOUT": 4, "EXPIRED": 4, "INTERNAL_ERROR": 13}
GLOBAL = "global"


@part("build")
class Builds:
    """The builds of one project, and how its workers behave.

    `network` and `ca` are what builds on this machine need, `queue` the seconds until a worker takes one, `flush` those
    between two writes of a log object; `mirrors` leads the names of images to a registry that is there
    (`{"europe-west1-docker.pkg.dev/": "127.0.0.1:5000/"}`); with `keep` the engine keeps what was built.
    """

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.network, self.ca = "host", CERTIFICATES
        self.queue, self.flush, self.keep = 0.0, 0.1, False
        self.mirrors: dict[str, str] = {}
        self.outcomes: deque[tuple[str, str, str]] = deque()
        self.running: dict[str, Running] = {}
        self._lock = threading.Lock()

    def fail(self, status: str, detail: str, kind: str = "") -> None:
        """Let the next build that comes to its push end so: `INTERNAL_ERROR`, "no worker was there"."""
        self.outcomes.append((status, detail, kind))

    def mirrored(self, text: str) -> str:
        """Text of a client with the names of images as they are here."""
        for name, own in self.mirrors.items():
            text = text.replace(name, own)
        return text

    def unmirrored(self, text: str) -> str:
        """Text of this machine with the names of images as a client gave them."""
        for name, own in self.mirrors.items():
            text = text.replace(own, name)
        return text

    def close(self) -> None:
        """End what runs."""
        for each in list(self.running.values()):
            each.stopped.set()
        for each in list(self.running.values()):
            each.thread.join(10)

    def create(self, region: str, body: dict[str, Any]) -> dict[str, Any]:
        """Take a build; the operation that is it. Raises Refused."""
        if not LOCATION.fullmatch(region):
            raise invalid(f"invalid location {region!r}")
        known = {
            "PROJECT_ID": self.cloud.project,
            "PROJECT_NUMBER": self.cloud.number,
            "BUILD_ID": (ident := str(uuid.uuid4())),
            "LOCATION": region,
        }
        own = {key: value for key, value in body.items() if not self._output(key)}
        if not own.get("steps"):
            raise build_request.invalid("no build steps are specified")
        build = build_request.substituted(own, known)
        build_request.check(build)
        build = {
            **build,
            "id": ident,
            "name": f"projects/{self.cloud.number}/locations/{region}/builds/{ident}",
            "projectId": self.cloud.project,
            "status": "QUEUED",
            "createTime": stamp(self.cloud.now()),
            "timeout": f"{build_request.seconds(build.get('timeout'), build_request.HOUR):g}s",
            "queueTtl": f"{build_request.seconds(build.get('queueTtl'), build_request.HOUR):g}s",
            "steps": [{**each, "status": "QUEUED"} for each in build["steps"]],
            "options": {"logging": "LEGACY", **build.get("options", {})},
            "logUrl": f"https://console.cloud.google.com/cloud-build/builds;region={region}/{ident}"
            f"?project={self.cloud.number}",
        }
        self._logs(build, region)
        with self._lock:
            self.running[ident] = Running(self.cloud, self, build, region)
        self.running[ident].thread.start()
        return self.operation(self.running[ident])

    def _output(self, key: str) -> bool:
        """Whether only Cloud Build sets it: what a client sends of it is not looked at."""
        return key in ("id", "name", "projectId", "status", "statusDetail", "results", "createTime", "logUrl", "timing")

    def _logs(self, build: dict[str, Any], region: str) -> None:
        """Name the bucket for the log; the default one is there or made."""
        if build["options"]["logging"] in ("CLOUD_LOGGING_ONLY", "STACKDRIVER_ONLY", "NONE"):
            build.pop("logsBucket", None)
        elif not build.get("logsBucket"):
            own = build["options"].get("defaultLogsBucketBehavior") == "REGIONAL_USER_OWNED_BUCKET"
            name = f"{self.cloud.number}-{region}-cloudbuild-logs" if own else f"{self.cloud.number}.cloudbuild-logs"
            name += "" if own else ".googleusercontent.com"
            if name not in self.cloud.storage.buckets:
                self.cloud.storage.create(name)
            build["logsBucket"] = f"gs://{name}"
        elif not build["logsBucket"].startswith("gs://"):
            build["logsBucket"] = f"gs://{build['logsBucket']}"

    def get(self, region: str, ident: str) -> Running:
        """A build. Raises Refused, also where it is in another location."""
        found = self.running.get(ident)
        if found is None or found.region != region:
            raise Refused(404, "NOT_FOUND", f"Requested entity was not found: build {ident}")
        return found

    def document(self, running: Running) -> dict[str, Any]:
        """A build as it is now."""
        with running.lock:
            return copy.deepcopy(running.document)

    def operation(self, running: Running) -> dict[str, Any]:
        """A build as a long-running operation."""
        ident = base64.urlsafe_b64encode(running.document["id"].encode()).decode()
        where = f"locations/{running.region}/operations" if running.region != GLOBAL else "operations/build"
        name = f"projects/{self.cloud.project}/{where}/{ident}" if running.region != GLOBAL else f"{where}/{ident}"
        build = self.document(running)
        found = {"name": name, "metadata": {"@type": f"{TYPES}.BuildOperationMetadata", "build": build}}
        if not running.done:
            return found
        if build["status"] == "SUCCESS":
            return {**found, "done": True, "response": {"@type": f"{TYPES}.Build", **build}}
        message = build.get("statusDetail", f"Build {build['status'].lower()}")
        return {**found, "done": True, "error": {"code": CODES[build["status"]], "message": message}}

    def list(self, region: str, params: dict[str, Any]) -> dict[str, Any]:
        """The builds of a location, the newest first; the filter knows `status`, `tags` and `id`."""
        terms = re.findall(r'(\w+)\s*=\s*"?([\w.-]+)"?', params.get("filter", ""))
        found = []
        for each in reversed(list(self.running.values())):
            build = self.document(each)
            holds = {"status": build["status"], "id": build["id"], "build_id": build["id"]}
            if any(name not in (*holds, "tags") for name, _ in terms):
                raise invalid(f"invalid filter {params['filter']!r}")
            wanted = all(value in build.get("tags", []) if name == "tags" else holds[name] == value
                         for name, value in terms)  # fmt: skip
            if each.region == region and wanted:
                found.append(build)
        return page("builds", found, params, 50)

    def cancel(self, running: Running) -> dict[str, Any]:
        """Cancel a build; as it is once it has ended. Raises Refused for one that had ended."""
        if running.done:
            raise Refused(400, "FAILED_PRECONDITION", f"build {running.document['id']} has already finished")
        running.stopped.set()
        running.thread.join(10)
        return self.document(running)


from . import build_methods  # noqa: E402, F401 - it registers what answers
