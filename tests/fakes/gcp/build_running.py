"""One build as it runs: its source, its steps, its images, and how it ends."""

from __future__ import annotations

import base64
import hashlib
import io
import itertools
import tarfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .build_log import Log, Unwritable
from .build_push import push
from .build_request import HOUR, seconds
from .build_steps import Late, Stopped, Worker, workshop
from .errors import Failed, Refused
from .logging import stamp

if TYPE_CHECKING:
    from .build import Builds
    from .cloud import Cloud


class Running:
    """A build that was taken. `document` is what the API shows of it."""

    def __init__(self, cloud: Cloud, builds: Builds, document: dict[str, Any], region: str) -> None:
        self.cloud, self.builds, self.document, self.region = cloud, builds, document, region
        self.stopped, self.lock = threading.Event(), threading.RLock()
        self.log = Log(cloud, document, region, builds.flush)
        self.thread = threading.Thread(target=self.run, daemon=True, name=f"build-{document['id']}")

    @property
    def done(self) -> bool:
        return self.document["status"] not in ("QUEUED", "WORKING")

    def tell(self, part: dict[str, Any] | None = None, **more: Any) -> None:
        """Change what the API shows of the build, or of a part of it."""
        with self.lock:
            (self.document if part is None else part).update(more)

    def run(self) -> None:
        """The build's life. Its last change is its status."""
        worker: Worker | None = None
        own: list[str] = []
        end: dict[str, Any] = {"status": "SUCCESS"}
        with workshop() as folder:
            try:
                self.queued()
                self.tell(status="WORKING", startTime=self.now())
                ends = time.monotonic() + seconds(self.document.get("timeout"), HOUR)
                where = self.builds.network, self.builds.ca
                worker = Worker(Path(folder), ends, self.stopped, *where, self.log.idle)
                own = self.names(worker)
                self.work(worker)
                self.said("DONE")
            except Failed as failed:
                end = {"status": failed.status, "statusDetail": failed.detail}
                if failed.kind:
                    self.tell(failureInfo={"type": failed.kind, "detail": failed.detail})
                self.said("ERROR", f"ERROR: {failed.detail}")
            except Unwritable as error:
                end = {"status": "FAILURE", "statusDetail": str(error)}
                self.tell(failureInfo={"type": "LOGGING_FAILURE", "detail": str(error)})
            except Stopped:
                end = {"status": "CANCELLED"}
                self.said("CANCELLED", "ERROR: context canceled")
            except Late:
                end = {"status": "TIMEOUT", "statusDetail": "build timed out"}
                self.said("TIMEOUT", "ERROR: context deadline exceeded")
            except Exception as error:
                self.tell(status="INTERNAL_ERROR", statusDetail=repr(error))  # nobody waits for what has ended
                raise
            finally:
                if worker and own and not self.builds.keep:  # a worker is thrown away; the engine's cache stays
                    worker.quietly("image", "rm", *own)
        for step in self.document["steps"]:
            if step["status"] == "QUEUED" and end["status"] == "CANCELLED":
                self.tell(step, status="CANCELLED")
        self.tell(finishTime=self.now(), **end)

    def queued(self) -> None:
        """Wait for a worker."""
        if (ttl := seconds(self.document.get("queueTtl"), HOUR)) < self.builds.queue:
            self.stopped.wait(ttl)
            if not self.stopped.is_set():
                raise Failed("EXPIRED", "build expired: queue_ttl exceeded")
        if self.stopped.wait(self.builds.queue):
            raise Stopped

    def work(self, worker: Worker) -> None:
        """Fetch, build and push."""
        self.log.line(f'starting build "{self.document["id"]}"')
        self.log.line("")
        with Span(self, "FETCHSOURCE"):
            self.fetch(worker)
        secrets = self.secrets()
        with Span(self, "BUILD"):
            self.log.line("BUILD")
            for index, step in enumerate(self.document["steps"]):
                self.step(worker, index, step, secrets)
        if self.builds.outcomes:
            raise Failed(*self.builds.outcomes.popleft())
        with Span(self, "PUSH"):
            if self.document.get("images"):
                self.log.line("PUSH")
            push(self, worker)

    def fetch(self, worker: Worker) -> None:
        """Unpack the source into the workspace. Its generation and hash are what provenance tells."""
        source = self.document.get("source", {}).get("storageSource")
        if not source:
            return
        name = f"gs://{source.get('bucket', '')}/{source.get('object', '')}"
        self.log.line("FETCHSOURCE")
        try:
            found = self.cloud.storage.object(
                source.get("bucket", ""), source.get("object", ""), int(source.get("generation") or 0)
            )
            self.log.line(f"Fetching storage object: {name}#{found.generation}")
            with tarfile.open(fileobj=io.BytesIO(found.content), mode="r:*") as packed:
                packed.extraction_filter = getattr(tarfile, "data_filter", None)  # Python 3.11.2 has none
                packed.extractall(worker.workspace)
        except (Refused, tarfile.TarError, EOFError, OSError) as error:
            detail = f"failed to fetch source {name}: {error}"
            raise Failed("FAILURE", detail, "FETCH_SOURCE_FAILED") from None
        value = base64.b64encode(hashlib.sha256(found.content).digest()).decode()
        hashes = {f"{name}#{found.generation}": {"fileHash": [{"type": "SHA256", "value": value}]}}
        resolved = {**source, "generation": str(found.generation)}
        self.tell(sourceProvenance={"resolvedStorageSource": resolved, "fileHashes": hashes})

    def secrets(self) -> dict[str, str]:
        """What Secret Manager holds for the build's variables."""
        found = {}
        for each in self.document.get("availableSecrets", {}).get("secretManager", []):
            _, project, _, name, _, version = each["versionName"].split("/")
            try:
                if project not in (self.cloud.project, self.cloud.number):
                    raise Refused(403, message=f"Permission 'secretmanager.versions.access' denied on {project}")
                found[each["env"]] = self.cloud.secrets.value(name, version).decode()
            except Refused as error:
                detail = f"failed to access secret version for secret {each['versionName']}: {error.message}"
                raise Failed("FAILURE", detail) from None
        return found

    def step(self, worker: Worker, index: int, step: dict[str, Any], secrets: dict[str, str]) -> None:
        """Run one step."""
        options = self.document.get("options", {})
        label = f"Step #{index}" + (f' - "{step["id"]}"' if step.get("id") else "")
        pairs = [each.partition("=") for each in (*options.get("env", []), *step.get("env", []))]
        environ = {name: value for name, _, value in pairs}
        environ |= {name: secrets[name] for name in (*options.get("secretEnv", []), *step.get("secretEnv", []))}
        if options.get("automapSubstitutions") or step.get("automapSubstitutions"):
            environ = {**self.document.get("substitutions", {}), **environ}
        if len(self.document["steps"]) > 1:
            self.log.line(f"Starting {label}")
        self.tell(step, status="WORKING")
        code, began = -1, self.now()

        def line(text: str) -> None:
            self.log.line(self.builds.unmirrored(text), label)

        try:
            given = {**step, "args": [self.builds.mirrored(each) for each in step.get("args", [])]}
            code = worker.run(given, environ, line, f"fake-build-{self.document['id'][:8]}-{index}")
            self.tell(step, status="SUCCESS" if code == 0 else "FAILURE")
        except Stopped:
            self.tell(step, status="CANCELLED")
            raise
        except Late:
            self.tell(step, status="TIMEOUT")
            if time.monotonic() >= worker.ends:
                raise
            detail = f'build step {index} "{step["name"]}" failed: step timed out after {step["timeout"]}'
            raise Failed("TIMEOUT", detail, "USER_BUILD_STEP") from None
        finally:
            timing = {"startTime": began, "endTime": self.now()}
            self.tell(step, timing=timing, **({"exitCode": code} if code > 0 else {}))
        if len(self.document["steps"]) > 1:
            self.log.line(f"Finished {label}")
        if code and not step.get("allowFailure") and code not in step.get("allowExitCodes", []):
            detail = f'build step {index} "{step["name"]}" failed: step exited with non-zero status: {code}'
            raise Failed("FAILURE", detail, "USER_BUILD_STEP")

    def names(self, worker: Worker) -> list[str]:
        """The images that this build makes, and the engine does not have yet."""
        names = {self.builds.mirrored(each) for each in self.document.get("images", [])}
        for step in self.document["steps"]:
            args = [self.builds.mirrored(each) for each in step.get("args", [])]
            names |= {after for flag, after in itertools.pairwise(args) if flag in ("-t", "--tag")}
        return sorted(each for each in names if worker.quietly("image", "inspect", each).returncode)

    def said(self, *lines: str) -> None:
        """The last words of the log."""
        try:
            for each in lines:
                self.log.line(each)
            self.log.flush()
        except Unwritable:
            pass

    def now(self) -> str:
        return stamp(self.cloud.now())


class Span:
    """A phase of the build, which its timing tells."""

    def __init__(self, running: Running, name: str) -> None:
        self.running, self.name = running, name

    def __enter__(self) -> None:
        self.began = self.running.now()

    def __exit__(self, *_: object) -> None:
        span = {"startTime": self.began, "endTime": self.running.now()}
        self.running.tell(timing={**self.running.document.get("timing", {}), self.name: span})
