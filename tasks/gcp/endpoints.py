"""Where a Google API is spoken to, and how: gRPC over TLS, unless gcloud's own override says something else."""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from ..errors import SettingError

OVERRIDE = "CLOUDSDK_API_ENDPOINT_OVERRIDES_"  # gcloud's own properties, as environment variables
HOSTS = {
    "RUN": "run.googleapis.com",
    "CLOUDBUILD": "cloudbuild.googleapis.com",
    "ARTIFACTREGISTRY": "artifactregistry.googleapis.com",
    "LOGGING": "logging.googleapis.com",
    "STORAGE": "storage.googleapis.com",
    "SECRETMANAGER": "secretmanager.googleapis.com",
}


@dataclass(frozen=True)
class Endpoint:
    """Where an API is. `scheme` is `https` (gRPC over TLS), `http` (REST) or `grpc` (gRPC without TLS)."""

    scheme: str
    host: str  # with its port, where that is not the usual one

    @property
    def url(self) -> str:
        """As REST clients want it: `http://127.0.0.1:8080`."""
        return f"{'https' if self.scheme == 'https' else 'http'}://{self.host}"

    @property
    def plain(self) -> bool:
        """Whether nothing is encrypted, so that no credentials are looked for: a fake, or an emulator."""
        return self.scheme != "https"


def endpoint(api: str) -> Endpoint:
    """The endpoint of an API, such as `RUN`: of `CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN`, else Google's own.

    `https://` keeps gRPC (Private Service Connect, a regional endpoint), `http://` is REST, `grpc://` a channel without
    TLS. Raises SettingError for anything else.
    """
    name = f"{OVERRIDE}{api}"
    given = os.environ.get(name, "").strip()
    if not given:
        return Endpoint("https", HOSTS[api])
    parts = urlsplit(given)
    if parts.scheme not in ("https", "http", "grpc") or not parts.netloc:
        raise SettingError(f"{name}={given} is no endpoint; write https://HOST/ or http://HOST:PORT/.")
    return Endpoint(parts.scheme, parts.netloc)
