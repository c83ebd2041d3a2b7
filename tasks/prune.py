"""Clears the target of what no longer serves. The registry keeps all that was pushed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .errors import SettingError
from .verb import Document, Operation, verb

if TYPE_CHECKING:
    from .target import Removal


@verb(
    changes=True,
    locks=True,
    help={"keep": "how many verified releases stay for a rollback, beside the one that serves (5)"},
)
def prune(op: Operation, keep: str = "5") -> Document:
    """Remove stopped revisions and unused images; never what runs, is pinned, or is verified and recent.

    What was just built stays too. It clears the target's engine; on ECS it deregisters task definitions of Dockyard's.
    The registry keeps all that was pushed: without its image a service can neither scale out nor replace a task.
    """
    if not keep.isdecimal():
        raise SettingError(f"--keep={keep} is not a number of releases; try --keep=5.")
    found = op.target.prunable(int(keep), pinned(op))
    if found and not op.dry:
        with op.lock("prune"):
            found = op.target.prune(op.target.prunable(int(keep), pinned(op)))
    show(op, found)
    return {
        **op.about,
        "removed": [{"kind": each.kind, "name": each.name, "why": each.why, "size": each.size} for each in found],
        "freed": sum(each.size for each in found),
        "kept": [each.name for each in op.target.history() if each.name not in {gone.name for gone in found}],
        "changed": bool(found) and not op.dry,
    }


def pinned(op: Operation) -> set[str]:
    """What the pins of all environments name: digests, and the tags under which the images of an index go.

    Raises SettingError for a pin that cannot be read: what it names must stay.
    """
    from .image import pin

    found = [pin.read(op.root, name) for name in pin.names(op.root)]
    return {name for each in found for name in (each.digest, each.tag) if name}


def show(op: Operation, found: Sequence[Removal]) -> None:
    """What was removed, or would be, and the bytes that it frees."""
    from .image.check import human

    if not found:
        op.show(f"Nothing of {op.environment.service} is left to remove.")
        return
    for each in found:
        freed = f", {human(each.size)}" if each.size else ""
        op.show(f"{'Would remove' if op.dry else 'Removed'} {each.kind} {each.name}: {each.why}{freed}")
    if total := sum(each.size for each in found):
        op.show(f"{human(total)} {'would be freed' if op.dry else 'freed'}.")
