"""Run RELEASE_COMMAND or ROLLBACK_COMMAND once, in the pinned image, with the service's own variables and secrets."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from .errors import DeployFailed, SettingError
from .target import Release
from .verb import Document, Operation, verb


@verb(default=True)
def show(op: Operation) -> Document:
    """Show the commands that migrate.up and migrate.down would run."""
    commands = {"up": op.environment.release_command, "down": op.environment.rollback_command}
    for name, command in commands.items():
        op.show(f"migrate.{name:<5} {shown(command) or '-'}")
    return {"env": op.name, "service": op.environment.service, **{name: shown(each) for name, each in commands.items()}}


@verb(changes=True, locks=True)
def up(op: Operation) -> Document:
    """Run RELEASE_COMMAND (migrations) once in the pinned image; its exit code counts."""
    return by_hand(op, "RELEASE_COMMAND", op.environment.release_command)


@verb(changes=True, locks=True)
def down(op: Operation) -> Document:
    """Run ROLLBACK_COMMAND once in the pinned image; no undo ever runs it by itself."""
    return by_hand(op, "ROLLBACK_COMMAND", op.environment.rollback_command)


def by_hand(op: Operation, key: str, command: Sequence[str]) -> Document:
    """One command on request. Raises SettingError where the setting is empty."""
    from .deploy import pinned

    if not command:
        raise SettingError(f"{key} is not set; write the command to run into env/{op.name}.env.")
    release = pinned(op)
    document = {
        **op.about,
        "digest": release.digest,
        "tag": release.tag,
        "changed": not op.dry,
    }
    if op.dry:
        op.say(f"Would run in {release.reference}: {shown(command)}")
        return document
    with op.lock(key):
        release = pinned(op)  # whoever held the service before may have pinned another one
        run(op, key, command, release)
    return {**document, "digest": release.digest, "tag": release.tag}


def up_first(op: Operation, release: Release) -> None:
    """Run RELEASE_COMMAND before a deploy, where there is one."""
    if op.environment.release_command:
        run(op, "RELEASE_COMMAND", op.environment.release_command, release)


def run(op: Operation, key: str, command: Sequence[str], release: Release) -> None:
    """Run once; raises DeployFailed (exit 4: it may have changed a database) on an exit code other than 0."""
    op.say(f"{key}: {shown(command)}")
    code = op.target.run_once(command, release)
    if code:
        way_out = f"What it did is not undone; inv migrate.down --env={op.name} runs ROLLBACK_COMMAND."
        if key == "ROLLBACK_COMMAND":  # after a rollback, the pinned image is older than the schema
            way_out = (
                "Where the pinned image is too old to know the migration, pin the one that does: "
                f"inv pin --env={op.name} --tag=TAG, with a tag of inv history --env={op.name}."
            )
        raise DeployFailed(f"{key} ({shown(command)}) ended with exit code {code}; its output is above. {way_out}")


def shown(command: Sequence[str]) -> str:
    """A command for people; a word of it that looks like a secret is redacted."""
    from .environment.secrets import redact

    return shlex.join(redact("", word) for word in command)
