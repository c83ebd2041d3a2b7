"""Forms of single settings: names, repositories, tags, addresses, checks. All raise ValueError with a sentence."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from . import units

PLACEHOLDERS = ("env", "date", "time", "sha", "branch", "version", "build")  # of a TAG
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

_SERVICE = re.compile(r"[a-z]([a-z0-9-]{0,47}[a-z0-9])?")  # Cloud Run's; ECS and Docker take it too
_REGISTRY = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)*|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?"
)
_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_PLATFORM = re.compile(r"[a-z0-9]+/[a-z0-9_]+(?:/[a-z0-9.]+)?")
_PATH = re.compile(r"/[^\s#]*")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@dataclass(frozen=True)
class Check:
    """A request and the answer that it must get. A status of 0 is any 2xx or 3xx; an empty text is any.

    Of `headers`, a value that is a whole secret reference is resolved when it is sent.
    """

    name: str
    method: str
    path: str
    status: int
    text: str = ""
    body: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def service(text: str) -> str:
    """A name that Docker, ECS and Cloud Run take: a DNS label of at most 49 characters."""
    if not _SERVICE.fullmatch(text):
        raise ValueError(
            f"{text!r} is no service name: write 1 to 49 lower-case letters, digits and hyphens, "
            "a letter first and no hyphen last."
        )
    return text


def repository(text: str) -> str:
    """An image without tag and digest, by Docker's reference grammar."""
    if "@" in text:
        raise ValueError(f"{text!r} has a digest: write {text.partition('@')[0]}; the pin holds the digest.")
    head, slash, last = text.rpartition("/")
    if ":" in last:
        raise ValueError(
            f"{text!r} has a tag: write {head}{slash}{last.partition(':')[0]}; TAG says how tags are made."
        )
    first, _, rest = text.partition("/")
    registry = bool(rest) and (first == "localhost" or bool(re.search(r"[.:A-Z]", first)))
    named = rest if registry else text
    if (registry and not _REGISTRY.fullmatch(first)) or not _REPOSITORY.fullmatch(named) or len(text) > 255:
        raise ValueError(
            f"{text!r} is no repository: write one such as 127.0.0.1:5000/team/api, its path in lower case."
        )
    return text


def tag(text: str) -> str:
    """A tag as registries take it."""
    if not _TAG.fullmatch(text):
        raise ValueError(f"{text!r} is no tag: write at most 128 letters, digits, `_`, `.` and `-`.")
    return text


def template(text: str) -> str:
    """A tag with `{env} {date} {time} {sha} {branch} {version} {build}` in it."""
    for name in re.findall(r"\{([^{}]*)\}", text):
        if name not in PLACEHOLDERS:
            near = difflib.get_close_matches(name, PLACEHOLDERS, n=1)
            all_of_them = " ".join(f"{{{each}}}" for each in PLACEHOLDERS)
            hint = f"did you mean {{{near[0]}}}?" if near else f"write one of {all_of_them}."
            raise ValueError(f"{text!r} names {{{name}}}, which is unknown; {hint}")
    if not _TAG.fullmatch(re.sub(r"\{[^{}]*\}", "x", text)):
        raise ValueError(f"{text!r} makes no tag: write letters, digits, `_`, `.`, `-` and names such as {{sha}}.")
    return text


def build_number(text: str) -> str:
    """Digits, and a suffix if it is no release: `201`, `200-dev`."""
    if not re.fullmatch(r"[0-9]{1,18}(?:-[0-9A-Za-z][0-9A-Za-z.-]*)?", text):
        raise ValueError(f"{text!r} is no build number: write digits, with a suffix if need be: 201 or 200-dev.")
    return text


def platform(text: str) -> str:
    """An operating system and an architecture."""
    if not _PLATFORM.fullmatch(text):
        raise ValueError(f"{text!r} is no platform: write os/arch such as linux/amd64.")
    return text


def account(text: str) -> str:
    """An AWS account."""
    if not re.fullmatch(r"[0-9]{12}", text):
        raise ValueError(f"{text!r} is no AWS account: write its 12 digits.")
    return text


