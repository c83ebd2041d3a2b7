"""What ran before, and which of it was verified. The platform is the ledger."""

from __future__ import annotations

from .errors import SettingError
from .target import Revision
from .verb import Document, Operation, verb


@verb(help={"limit": "the newest so many (20), 0 for all"})
def history(op: Operation, limit: str = "20") -> Document:
    """List past releases: revision, tag, commit, who, when, and whether verified."""
    if not limit.isdecimal():
        raise SettingError(f"--limit={limit} is not a number of releases; try --limit=20, or --limit=0 for all.")
    revisions = op.target.history()[: int(limit) or None]
    for each in revisions:
        share = f"{each.percent} %" if each.percent else ""
        op.show(
            f"{each.name:<28} {'verified' if each.verified else '-':<8} {share:>5}  {each.release.tag or '-':<24} "
            f"{each.release.git_sha[:8] or '-':<8} {each.release.at or '-':<20} {each.release.by}  {each.release.note}"
        )
    if not revisions:
        op.show(f"{op.environment.service} has no release yet; make one: inv release --env={op.name}")
    return {
        **op.about,
        "releases": [as_document(each) for each in revisions],
    }


def as_document(revision: Revision) -> Document:
    """A release as `--json` gives it."""
    release = revision.release
    return {
        "revision": revision.name,
        "digest": release.digest,
        "tag": release.tag,
        "git_sha": release.git_sha,
        "by": release.by,
        "at": release.at,
        "note": release.note,
        "verified": revision.verified,
        "percent": revision.percent,
    }
