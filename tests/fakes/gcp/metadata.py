"""The metadata server of a machine in Google Cloud: the service account that it runs as, and its tokens."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .errors import Refused
from .routing import Reply, Request, raw

if TYPE_CHECKING:
    from .cloud import Cloud

ACCOUNT = "builder@test-project.iam.gserviceaccount.com"
ROOT = "/computeMetadata/v1"
OWN = {"Metadata-Flavor": "Google", "Server": "Metadata Server for VM"}


def environ(cloud: Cloud) -> dict[str, str]:
    """The environment of a process that runs on such a machine; it is read when Google's library is imported."""
    host = urlsplit(cloud.at("tokens", "rest")).netloc
    return {"GCE_METADATA_HOST": host, "GCE_METADATA_IP": host}


@raw("tokens", "GET", "/?", "metadata.ping")
def ping(cloud: Cloud, request: Request) -> Reply:
    return Reply(200, {**OWN, "Content-Type": "text/plain"}, b"computeMetadata/\n")


@raw("tokens", "GET", f"{ROOT}/(?P<path>.*)", "metadata.get")
def get(cloud: Cloud, request: Request) -> Reply:
    """Whoever does not say `Metadata-Flavor: Google` is refused: a page in a browser cannot."""
    if request.headers.get("metadata-flavor") != "Google":
        raise Refused(403, message="Missing required header Metadata-Flavor")
    path = request.found["path"].rstrip("/")
    if path == "project/project-id":
        return text(cloud.project)
    if path == "universe/universe_domain":
        return text("googleapis.com")
    _, _, rest = path.partition("instance/service-accounts/")
    account, _, what = rest.partition("/")
    if account not in ("default", ACCOUNT):
        raise Refused(404, message=f"{path} is not there.")
    if what == "token":
        token = cloud.tokens.access(ACCOUNT)
        return document({"access_token": token, "expires_in": int(cloud.tokens.seconds), "token_type": "Bearer"})
    if what == "identity" and "audience" in request.query:
        return text(cloud.tokens.identity(ACCOUNT, request.query["audience"]))
    if not what and request.query.get("recursive"):
        return document({"aliases": ["default"], "email": ACCOUNT, "scopes": [cloud.tokens.SCOPE]})
    raise Refused(404, message=f"{path} is not there.")


def text(content: str) -> Reply:
    """A value."""
    return Reply(200, {**OWN, "Content-Type": "application/text"}, content.encode())


def document(content: dict[str, object]) -> Reply:
    """What is below, as JSON."""
    return Reply(200, {**OWN, "Content-Type": "application/json"}, json.dumps(content).encode())
