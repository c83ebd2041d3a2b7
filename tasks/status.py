"""What runs now: revision, traffic, instances, and whether it is what the pin says."""

from __future__ import annotations

from .errors import SettingError
from .target import Current
from .verb import Document, Operation, verb
from .verify import describe, served


@verb()
def status(op: Operation) -> Document:
    """Show what runs: revision, digest, traffic, instances, who deployed it and when."""
    current = op.target.current()
    document = report(op, current)
    if current.revision is None:
        op.show(f"{op.environment.service} has no revision; deploy one: inv release --env={op.name}")
        return document
    release = current.revision.release
    op.show(f"{current.revision.name} at {current.url}{'' if current.revision.verified else ' (not verified)'}")
    op.show(f"  digest   {release.digest}")
    if document["pinned"] and document["pinned"] != release.digest:
        op.show(f"  pinned   {document['pinned']} (inv deploy --env={op.name} brings it up)")
    op.show(f"  tag      {release.tag or '-'}   commit {release.git_sha[:12] or '-'}")
    op.show(f"  by       {release.by or '-'} at {release.at or '-'}{f': {release.note}' if release.note else ''}")
    for share in current.traffic:
        counted = served(current, share.revision)
        tagged = f" (tag {share.tag})" if share.tag else ""
        answered = f", {counted.requests:,} requests, {counted.errors:,} failed" if counted else ""
        op.show(f"  traffic  {share.percent:>3} % {share.revision}{tagged}{answered}")
    for each in current.instances:
        op.show(f"  {each.process:<8} {each.name} {each.state}{f' ({each.detail})' if each.detail else ''}")
    return document


def report(op: Operation, current: Current) -> Document:
    """What runs, as `--json` gives it."""
    return {
        **describe(op, current),
        "pinned": pinned_digest(op),
        "instances": [
            {"name": i.name, "revision": i.revision, "process": i.process, "state": i.state, "detail": i.detail}
            for i in current.instances
        ],
    }


def pinned_digest(op: Operation) -> str | None:
    """The pin's digest; None without a readable pin."""
    from .image import pin

    try:
        return pin.read(op.root, op.name).digest
    except SettingError:
        return None