def family(text: str) -> str:
    """A family of task definitions, without a revision."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,255}", text):
        raise ValueError(f"{text!r} is no family of task definitions: write its name alone, such as api.")
    return text


def log_group(text: str) -> str:
    """A log group of CloudWatch."""
    if not re.fullmatch(r"[A-Za-z0-9_/.#-]{1,512}", text):
        raise ValueError(f"{text!r} is no log group: write letters, digits and `_-/.#`, such as /ecs/api.")
    return text


def cloudsql(text: str) -> str:
    """A Cloud SQL instance's connection name; the project may be of a domain (`example.com:project`)."""
    if not re.fullmatch(r"[a-z0-9.-]+(?::[a-z0-9-]+){2,3}", text):
        raise ValueError(f"{text!r} is no Cloud SQL instance: write project:region:instance.")
    return text


def url(text: str) -> str:
    """Where the service is reached, without the slash at its end. A password in it is never repeated."""
    wrong = "write scheme, host and port, such as http://127.0.0.1:8080"
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 -- raises for one that is no port
    except ValueError:
        raise ValueError(f"{text!r} is no URL: {wrong}.") from None
    if "@" in parts.netloc:
        raise ValueError(f"holds a user or password: {wrong}.")
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"[\s?#]", text):
        raise ValueError(f"{text!r} is no URL: {wrong}.")
    return text.rstrip("/")


def path(text: str) -> str:
    """A request's path, with its query if need be."""
    if not _PATH.fullmatch(text):
        raise ValueError(f"{text!r} is no path: write it from the first slash on, such as /health.")
    return text


def tmpfs(text: str) -> str:
    """A writable directory in memory: `/tmp` or `/tmp:64Mi`."""
    directory, colon, size = text.partition(":")
    try:
        sized = not colon or units.size(size) > 0
    except ValueError:
        sized = False
    if not sized or not re.fullmatch(r"/[^\s,]*", directory):
        raise ValueError(
            f"{text!r} is no tmpfs: write a path from the first slash on, with a size if need be: /tmp:64Mi."
        )
    return text


def check(name: str, text: str, body: str = "", headers: Mapping[str, str] | None = None) -> Check:
    """A CHECK_<NAME>: `GET /health 200`, or `GET /health 200 ok` where the answer must contain `ok`."""
    method, _, rest = text.strip().partition(" ")
    asked, _, rest = rest.strip().partition(" ")
    status, _, wanted = rest.strip().partition(" ")
    if method.upper() not in METHODS or not _PATH.fullmatch(asked) or not re.fullmatch(r"[1-5][0-9]{2}", status):
        raise ValueError(f"{text!r} is no check: write METHOD /path STATUS [text], such as GET /health 200 ok.")
    if method.upper() == "HEAD" and wanted.strip():
        raise ValueError(f"{text!r} asks for a text, but an answer to HEAD has none: write GET.")
    return Check(name, method.upper(), asked, int(status), wanted.strip(), body, headers or {})


def check_part(key: str) -> tuple[str, str]:
    """The check's name, and `_BODY`, `_HEADERS` or nothing: CHECK_HOME_BODY is (`home`, `_BODY`)."""
    name = key.removeprefix("CHECK_")
    part = next((end for end in ("_BODY", "_HEADERS") if name.endswith(end) and name != end), "")
    return name.removesuffix(part).lower(), part


def header_fields(text: str) -> dict[str, str]:
    """A CHECK_<NAME>_HEADERS: a JSON object of texts. What it holds is never repeated."""
    wrong = 'is no JSON object of texts: write {"Accept": "text/plain"}, in single quotes.'
    try:
        found: Any = json.loads(text)
    except ValueError:
        raise ValueError(wrong) from None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ValueError(wrong)
    for name, value in found.items():
        if not _HEADER.fullmatch(name) or re.search(r"[\r\n\0]", value):
            raise ValueError("names a header or holds a value that no request can carry: check names and line ends.")
    return found
