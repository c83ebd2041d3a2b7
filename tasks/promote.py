"""The same digest in another environment: what serves and is verified in one is deployed to the other, not rebuilt."""

from __future__ import annotations

from dataclasses import replace

from . import pin as pinning
from . import verify
from .deploy import as_release, refuse_unready, roll_out
from .errors import DockyardError, SettingError
from .target import Release
from .verb import Document, Operation, verb


@verb(
    changes=True,
    locks=True,
    help={
        "from_": "the environment whose release it is",
        "to": "the environment that gets it, as --env",
        "note": "why, for the history (promoted from …)",
    },
)
def promote(op: Operation, from_: str = "", to: str = "", note: str = "") -> Document:
    """Deploy what serves in one environment to another, by the same digest, without a rebuild."""
    source, goal = ends(op, from_, to)
    served = candidate(source)
    refuse_unready(goal)
    tag = ship(source, goal, served)
    note = note or f"promoted from {source.name}"
    if goal.dry:
        goal.say(f"Would pin {tag or served.digest} in env/{goal.name}.lock.")
        document = roll_out(goal, replace(served, image=goal.environment.image, tag=tag, note=note))
    else:
        with goal.lock(f"promote {tag or served.digest} from {source.name}"):
            refuse_other(source, served)
            pin = pinning.pin_release(goal, tag=tag, digest=served.digest)
            document = roll_out(goal, as_release(pin, goal.by, note))
    return {**document, "from": source.name}


def ends(op: Operation, from_: str, to: str) -> tuple[Operation, Operation]:
    """Where the release comes from and where it goes. Raises SettingError."""
    if not from_:
        raise SettingError("--from was not given: say whose release, such as inv promote --from=staging --to=prod.")
    if to and op.given and to != op.given:
        raise SettingError(f"--to={to} and --env={op.given} both say where to; give one of them.")
    source, goal = op.on(from_), op.on(to or op.given, changes=True)
    if source.name == goal.name:
        raise SettingError(f"--from and --to are both {goal.name}; inv deploy --env={goal.name} deploys its own pin.")
    return source, goal


def candidate(op: Operation) -> Release:
    """What serves in the environment, if that is verified, pinned, and all that serves. Raises DockyardError."""
    from .image import pin as pins

    current = op.target.current()
    revision = current.revision
    if revision is None:
        raise DockyardError(f"{op.environment.service} has no revision in {op.name}: inv release --env={op.name}")
    name, digest = revision.name, revision.release.digest
    shares = verify.traffic_check(current)
    if sum(bool(each.percent) for each in current.traffic) != 1:
        raise DockyardError(
            f"No one revision serves in {op.name} ({shares.detail}); give one all of the traffic: "
            f"inv traffic.migrate --env={op.name} --to={name}"
        )
    if not revision.verified:
        raise DockyardError(
            f"{name} serves in {op.name}, but was never verified; inv deploy --env={op.name} deploys it anew and does."
        )
    runs = verify.digest_check(current, digest, name)
    if runs.ok is False:
        raise DockyardError(
            f"What runs in {op.name} is not what was deployed: {runs.detail}; inv deploy --env={op.name} mends it."
        )
    if pins.path_of(op.root, op.name).exists() and (pinned := pins.read(op.root, op.name).digest) != digest:
        raise DockyardError(
            f"env/{op.name}.lock pins {pinned}, but {digest} serves in {op.name}; inv deploy --env={op.name} brings up "
            f"what is pinned, inv pin --env={op.name} --digest={digest} pins what serves."
        )
    return revision.release


def refuse_other(op: Operation, served: Release) -> None:
    """Raise DockyardError where it was withdrawn while the other environment was waited for."""
    now = candidate(op)
    if now.digest != served.digest:
        raise DockyardError(
            f"{now.tag or now.digest} serves in {op.name} by now, no longer {served.tag or served.digest}; "
            "type inv promote again, if that is to be promoted."
        )


def ship(source: Operation, goal: Operation, served: Release) -> str:
    """Have the goal's repository hold the image, and its moving tags name it; the tag that the image has there.

    It keeps its tag, unless other content has that there: then `-v2`. Raises DockyardError for a wrong platform.
    """
    from .image import copying, publish, registries
    from .image import tag as tags

    there = goal.registry
    here = there if served.image == goal.environment.image else registries.of(source.environment, served.image)
    manifest = pinning.resolve(source, here, "", served.digest)
    pinning.describe(goal, here, manifest, served.tag)
    moving = tags.moving(goal.environment)
    tag = served.tag and tags.free(
        served.tag, lambda name: name in moving or there.digest(name) not in ("", served.digest)
    )
    copy = copying.plan(here, there, manifest)
    goal.say(f"Promoting {served.tag or served.image} at {served.digest} from {source.name} to {goal.name}.")
    names = (*([tag] if tag else ()), *goal.environment.also_tag)
    if copy.manifests:
        goal.say(
            f"{'Would copy' if goal.dry else 'Copying'} {copy.says} "
            f"from {here.repository.familiar} to {there.repository.familiar}."
        )
    if goal.dry:
        for name in names:
            if there.digest(name) != served.digest:
                goal.say(f"Would let {there.repository.familiar}:{name} be {served.digest}.")
        return tag
    copying.carry_out(here, there, copy)
    for name in publish.move(there, manifest, names):
        goal.say(f"{there.repository.familiar}:{name} is {served.digest} now.")
    return tag
