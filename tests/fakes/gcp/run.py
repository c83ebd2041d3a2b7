"""Cloud Run: what is there, how it behaves, and what tests do with it by hand."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from tests.fakes.agenda import Agenda

from .routing import Reply, part
from .run_front import Front, entry, respond
from .run_jobs import Execution, Job
from .run_knobs import Answer, Broken, Output, Predicate
from .run_operations import Operation
from .run_pools import Pool
from .run_revision import Revision
from .run_services import Service
from .run_starting import start


@part("run")
class Run:
    """What runs in the project, and how it behaves."""

    def __init__(self, cloud: Any) -> None:
        self.cloud = cloud
        self.agenda = Agenda()
        self.services: dict[str, Service] = {}
        self.pools: dict[str, Pool] = {}
        self.jobs: dict[str, Job] = {}
        self.executions: dict[str, Execution] = {}
        self.operations: dict[str, Operation] = {}
        self.rollout = 0.0  # seconds until a revision is ready
        self.routing = 0.0  # seconds until traffic has moved
        self.containers = False  # whether revisions run as containers of the local engine
        self.sticky = True  # whether a service stays not Ready while its latest revision is a failed one
        self.status_etags = False  # whether reconciling changes the etag too
        self.zonal_gpu = False  # whether there is a quota for GPUs with zonal redundancy
        self.inside = False  # whether callers come from inside the network
        self.who = f"deployer@{cloud.project}.iam.gserviceaccount.com"  # who makes the calls
        self.rules: list[Broken] = []
        self.answers: list[Answer] = []
        self.outputs: list[tuple[str, Output]] = [("", Output())]
        self.sql: dict[str, str] = {}  # the volumes that hold the sockets of Cloud SQL's instances, by instance
        self.registries: dict[str, str] = {}  # where images of a host really are: `{"eu.pkg.dev": "127.0.0.1:5000"}`
        self.id = uuid.uuid4().hex
        self.threads: list[threading.Thread] = []
        self.pulled: list[str] = []
        self.made = self.closed = False

    @property
    def account(self) -> str:
        """The service account of what names none."""
        return f"{self.cloud.number}-compute@developer.gserviceaccount.com"

    @property
    def parent(self) -> str:
        """The location that tests mean."""
        return f"projects/{self.cloud.project}/locations/{self.cloud.region}"

    # what a test turns

    def broken(
        self, what: str | Predicate, how: str = "crash", message: str = "", logs: Sequence[str] = (),
        seconds: float = 0.0,
    ) -> None:  # fmt: skip
        """Revisions with this anywhere in them (image, digest, variable) do not come up: see Broken."""
        self.rules.append(Broken(what, how, message, tuple(logs), seconds))

    def mended(self) -> None:
        """Nothing is broken any more, for what is started from now on."""
        self.rules.clear()

    def respond(self, what: str, status: int = 200, path: str = "/", body: str = "", delay: float = 0.0) -> None:
        """How revisions with this anywhere in them answer; "" is about all. The last rule counts."""
        self.answers.append(Answer(what, status, path, body, delay))

    def output(self, lines: Sequence[str] = (), exit_code: int = 0, job: str = "", **more: Any) -> None:
        """What executions do from now on, of a job or of all: see Output."""
        self.outputs.append((job, Output(tuple(lines), exit_code, **more)))

    # what a test looks at and does by hand

    def service(self, name: str) -> dict[str, Any]:
        """A service's document, by its short name."""
        with self.cloud.lock:
            self.catch_up()
            return self.services[f"{self.parent}/services/{name}"].document()

    def make(self, name: str, image: str, **fields: Any) -> dict[str, Any]:
        """Create a service or give it another revision, as somebody else would; all traffic goes to the latest.

        `revision` names it; `who` does it; all other fields are those of a service. It is ready at once.
        """
        revision = fields.pop("revision", "")
        fields.setdefault("template", {"containers": [{"image": image}]})
        fields["template"]["revision"] = revision

        def edit(document: dict[str, Any]) -> None:
            document.update({"traffic": [], **fields})

        return self.edit(name, edit, who=fields.pop("who", self.who), wait=True)

    def edit(
        self, name: str, edit: Callable[[dict[str, Any]], None], who: str = "somebody@example.com", wait: bool = False
    ) -> dict[str, Any]:
        """Somebody changes a service (`edit` changes its document), without a call that is counted."""
        with self.cloud.lock:
            self.catch_up()
            me, self.who = self.who, who
            try:
                service = self.services.get(f"{self.parent}/services/{name}")
                if service is None:
                    service = Service(self, self.parent, name)
                    service.front = Front(service)
                    self.services[service.full] = service
                document = service.document()
                edit(document)
                service.change({key: value for key, value in document.items() if key != "etag"})
            finally:
                self.who = me
            if wait:
                latest = service.revisions[service.latest_created]
                if not self.containers and not self.fate(latest):
                    latest.ready(self.cloud.now())
                service.routes_due = self.cloud.now()
                self.catch_up()
                service.settle(self.cloud.now())
            return service.document()

    def catch_up(self) -> None:
        """Do all that was due."""
        with self.cloud.lock:
            self.agenda.catch_up(self.cloud.now())

    def close(self) -> None:
        """End what runs."""
        self.closed = True
        started: list[Service | Pool | Execution] = [
            *self.services.values(), *self.pools.values(), *self.executions.values()
        ]  # fmt: skip
        for each in started:
            each.close()
        if self.made:
            from .run_engine import sweep

            sweep(self)
        for thread in self.threads:
            thread.join(10)

    # what revisions do

    def fate(self, revision: Revision) -> Broken | None:
        """The last rule that a revision breaks by."""
        template = revision.template
        return next((rule for rule in reversed(self.rules) if rule.matches(template)), None)

    def located(self, image: str) -> str:
        """Where an image really is."""
        host, _, rest = image.partition("/")
        return f"{self.registries.get(host, host)}/{rest}" if rest else image

    def start(self, revision: Revision) -> None:
        """Bring a revision up, now or after the rollout."""
        start(self, revision)

    def stop(self, revision: Revision) -> None:
        """End what runs for a revision."""
        container, revision.container = revision.container, None
        if container is not None:
            container.close()

    def respond_for(self, revision: Revision, verb: str, target: str) -> Reply:
        """What a revision without a container answers."""
        document = {"name": revision.name, **revision.template}
        return respond(self.answers, document, revision.described(target), target)

    # logs

    def write(self, revision: Revision, text: str, **more: Any) -> None:
        """A line of a revision in Logging: `severity`, `log`, `json` and `http` as that takes them."""
        owner = revision.owner
        pool = owner.KIND == "WorkerPool"
        labels = {
            "project_id": self.cloud.project,
            "location": owner.parent.rpartition("/")[2],
            ("worker_pool_name" if pool else "service_name"): owner.name,
            "revision_name": revision.name,
        }
        if not pool:
            labels["configuration_name"] = owner.name
        kind = "cloud_run_worker_pool" if pool else "cloud_run_revision"
        self.logged(text, resource={"type": kind, "labels": labels}, labels={}, **more)

    def logged(self, text: str, **more: Any) -> None:
        """A line in Logging, where the fake has that."""
        logging = self.cloud.parts.get("logging")
        if logging is not None:
            logging.write(text, **more)

    def requested(self, service: Service, revision: str, verb: str, url: str, status: int, seconds: float) -> None:
        """A request's line in the log."""
        found = service.revisions.get(revision)
        if found is not None:
            severity = "ERROR" if status >= 500 else "WARNING" if status >= 400 else "INFO"
            http = entry(verb, url, status, seconds)
            self.write(found, "", severity=severity, log="run.googleapis.com%2Frequests", http=http)
