"""From source to verified in one command: build, push, pin, deploy, and what the log says."""

from __future__ import annotations

from . import build, push
from . import pin as pinning
from .deploy import as_release, refuse_unready, roll_out
from .errors import DockyardError
from .target import LogQuery
from .verb import Document, Operation, verb

RECENT = 10  # log lines at the end


@verb(
    changes=True,
    locks=True,
    help={
        "tag": "the image's tag, rather than TAG's template",
        "hotfix": "an issue's name for a hotfix tag: issue123",
        "also": "a moving tag to move there too: latest",
        "note": "why, for the history",
        "force": "deploy even where nothing changed",
    },
)
def release(
    op: Operation, tag: str = "", hotfix: str = "", also: str = "", note: str = "", force: bool = False
) -> Document:
    """Build, push, pin, deploy and verify; a failed check undoes it (exit 4)."""
    refuse_unready(op)
    image = build.make(op, tag=tag, hotfix=hotfix, note=note, here=False)
    if op.dry:
        op.say(f"Would push {image.reference}, pin its digest in env/{op.name}.lock, deploy and verify it.")
        return {"env": op.name, "service": op.environment.service, "tag": image.tag, "changed": False}
    published = push.publish(op, image.tag, also=also, digest=image.digest)
    with op.lock(f"release {published.tag}"):  # or another release of this checkout could pin in between
        pin = pinning.pin_release(op, tag=published.tag)
        document = roll_out(op, as_release(pin, op.by, note), force=force)
    show_recent(op)
    return {**document, "size": pin.size, "reused": image.reused}


def show_recent(op: Operation) -> None:
    """The last lines of the log; the release is done by now, whether they can be read or not."""
    try:
        for line in op.target.logs(LogQuery(limit=RECENT)):
            op.say(f"  {line.at[11:19]} {line.source} | {line.text}")
    except DockyardError as error:
        op.say(f"The log could not be read: {error.message}")
