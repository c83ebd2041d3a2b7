"""The conversations with Google Cloud that a build needs."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from ...gcp import clients
from ...gcp.credentials import credentials
from ...gcp.endpoints import Endpoint, endpoint

if TYPE_CHECKING:
    from google.cloud.devtools import cloudbuild_v1


def required() -> None:
    """Raise SettingError without Google's SDKs, DockyardError without credentials."""
    credentials(plain=endpoint("CLOUDBUILD").plain)


def builds() -> cloudbuild_v1.CloudBuildClient:
    """Cloud Build. Raises DockyardError without credentials."""
    from google.cloud.devtools import cloudbuild_v1

    client: cloudbuild_v1.CloudBuildClient = clients.make(cloudbuild_v1.CloudBuildClient, "CLOUDBUILD")
    return client


def logging() -> Any:
    """Cloud Logging. Raises DockyardError without credentials."""
    from google.cloud.logging_v2.services.logging_service_v2 import LoggingServiceV2Client

    return clients.make(LoggingServiceV2Client, "LOGGING")


def objects(project: str) -> Any:
    """Cloud Storage. Raises DockyardError without credentials."""
    where = endpoint("STORAGE")
    return _objects(project, where, credentials(plain=where.plain))


@cache
def _objects(project: str, where: Endpoint, own: Any) -> Any:
    from google.cloud.storage import Client  # type: ignore[import-untyped]

    client = Client(project=project, credentials=own, client_options={"api_endpoint": where.url})
    client._bucket_metadata_cache = None  # which asks for the bucket beside each call, for traces that nobody takes
    return client
