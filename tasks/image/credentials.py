"""Credentials of the AWS chain for ECR, else from Docker's own config and helpers, and how a registry asks for them.

Distribution's specification: a 401 names a scheme, `Basic`, or `Bearer` with a realm that gives tokens.
"""

from __future__ import annotations

import re
import warnings
from base64 import b64encode
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import httpx
from docker import auth
from docker.errors import DockerException

from ..errors import DockyardError
from .reference import Repository

PARAMETER = re.compile(r'(\w+)="([^"]*)"')
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
    """The login for a registry: of the AWS credentials for ECR, else Docker's own; empty for an anonymous visit.

    `region` lets a registry on loopback be ECR, as `ecr.place` says. Where AWS gives no login, Docker's own is used if
    it has one. Raises DockyardError.
    """
    from . import ecr

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


class Challenged(httpx.Auth):
    """Answers a registry's 401 once, with a login or a token, and keeps the answer for the next request.

    It reads no response but a token's: a layer is read by who asked for it, and not held whole.
    """

    def __init__(self, repository: Repository, region: str = "") -> None:
        self.repository = repository
        self.region = region
        self.answer = ""

    @cached_property
    def credentials(self) -> Credentials:
        """Looked up when first asked for: a helper can take its time."""
        return look_up(self.repository, self.region)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send a request, and again with what the registry asked for."""
        if self.answer:
            request.headers["Authorization"] = self.answer
        response = yield request
        if response.status_code != httpx.codes.UNAUTHORIZED or response.url.netloc != request.url.netloc:
            return
        challenges = response.headers.get_list("www-authenticate")
        bearer = next((each for each in challenges if each.lower().startswith("bearer ")), "")
        if bearer:
            token = yield self.token_request(dict(PARAMETER.findall(bearer)))
            self.answer = self.bearer(token)
        elif any(each.lower().startswith("basic") for each in challenges) and self.credentials:
            self.answer = self.credentials.header
        else:
            return
        request.headers["Authorization"] = self.answer
        yield request

    def token_request(self, asked: dict[str, str]) -> httpx.Request:
        """The request for a token that a `Bearer` challenge asks for. Raises DockyardError for an unsafe realm."""
        realm = httpx.URL(asked.get("realm", ""))
        if realm.scheme != "https" and not Repository(realm.netloc.decode(), "").loopback:
            raise DockyardError(
                f"The registry {self.repository.host} sends logins to {realm}, which is not encrypted: "
                "they were not sent; the registry's realm must be https."
            )
        query: dict[str, str] = {key: value for key, value in asked.items() if key in ("service", "scope")}
        if self.credentials.identity:
            form = {"grant_type": "refresh_token", "refresh_token": self.credentials.identity, "client_id": CLIENT}
            return httpx.Request("POST", realm, data={**form, **query})
        login = {"Authorization": self.credentials.header} if self.credentials else {}
        scopes = query.pop("scope", "").split()  # two where a layer is mounted from another repository
        return httpx.Request("GET", realm.copy_merge_params({**query, "scope": scopes}), headers=login)

    def bearer(self, response: httpx.Response) -> str:
        """The `Authorization` of a token response. Raises DockyardError if none was given."""
        response.read()
        try:
            given = response.json() if response.is_success else {}
        except ValueError:
            given = {}
        token = given.get("token") or given.get("access_token")
        if not token:
            raise DockyardError(denied(self.repository, f"no token, status {response.status_code}"))
        return f"Bearer {token}"


def denied(repository: Repository, why: str) -> str:
    """The sentence for a registry that lets nobody in, or not this login."""
    from . import ecr

    if ecr.place(repository):
        return ecr.denied(repository, why)
    return (
        f"The registry {repository.host} refuses {repository.path} ({why}): type `docker login {repository.host}` "
        "with a login that may use it."
    )
