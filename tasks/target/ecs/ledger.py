"""The ledger: who released what and when, as tags `dockyard.*` on task definitions."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ...errors import DockyardError
from ...image.reference import split
from .. import CheckResult, Release, Revision
from ..words import iso, summary
from .normal import canonical

if TYPE_CHECKING:
    from ...environment.settings import Environment
    from .definition import Definition

PREFIX = "dockyard."
FIELDS = ("digest", "tag", "git_sha", "by", "at", "note")  # of a Release, each a tag; the image says its repository
OWN = (*FIELDS, "env", "of", "before", "verified", "checks")
MOST = 50  # tags that a resource may have, those of AWS itself apart
LONGEST = 256  # characters of a value
CUT = " ...cut"

_PLAIN = re.compile(r"[A-Za-z0-9 +.\-_:/@]")  # what every tag may hold, but for `=`, which escapes all else
_ESCAPED = re.compile(r"(?:=[0-9A-F]{2})+")

Tags = list[dict[str, str]]


def tags(release: Release, env: str, of: str = "") -> Tags:
    """A release as tags; `of` names the main revision that a worker's belongs to. What is empty has none."""
    values = {field: getattr(release, field) for field in FIELDS} | {"env": env, "of": of}
    return [tag(name, value) for name, value in values.items() if value]


def tag(name: str, value: str) -> dict[str, str]:
    """One tag, encoded, and cut where it is too long."""
    return {"key": PREFIX + name, "value": encoded(value)}


def encoded(value: str) -> str:
    """A text within ECS' rules of tags: other characters as `=XX` of their UTF-8, a long one cut, which it then says.

    Source: "Tag restrictions" of the Amazon ECS developer guide. A value may not begin with `aws:`, in any case.
    """
    parts = [part if _PLAIN.fullmatch(part) else "".join(f"={byte:02X}" for byte in part.encode()) for part in value]
    if value[:4].lower() == "aws:":
        parts[3] = "=3A"
    if sum(map(len, parts)) <= LONGEST:
        return "".join(parts)
    room, kept = LONGEST - len(CUT), ""
    for part in parts:
        if len(kept) + len(part) > room:
            break
        kept += part
    return kept + CUT


def decoded(value: str) -> str:
    """The text that `encoded` was given."""
    return _ESCAPED.sub(lambda found: bytes.fromhex(found[0].replace("=", "")).decode("utf-8", "replace"), value)


def carried(definition: Definition) -> Tags:
    """The tags of a task definition that are not Dockyard's and not AWS' own: the next one keeps them.

    Raises DockyardError where they leave no room for the ledger.
    """
    foreign = [
        {"key": key, "value": value}
        for key, value in definition.tags.items()
        if not key.startswith(PREFIX) and key[:4].lower() != "aws:"
    ]
    if len(foreign) + len(OWN) > MOST:
        raise DockyardError(
            f"{definition.name} has {len(foreign)} tags, which leaves no room for the {len(OWN)} of the ledger: "
            f"ECS takes {MOST}. Remove some: aws ecs untag-resource --resource-arn {definition.arn} --tag-keys KEY"
        )
    return foreign


def verified(at: str, checks: Sequence[CheckResult]) -> Tags:
    """The tags that say a revision was read back, healthy and checked. `at` is UTC, ISO 8601."""
    said = summary(checks)
    return [tag("verified", at), *([tag("checks", said)] if said else [])]


def value(definition: Definition, name: str) -> str:
    """What a tag `dockyard.<name>` says; "" where there is none."""
    return decoded(definition.tags.get(PREFIX + name, ""))


def of(definition: Definition) -> str:
    """The main revision that a worker's task definition belongs to; "" for a main one, or one of somebody else."""
    return value(definition, "of")


def release(definition: Definition, environment: Environment) -> Release:
    """The release that a task definition is. One that Dockyard never made says its image, who and when."""
    image, pinned = split(next(iter(definition.images(environment)), "") or environment.image)
    digest = definition.digest(environment)
    return Release(
        image,
        digest or ("" if definition.images(environment) else value(definition, "digest")),
        tag=value(definition, "tag") or ("" if pinned.startswith("sha256:") else pinned),
        git_sha=value(definition, "git_sha"),
        by=value(definition, "by") or str(definition.content.get("registeredBy", "")).rpartition("/")[2],
        at=value(definition, "at") or iso(definition.content.get("registeredAt")),
        note=value(definition, "note"),
    )


def revision(definition: Definition, environment: Environment, *, running: bool, percent: int) -> Revision:
    """A task definition of the main service as a revision. One that was deregistered cannot be started again.

    Nor is one of a worker, whose task definitions may be of the same family, to be started as the service.
    """
    return Revision(
        name=definition.name,
        release=release(definition, environment),
        verified=bool(value(definition, "verified")),
        running=running,
        percent=percent,
        startable=definition.active and not of(definition),
        spec=spec(definition, environment),
    )


def spec(definition: Definition, environment: Environment) -> str:
    """What settings asked of it, as a short hash: two revisions of one digest and one hash are one release."""
    images: Mapping[str, str] = dict.fromkeys(definition.images(environment), "")
    containers = [
        {**each, "image": images.get(each.get("image", ""), each.get("image", ""))}
        for each in definition.content.get("containerDefinitions") or ()
    ]
    asked = {"containerDefinitions": containers}
    asked |= {key: definition.content[key] for key in ("networkMode", "cpu", "memory") if key in definition.content}
    return hashlib.sha256(canonical(asked).encode()).hexdigest()[:16]
