"""The conversations with Google Cloud that a service on Cloud Run needs, each made when it is first used."""

from __future__ import annotations

from functools import cached_property
from typing import Any, TypeVar

from google.cloud import run_v2

from ...gcp import clients

Client = TypeVar("Client")


class Clients:
    """Clients of one project and region."""

    def __init__(self, project: str, region: str) -> None:
        self.project = project
        self.region = region
        self.parent = f"projects/{project}/locations/{region}"

    @cached_property
    def services(self) -> run_v2.ServicesClient:
        """Services: what serves."""
        return self._run(run_v2.ServicesClient)

    @cached_property
    def revisions(self) -> run_v2.RevisionsClient:
        """Revisions of services."""
        return self._run(run_v2.RevisionsClient)

    @cached_property
    def jobs(self) -> run_v2.JobsClient:
        """Jobs: what runs once."""
        return self._run(run_v2.JobsClient)

    @cached_property
    def executions(self) -> run_v2.ExecutionsClient:
        """Executions of jobs."""
        return self._run(run_v2.ExecutionsClient)

    @cached_property
    def tasks(self) -> run_v2.TasksClient:
        """Tasks of executions: their exit codes."""
        return self._run(run_v2.TasksClient)

    @cached_property
    def pools(self) -> run_v2.WorkerPoolsClient:
        """Worker pools: PROCESS_<NAME>."""
        return self._run(run_v2.WorkerPoolsClient)

    @cached_property
    def logging(self) -> Any:
        """Cloud Logging: entries, and their tail."""
        from google.cloud.logging_v2.services.logging_service_v2 import LoggingServiceV2Client

        return clients.make(LoggingServiceV2Client, "LOGGING")

    def _run(self, client: type[Client]) -> Client:
        made: Client = clients.make(client, "RUN")
        return made
