"""Credentials of the cloud for ECR and Artifact Registry, else from Docker's own config, and how a registry asks.

Distribution's specification: a 401 names a scheme, `Basic`, or `Bearer` with a realm that gives tokens.
"""

from __future__ import annotations

import json
import re
import warnings
from base64 import b64encode
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from docker import auth
from docker.errors import DockerException
from urllib3.util import parse_url

from ..errors import DockyardError
from .reference import Repository

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

PARAMETER = re.compile(r'(\w+)="([^"]*)"')
AUTHORIZATION = "Authorization"
CLIENT = "dockyard"  # how the OAuth2 endpoint is told who asks


@dataclass(frozen=True)
class Credentials:
    """A login, or an identity token; not shown by repr."""

    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    identity: str = field(default="", repr=False)

    def __bool__(self) -> bool:
        return bool(self.identity or (self.username and self.password))

    @property
    def header(self) -> str:
        """The value of a Basic `Authorization`."""
        return f"Basic {b64encode(f'{self.username}:{self.password}'.encode()).decode()}"

    def for_engine(self, host: str) -> dict[str, str]:
        """What the engine wants to be sent with a push."""
        if self.identity:
            return {"identitytoken": self.identity, "serveraddress": host}
        return {"username": self.username, "password": self.password, "serveraddress": host} if self else {}


def look_up(repository: Repository, region: str = "") -> Credentials:
    """The login for a registry: of AWS for ECR, of Google for Artifact Registry, else Docker's own; empty for nobody.

    `region` lets a registry on loopback be ECR, as `ecr.place` says. Where a cloud gives no login, Docker's own is used
    if it has one. Raises DockyardError.
    """
    from ..gcp.credentials import at_hand
    from . import artifact, ecr

    if artifact.place(repository) and at_hand():
        return of_google(repository)
    place = ecr.place(repository, region)
    if place is None:
        return of_docker(repository)
    try:
        return ecr.login(place.region)
    except DockyardError:
        with suppress(DockyardError):
            if own := of_docker(repository):
                return own
        raise


def of_google(repository: Repository, plain: bool = False) -> Credentials:
    """Google's access token for Artifact Registry, else Docker's own login; empty for nobody: an image can be public.

    Docker's comes first where a metadata server is all that may be left, as looking for one can take seconds.
    """
    from ..gcp.credentials import at_hand
    from . import artifact

    own = Credentials() if at_hand() else of_docker(repository)
    with suppress(DockyardError):  # what is wrong with Google's is said where the registry lets nobody in
        own = own or artifact.login(plain)
    return own or of_docker(repository)


def of_docker(repository: Repository) -> Credentials:
    """What Docker's config or one of its helpers holds for a registry; empty where it holds nothing.

    A broken helper is an error, except for a registry on loopback, which seldom asks. Raises DockyardError.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found: dict[str, Any] = auth.load_config().resolve_authconfig(repository.host) or {}
    except (DockerException, OSError, ValueError, KeyError) as error:
        if repository.loopback:
            return Credentials()
        raise DockyardError(
            f"Docker's config could not give credentials for {repository.host}: {error}; "
            f"mend it, or type `docker login {repository.host}`."
        ) from None
    given = {key.lower(): str(value or "") for key, value in found.items()}
    return Credentials(given.get("username", ""), given.get("password", ""), given.get("identitytoken", ""))


class Challenged:
    """Answers a registry's 401 with a login or a token, and keeps the answer for the next request."""

    def __init__(self, repository: Repository, region: str = "") -> None:
        self.repository = repository
        self.region = region
        self.answer = ""

    @property
    def credentials(self) -> Credentials:
        """The login, looked up when first asked for: a helper can take its time."""
        return self._found

    @cached_property
    def _found(self) -> Credentials:
        return look_up(self.repository, self.region)

    def headers(self) -> dict[str, str]:
        """What a request to the registry has from the start."""
        return {AUTHORIZATION: self.answer} if self.answer else {}

    def answered(self, challenges: Sequence[str], ask: Callable[..., BaseHTTPResponse]) -> str:
        """The `Authorization` that challenges ask for, "" for none. Raises DockyardError.

        `ask(method, url, headers, content)` sends the request for a token.
        """
        bearer = next((each for each in challenges if each.lower().startswith("bearer ")), "")
        if bearer:
            found = self.bearer(self.token(dict(PARAMETER.findall(bearer)), ask))
        elif any(each.lower().startswith("basic") for each in challenges) and self.credentials:
            found = self.credentials.header
        else:
            return ""
        self.answer = found
        return found

    def token(self, asked: dict[str, str], ask: Callable[..., BaseHTTPResponse]) -> BaseHTTPResponse:
        """The answer to a request for the token that a `Bearer` challenge asks for.

        Raises DockyardError for a realm that is not safe.
        """
        realm = asked.get("realm", "")
        at = parse_url(realm)
        if at.scheme != "https" and not Repository(at.netloc or "", "").loopback:
            raise DockyardError(
                f"The registry {self.repository.host} sends logins to {realm}, which is not encrypted: "
                "they were not sent; the registry's realm must be https."
            )
        query: dict[str, str] = {key: value for key, value in asked.items() if key in ("service", "scope")}
        if self.credentials.identity:
            form = {"grant_type": "refresh_token", "refresh_token": self.credentials.identity, "client_id": CLIENT}
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            return ask("POST", realm, kind, urlencode({**form, **query}).encode())
        login = {AUTHORIZATION: self.credentials.header} if self.credentials else {}
        scopes = query.pop("scope", "").split()  # two where a layer is mounted from another repository
        given = urlencode({**query, "scope": scopes}, doseq=True)
        return ask("GET", f"{realm}{'&' if at.query else '?'}{given}", login)

    def bearer(self, response: BaseHTTPResponse) -> str:
        """The `Authorization` of a token response. Raises DockyardError if none was given."""
        content = response.data
        try:
            given = json.loads(content) if response.status == HTTPStatus.OK else {}
        except ValueError:
            given = {}
        token = given.get("token") or given.get("access_token")
        if not token:
            raise DockyardError(denied(self.repository, f"no token, status {response.status}"))
        return f"Bearer {token}"


def denied(repository: Repository, why: str) -> str:
    """The sentence for a registry that lets nobody in, or not this login."""
    from . import artifact, ecr

    if ecr.place(repository):
        return ecr.denied(repository, why)
    if artifact.place(repository):
        return artifact.denied(repository, why)
    return (
        f"The registry {repository.host} refuses {repository.path} ({why}): type `docker login {repository.host}` "
        "with a login that may use it."
    )
