"""HTTP with a registry: challenges are answered, redirects followed, and the environment's proxy is gone through."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from http.client import IncompleteRead
from typing import Any
from urllib.parse import unquote, urljoin
from urllib.request import getproxies, proxy_bypass

import urllib3
from urllib3 import BaseHTTPResponse
from urllib3.connection import port_by_scheme
from urllib3.exceptions import HTTPError, ProtocolError, ProxyError
from urllib3.util import Timeout, parse_url

from ..target import probe
from .credentials import AUTHORIZATION, Challenged, Credentials
from .reference import Repository

TIMEOUT = Timeout(connect=5.0, read=30.0)  # seconds
IDLE = 5.0  # seconds after which connections are made anew: what is between here and there may have dropped them
REDIRECTS = 20  # at most
KEPT = 100  # connections to one host; urllib3 warns on stderr where more come back
NEXT = re.compile(r"""<([^>]*)>[^,]*;\s*rel="?next\b""")  # of RFC 8288
UNAUTHORIZED = 401
KEEPING = (307, 308)  # redirects that keep the method and the body


class Session:
    """What is sent to one registry, by several threads at once. Its login goes to the registry itself alone.

    Every method raises urllib3's HTTPError where no answer comes.
    """

    def __init__(self, auth: Challenged) -> None:
        self.auth = auth
        self.home = origin(auth.repository.url)
        self.used = time.monotonic()
        self.ways: dict[tuple[str, str, int], urllib3.PoolManager] = {}

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | Iterable[bytes] | None = None,
        stream: bool = False,
        timeout: Timeout = TIMEOUT,
    ) -> BaseHTTPResponse:
        """The answer to a request. With `stream`, a success' body is left to who asked, who closes the answer.

        Content that is no bytes is sent once. Raises DockyardError for a challenge that cannot be met.
        """
        given = dict(headers or {})
        own = origin(url) == self.home
        answer = self.follow(method, url, {**given, **(self.auth.headers() if own else {})}, content, timeout)
        if answer.status == UNAUTHORIZED and own and origin(str(answer.url)) == self.home:
            answer.read(cache_content=True)
            if login := self.auth.answered(answer.headers.getlist("WWW-Authenticate"), self.follow):
                if not repeatable(content):
                    raise HTTPError("the login ran out meanwhile")
                answer = self.follow(method, url, {**given, AUTHORIZATION: login}, content, timeout)
        if not (stream and 200 <= answer.status < 300):
            answer.read(cache_content=True)
        return answer

    def follow(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | Iterable[bytes] | None = None,
        timeout: Timeout = TIMEOUT,
    ) -> BaseHTTPResponse:
        """The answer at the end of redirects, unread, with its `url`.

        No login follows to another host. What writes follows only within the same one, with all that it writes.
        """
        for _ in range(REDIRECTS):
            answer = self.once(method, url, headers, content, timeout)
            answer.url = url
            location = answer.get_redirect_location()
            if not location:
                break
            there = urljoin(url, location)
            same = origin(there) == origin(url)
            if method not in ("GET", "HEAD") and not (same and answer.status in KEEPING and repeatable(content)):
                break
            answer.drain_conn()
            url = there
            if not same:
                headers = {name: value for name, value in headers.items() if name != AUTHORIZATION}
        return answer

    def once(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | Iterable[bytes] | None,
        timeout: Timeout,
    ) -> BaseHTTPResponse:
        """The answer to one request, unread."""
        return self.way(url).urlopen(
            method,
            url,
            body=content,
            headers={"User-Agent": "dockyard", **headers},
            timeout=timeout,
            retries=False,
            redirect=False,
            preload_content=False,
        )

    def way(self, url: str) -> urllib3.PoolManager:
        """The connections to a URL's host, none of which has been idle for long."""
        now = time.monotonic()
        if now - self.used > IDLE:
            self.ways = {}  # those in use stay open until they are done
        self.used = now
        there = origin(url)
        return self.ways.get(there) or self.ways.setdefault(there, connections(url))


def connections(url: str) -> urllib3.PoolManager:
    """Connections to a URL's host, straight or through its proxy, with the certificates that the system trusts."""
    known: dict[str, Any] = {"maxsize": KEPT}
    if parse_url(url).scheme == "https":
        known["ssl_context"] = probe.trusted()
    proxy = proxy_of(url)
    if not proxy:
        return urllib3.PoolManager(**known)
    username, _, password = (parse_url(proxy).auth or "").partition(":")
    login = Credentials(unquote(username), unquote(password)).header
    headers = {"Proxy-Authorization": login} if username else {}
    return urllib3.ProxyManager(proxy, proxy_headers=headers, proxy_ssl_context=probe.trusted(), **known)


def proxy_of(url: str) -> str:
    """The proxy that HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY name for a URL, else the system; "" for none.

    What is on loopback is asked straight.
    """
    at = parse_url(url)
    host = at.netloc or ""
    if Repository(host, "").loopback or proxy_bypass(host):
        return ""
    named = getproxies()
    found = named.get(at.scheme or "") or named.get("all", "")
    return found if "://" in found or not found else f"http://{found}"


def origin(url: str) -> tuple[str, str, int]:
    """A URL's scheme, host and port."""
    at = parse_url(url)
    return at.scheme or "", at.host or "", at.port or port_by_scheme.get(at.scheme or "", 0)


def repeatable(content: bytes | Iterable[bytes] | None) -> bool:
    """Whether content can be sent a second time."""
    return content is None or isinstance(content, bytes)


def following_page(links: str) -> str:
    """The next page's URL in a `Link` header, "" where there is none."""
    found = NEXT.search(links)
    return found[1] if found else ""


def reason(error: HTTPError, url: str) -> str:
    """Why no answer came from a URL: `Connection refused`, `the proxy 10.0.0.1:3128: Connection refused`."""
    if isinstance(error, ProxyError):
        return f"the proxy {parse_url(proxy_of(url)).netloc}: {probe.reason(error.original_error)}"
    if isinstance(error, ProtocolError) and isinstance(error.args[-1], IncompleteRead):
        return "the connection broke off in the middle of an answer"
    return probe.reason(error)
