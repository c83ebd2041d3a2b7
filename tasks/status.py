"""What runs now: revision, traffic, instances, and whether it is what the pin says."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

from .errors import SettingError
from .target import Current, Recent
from .verb import Document, Operation, verb
from .verify import describe, served


@verb()
def status(op: Operation) -> Document:
    """Show what runs: revision, digest, traffic, instances, who deployed it and when."""
    with ThreadPoolExecutor(1) as beside:
        recent = beside.submit(op.target.recent)
        current = op.target.current()
        document = {**report(op, current), **lately(recent.result())}
    if current.revision is None:
        op.show(f"{op.environment.service} has no revision; deploy one: inv release --env={op.name}")
        return document
    release = current.revision.release
    at = f" at {current.url}" if current.url else ""
    op.show(f"{current.revision.name}{at}{'' if current.revision.verified else ' (not verified)'}")
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
    if current.desired is not None:
        op.show(f"  running  {running(current)} of {current.desired}")
    if current.least:
        op.show(f"  keeps    {current.least} instances at least")
    for each in current.instances:
        op.show(f"  {each.process:<8} {each.name} {each.state}{f' ({each.detail})' if each.detail else ''}")
    show_recent(op, recent.result())
    return document


def show_recent(op: Operation, recent: Recent) -> None:
    """Deployments, what stopped and why, and the last events, where the platform keeps them."""
    for each in recent.deployments:
        op.show(f"  deploy   {each.at or '-'} {each.revision} {each.state}{f' ({each.detail})' if each.detail else ''}")
    for gone in recent.stopped:
        op.show(f"  stopped  {gone.name} {gone.revision}{f' ({gone.detail})' if gone.detail else ''}")
    for event in recent.events:
        op.show(f"  event    {event.at} {event.text}")


def lately(recent: Recent) -> Document:
    """The same as `--json` gives it; nothing where the platform keeps none."""
    found = {name: [asdict(each) for each in getattr(recent, name)] for name in ("deployments", "stopped", "events")}
    return {name: each for name, each in found.items() if each}


def report(op: Operation, current: Current) -> Document:
    """What runs, as `--json` gives it."""
    return {
        **describe(op, current),
        "pinned": pinned_digest(op),
        **({} if current.desired is None else {"running": running(current), "desired": current.desired}),
        **({} if current.least is None else {"least": current.least}),
        "instances": [
            {"name": i.name, "revision": i.revision, "process": i.process, "state": i.state, "detail": i.detail}
            for i in current.instances
        ],
    }


def running(current: Current) -> int:
    """How many instances of the service itself run, of whichever revision."""
    return sum(each.process == "web" and each.state.lower() == "running" for each in current.instances)


def pinned_digest(op: Operation) -> str | None:
    """The pin's digest; None without a readable pin."""
    from .image import pin

    try:
        return pin.read(op.root, op.name).digest
    except SettingError:
        return None
