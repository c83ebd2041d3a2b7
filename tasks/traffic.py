"""Who gets how much: move a share of the requests, or all of them, to a revision that exists."""

from __future__ import annotations

from . import verify
from .errors import SettingError
from .rollback import choose
from .rollout import bring_up, refuse_share, retire, shares, undoing
from .target import Current, Revision
from .verb import Document, Operation, verb


@verb(default=True)
def show(op: Operation) -> Document:
    """Show which revision gets how much of the traffic."""
    current = op.target.current()
    for share in current.traffic:
        op.show(f"{share.percent:>3} % {share.revision}{f' (tag {share.tag})' if share.tag else ''}")
    return verify.describe(op, current)


@verb(
    changes=True,
    locks=True,
    help={"to": "a revision, or a traffic tag", "percent": "its share of the requests, 0 to 100"},
)
def split(op: Operation, to: str = "", percent: str = "") -> Document:
    """Give one revision a share of the traffic; the others keep their proportion."""
    if not percent.isdecimal() or int(percent) > 100:
        raise SettingError(f"--percent={percent} is not a share of the requests; give a number from 0 to 100.")
    if int(percent) == 100:
        return move(op, to)
    if not op.target.shifts:
        raise SettingError(
            f"TARGET={op.environment.target} moves the traffic itself, during a deploy; CANARY and BAKE say how."
        )
    current = op.target.current()
    goal = find(op, current, to)
    if all(each.revision == goal.name for each in current.traffic if each.percent):
        raise SettingError(f"{goal.name} is the only revision with traffic; name another one to split with.")
    if op.dry:
        return would(op, current, goal, int(percent))
    with op.lock(f"traffic {percent} % to {goal.name}"):
        rollout = op.target.restore(goal)
        with undoing(op, rollout):
            op.target.wait(rollout)
            refuse_share(rollout, int(percent), op.target.shift(shares(rollout, int(percent))))
    return report(op, current)


@verb(changes=True, locks=True, help={"to": "a revision, or a traffic tag"})
def migrate(op: Operation, to: str = "") -> Document:
    """Give all traffic to one revision and stop what is left without any."""
    return move(op, to)


def move(op: Operation, to: str) -> Document:
    """All traffic to a revision or traffic tag, checked as a deploy is."""
    current = op.target.current()
    goal = find(op, current, to)
    if op.dry:
        return would(op, current, goal, 100)
    with op.lock(f"traffic to {goal.name}"):
        rollout = op.target.restore(goal)
        bring_up(op, rollout, proven=goal.verified)
        retire(op, rollout)
    return report(op, current)


def find(op: Operation, current: Current, to: str) -> Revision:
    """The revision that a name or traffic tag stands for. Raises SettingError."""
    if not to:
        raise SettingError(f"--to was not given; name a revision (inv history --env={op.name}) or a traffic tag.")
    tagged = next((share.revision for share in current.traffic if share.tag == to), to)
    goal = choose(op.target.history(), "", op.name, to=tagged)
    assert goal is not None
    return goal


def would(op: Operation, current: Current, goal: Revision, percent: int) -> Document:
    """What a dry run says."""
    op.say(f"Would give {goal.name} {percent} % of the traffic.")
    return {**verify.describe(op, current), "changed": False}


def report(op: Operation, before: Current) -> Document:
    """What the traffic is now, read back."""
    current = op.target.current()
    for share in current.traffic:
        op.say(f"  {share.percent:>3} % {share.revision}{f' (tag {share.tag})' if share.tag else ''}")
    previous = before.revision.name if before.revision else None
    return {**verify.describe(op, current), "previous": previous, "changed": before.traffic != current.traffic}
