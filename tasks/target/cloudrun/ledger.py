"""The ledger: who released what and when, as annotations `dockyard.*` of revisions, services and worker pools."""

import hashlib
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...image.reference import split
from .. import CheckResult, Release
from ..words import summary

if TYPE_CHECKING:
    from google.cloud import run_v2

    from ...environment.settings import Environment

PREFIX = "dockyard."
TAG, DIGEST, COMMIT, BY, AT, NOTE, ENV, SPEC = (
    PREFIX + name for name in ("tag", "digest", "commit", "by", "at", "note", "env", "spec")
)
OF = PREFIX + "of"  # the main revision that a worker's belongs to
PROCESS = PREFIX + "process"  # of a worker: which one
LOCK = PREFIX + "lock"  # of the service: who holds it
RELEASES = PREFIX + "releases"  # of the service: what was verified, and when
LONGEST = 4096  # bytes of one value; all annotations of an object may have 256 KiB
SUMMARY = 512  # bytes of what the checks of one record said
ROOM = 64 * 1024  # bytes of all records
CUT = " ...cut"

# What a revision, or a worker beside it, is made of: a plan compares it, and two of one digest are told apart by it.
ASKED = frozenset(
    [
        "PORT",
        "CPU",
        "MEMORY",
        "GPU",
        "GPU_TYPE",
        "GPU_ZONAL_REDUNDANCY",
        "MIN_INSTANCES",
        "MAX_INSTANCES",
        "CONCURRENCY",
        "REQUEST_TIMEOUT",
        "SERVICE_ACCOUNT",
        "CLOUDSQL",
        "HEALTH_PATH",
        "HEALTH_TIMEOUT",
    ]
)


@dataclass(frozen=True)
class Record:
    """That a revision was read back, healthy and checked. `at` is UTC in ISO 8601; `checks` is what they said.

    `digest` and `spec` are its release's; "" where they were not told.
    """

    revision: str
    at: str
    checks: str = ""
    digest: str = ""
    spec: str = ""


def annotations(environment: "Environment", release: Release, spec: str) -> dict[str, str]:
    """A release as annotations of a revision's template; what is empty has none."""
    values = {
        TAG: release.tag,
        DIGEST: release.digest,
        COMMIT: release.git_sha,
        BY: release.by,
        AT: release.at,
        NOTE: release.note,
        ENV: environment.name,
        SPEC: spec,
    }
    return {key: cut(value, LONGEST) for key, value in values.items() if value}


def release(image: str, annotations: Mapping[str, str]) -> Release:
    """The release that a revision is, by its container's image and its annotations.

    A revision that somebody made of Dockyard's template has its annotations but another image: they tell nothing.
    """
    repository, pinned = split(image)
    digest = pinned if pinned.startswith("sha256:") else ""
    if not digest or annotations.get(DIGEST) != digest:
        return Release(repository, digest, tag="" if digest else pinned)
    return Release(
        repository,
        digest,
        tag=annotations.get(TAG, ""),
        git_sha=annotations.get(COMMIT, ""),
        by=annotations.get(BY, ""),
        at=annotations.get(AT, ""),
        note=annotations.get(NOTE, ""),
    )


def spec(annotations: Mapping[str, str]) -> str:
    """What the settings asked of a revision, as a short hash; "" for one that Dockyard never made."""
    return annotations.get(SPEC, "")


def asked(environment: "Environment") -> str:
    """What these settings ask of a revision and its workers, as a short hash: two of one hash are alike in it.

    Secrets are in it as references, so a rotated value makes no difference: that is what `--force` is for.
    """
    values = {key: written(environment, key) for key in environment.origins if key in ASKED}
    for prefix, each in (("ENV", environment.variables), ("SECRET", environment.secrets)):
        values |= {f"{prefix}_{name}": value for name, value in each.items()}
    values |= {f"PROCESS_{name.upper()}": shlex.join(command) for name, command in environment.processes.items()}
    return hashlib.sha256(dump(values).encode("utf-8", "backslashreplace")).hexdigest()[:16]


def written(environment: "Environment", key: str) -> str:
    """A setting as its value is typed, however it is written: 1Gi and 1024Mi are one."""
    return repr(getattr(environment, key.lower()))


def records(service: "run_v2.Service | None") -> dict[str, Record]:
    """What was verified, by revision, newest first; nothing of an annotation that is not as Dockyard writes it."""
    return {} if service is None else {each.revision: each for each in parsed(service.annotations.get(RELEASES, ""))}


def parsed(text: str) -> Iterator[Record]:
    """The records of an annotation."""
    try:
        entries = json.loads(text or "[]")
    except ValueError:
        return
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("r"), str):
            yield Record(*(str(entry.get(key, "")) for key in ("r", "at", "c", "d", "s")))


def verified(
    service: "run_v2.Service",
    revision: str,
    at: str,
    checks: Sequence[CheckResult] = (),
    *,
    digest: str = "",
    spec: str = "",
) -> None:
    """Record in the service that a revision was verified, on top; the oldest records make room.

    `digest` and `spec` are taken from the service's template, or from an older record, where they are not given.
    """
    known = records(service)
    before = known.pop(revision, None)
    latest = {service.template.revision, service.latest_created_revision.rpartition("/")[2]}
    annotated = service.template.annotations if revision in latest else {}
    record = Record(
        revision,
        at,
        cut(summary(checks), SUMMARY),
        digest or annotated.get(DIGEST, "") or (before.digest if before else ""),
        spec or annotated.get(SPEC, "") or (before.spec if before else ""),
    )
    service.annotations[RELEASES] = kept([record, *known.values()])


def kept(found: Sequence[Record]) -> str:
    """As many records as there is room for, the first ones, as one line of JSON."""
    lines, size = list[str](), 2
    for each in found:
        short = {"r": each.revision, "at": each.at, "c": each.checks, "d": each.digest, "s": each.spec}
        line = dump({key: value for key, value in short.items() if value})
        size += len(line.encode()) + 1
        if lines and size > ROOM:
            break
        lines.append(line)
    return f"[{','.join(lines)}]"


def cut(text: str, most: int) -> str:
    """A text of at most so many bytes of UTF-8; a longer one is cut, which it then says."""
    data = text.encode("utf-8", "replace")
    if len(data) <= most:
        return data.decode()
    return data[: most - len(CUT)].decode("utf-8", "ignore") + CUT


def dump(value: object) -> str:
    """One canonical line of JSON."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
