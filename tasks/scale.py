"""More or fewer replicas of what serves, at once; what the next deploy makes of that is said."""

from __future__ import annotations

from .errors import DeployFailed, DockyardError, SettingError
from .status import report
from .target import Current
from .verb import Document, Operation, verb

WEB = "web"  # the process that takes requests


@verb(changes=True, locks=True, help={"replicas": "how many instances of the serving revision: 3"})
def scale(op: Operation, replicas: str = "") -> Document:
    """Change the number of replicas of what serves, without losing a request."""
    wanted = number(replicas)
    current = op.target.current()
    before = count(current)
    if current.revision is None:
        raise DockyardError(f"{op.environment.service} has no revision to scale; make one: inv release --env={op.name}")
    if op.dry:
        op.say(f"Would scale {current.revision.name} from {before} to {counted(wanted)}.")
    else:
        current = carry_out(op, current.revision.name, before, wanted)
    if told := next_deploy(op, wanted):
        op.say(told)
    return {**report(op, current), "replicas": count(current), "changed": count(current) != before}


def carry_out(op: Operation, revision: str, before: int, wanted: int) -> Current:
    """Scale, and say what became of it. Raises DeployFailed where a new replica does not get healthy."""
    with op.lock(f"scale to {wanted}"):
        try:
            current = op.target.scale(wanted)
        except DeployFailed as failure:
            said = str(failure.message).rstrip()
            said += "\n" if "\n" in said else " "
            raise DeployFailed(f"{said}{left(op, revision, before)}", failure.document) from None
    after = count(current)
    has = "has" if current.least is None else "keeps at least"
    op.say(f"{'No changes: ' if after == before else ''}{revision} {has} {counted(after)}.")
    return current


def left(op: Operation, revision: str, before: int) -> str:
    """The sentence for what a scaling that failed has left."""
    try:
        now = count(op.target.current())
    except DockyardError as error:
        return f"How many replicas {revision} has now could not be read. {error.message}"
    if now == before:
        return f"What was new is removed again; {revision} serves with {counted(before)}, as before."
    return f"{revision} is left with {counted(now)}, not with {before} as before: see inv status --env={op.name}."


def number(replicas: str) -> int:
    """--replicas as a number. Raises SettingError."""
    if not replicas:
        raise SettingError("--replicas was not given: say how many, such as inv scale --replicas=3.")
    if not replicas.isdecimal() or len(replicas) > 4 or int(replicas) < 1:
        raise SettingError(f"--replicas={replicas} is no number of replicas that can serve: give 1 or more.")
    return int(replicas)


def count(current: Current) -> int:
    """How many replicas the serving revision has, or is to have where the platform says so; workers not counted.

    Where the platform adds more by itself, it is how many it keeps.
    """
    if current.least is not None:
        return current.least
    if current.desired is not None:
        return current.desired
    name = current.revision.name if current.revision else ""
    return sum(each.revision == name and each.process == WEB for each in current.instances)


def counted(replicas: int) -> str:
    """`1 replica`, `3 replicas`."""
    return f"{replicas} replica{'' if replicas == 1 else 's'}"


def next_deploy(op: Operation, wanted: int) -> str:
    """What the next deploy makes of it, and which line keeps it; "" where they agree."""
    if op.target.keeps_count and "REPLICAS" not in op.environment.origins:
        return f"The next deploy keeps {counted(wanted)}."
    if wanted == op.environment.replicas:
        return ""
    goes_back = f"The next deploy goes back to {counted(op.environment.replicas)}"
    origin = op.environment.origins.get("REPLICAS")
    if origin is None:
        return f"{goes_back}; write REPLICAS={wanted} into env/{op.name}.env to keep it."
    return f"{goes_back}: {origin} says REPLICAS={op.environment.replicas}; write {wanted} there to keep it."
