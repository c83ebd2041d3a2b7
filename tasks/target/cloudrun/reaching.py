"""Asking a service, or one revision of it, over HTTP: with an ID token where it is private.

What the way there refuses tells nothing of the service: no token for a private one, an ingress for others, no route.
That is unverified, never OK, and no failure either.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import urllib3
from google.cloud import run_v2

from ...errors import DeployFailed
from ...gcp import identity
from ...say import say
from .. import CheckResult
from .. import probe as probing
from . import failing, traffic, waiting

if TYPE_CHECKING:
    from ...environment.settings import Check, Environment
    from .service import Fleet

ALL = (
    run_v2.IngressTraffic.INGRESS_TRAFFIC_UNSPECIFIED,
    run_v2.IngressTraffic.INGRESS_TRAFFIC_ALL,
)
REFUSED = (401, 403)
SHUT = (403, 404)  # what a request gets that an ingress does not let in
FRONT = "does not have permission"  # what Cloud Run itself says in the page of its 403
UNREACHED = (
    urllib3.exceptions.NewConnectionError,  # no route, no such name
    urllib3.exceptions.ConnectTimeoutError,
    urllib3.exceptions.SSLError,
    urllib3.exceptions.ProxyError,
)


def ask(environment: Environment, service: run_v2.Service | None, checks: Sequence[Check]) -> list[CheckResult]:
    """Send checks, in order, to URL, else to the service's own address."""
    if service is None:
        return probing.ask(environment.url, checks, environment.root)
    return sent(environment, service, environment.url or service.uri, checks)


def probe(environment: Environment, service: run_v2.Service | None, check: Check, revision: str) -> CheckResult:
    """Send a check to one revision, at the address of its tag, or the service's where that leads to it alone."""
    address = traffic.uri(service, revision) if service is not None else ""
    if service is None or not address:
        return CheckResult(
            check.name, None, f"{check.method} {check.path}: {revision} has no traffic tag, so no address of its own"
        )
    return sent(environment, service, address, [check])[0]


def healthy(fleet: Fleet, revision: str) -> None:
    """Return once HEALTH_PATH answers on a revision's own address, or cannot be asked. Raises DeployFailed."""
    env, check = fleet.environment, probing.health(fleet.environment)
    if check is None:
        return
    service = fleet.lately().service
    found = CheckResult("health", False, "was not asked")
    for pause in waiting.pauses(env.health_timeout):
        found = probe(env, service, check, revision)
        if found.ok is None:
            say(f"  unverified health: {found.detail}")
        if found.ok is not False:
            return
        time.sleep(pause)
    raise DeployFailed(
        f"{revision} is ready, but not healthy within HEALTH_TIMEOUT ({env.health_timeout:g} s): {found.detail}."
        f"{failing.tail(fleet, revision)}"
    )


def sent(environment: Environment, service: run_v2.Service, url: str, checks: Sequence[Check]) -> list[CheckResult]:
    """Send checks to an address of the service, over one connection."""
    if not checks:
        return []
    if not url:
        return probing.ask("", checks, environment.root)
    token = "" if service.invoker_iam_disabled else identity.id_token(service.uri)
    with probing.Site(url) as site:
        return [one(environment, service, site, check, url=url, token=token) for check in checks]


def one(
    environment: Environment, service: run_v2.Service, site: probing.Site, check: Check, *, url: str, token: str
) -> CheckResult:
    """Send one."""
    asked = f"{check.method} {check.path}"
    try:
        answer = site.request(check, authorized(probing.headers(check, environment.root), token))
    except UNREACHED as error:
        return CheckResult(check.name, None, f"{asked}: not to be reached from here ({probing.reason(error)})")
    except (urllib3.exceptions.HTTPError, OSError) as error:
        return CheckResult(check.name, False, f"{asked}: {probing.reason(error)}")
    body = answer.data.decode(errors="replace")
    why = kept_out(service, answer, body, url=url, token=token)
    if why:
        return CheckResult(check.name, None, f"{asked} answered {answer.status}: {why}")
    return probing.judge(check, answer.status, body)


def authorized(headers: Mapping[str, str], token: str) -> dict[str, str]:
    """The headers with an ID token, in Cloud Run's own header where the check speaks to the service's Authorization."""
    if not token:
        return dict(headers)
    own = any(name.lower() == "authorization" for name in headers)
    return {**headers, "X-Serverless-Authorization" if own else "Authorization": f"Bearer {token}"}


def kept_out(service: run_v2.Service, answer: urllib3.BaseHTTPResponse, body: str, *, url: str, token: str) -> str:
    """Why an answer is not the service's own, and what mends it; "" where it is."""
    private = not service.invoker_iam_disabled
    if answer.status in REFUSED and private and not token:
        return (
            "the service is private, and these credentials give no ID token; use a service account that has "
            "roles/run.invoker, or write PUBLIC=true"
        )
    if answer.status in REFUSED and private and (FRONT in body or "insufficient_scope" in challenge(answer)):
        return "the service is private, and these credentials may not call it; give the account roles/run.invoker"
    own = url.rstrip("/") in {each.rstrip("/") for each in (service.uri, *service.urls)} or is_tag(service, url)
    if answer.status in SHUT and own and service.ingress not in ALL:
        return f"its ingress ({service.ingress.name}) does not let this machine in; set URL to where users reach it"
    return ""


def challenge(answer: urllib3.BaseHTTPResponse) -> str:
    """What the answer says about the credentials."""
    return str(answer.headers.get("WWW-Authenticate") or "")


def is_tag(service: run_v2.Service, url: str) -> bool:
    """Whether an address is a traffic tag's."""
    return any(each.uri and each.uri == url for each in service.traffic_statuses)
