"""What the environments say: look at one, compare two, check all."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from . import environment as environments
from .errors import SettingError
from .verb import Document, Operation, verb


@verb(default=True)
def show(op: Operation) -> Document:
    """Show every setting and container variable with the line it comes from; secrets are not shown."""
    from .environment.listing import lines

    settings, variables = lines(op.root, op.name)
    rows = [(f"{line.key}={readable(line.value)}", line) for line in settings]
    rows += [(f"ENV_{line.key}={readable(line.value)}", line) for line in variables]
    width = min(80, max(len(text) for text, _ in rows))
    for text, line in rows:
        op.show(f"{text:<{width}}  {line.file}:{line.line}")
    return {
        "env": op.name,
        "settings": [asdict(line) for line in settings],
        "variables": [asdict(line) for line in variables],
    }


@verb(help={"from_": "the environment to compare with (--env where it is left out)", "to": "the other environment"})
def diff(op: Operation, from_: str = "", to: str = "") -> Document:
    """Compare two environments by key: `env.diff --from=staging --to=prod`; secrets are not shown."""
    from .environment.listing import differences

    if not to:
        raise SettingError("Say what to compare: inv env.diff --from=staging --to=prod.")
    before = environments.choose(op.root, from_) if from_ else op.name
    after = environments.choose(op.root, to)
    found = differences(op.root, before, after)
    for each in found:
        secret = " (a secret; they differ)" if each.before == each.after else ""
        op.show(f"{each.key}: {before} {readable(each.before)}, {after} {readable(each.after)}{secret}")
    if not found:
        op.show(f"{before} and {after} say the same.")
    rows: list[dict[str, Any]] = [{"key": each.key, "from": each.before, "to": each.after} for each in found]
    return {"from": before, "to": after, "differences": rows}


@verb()
def lint(op: Operation) -> Document:
    """Check every environment of the project, and tell all errors (exit 1 if there is one)."""
    known = environments.names(op.root)
    if not known:
        raise SettingError(f"{op.root / 'env'} has no environment; write one: env/local.env.")
    errors = {name: faults(op, name) for name in known}
    for name in known:
        op.show(f"{name}: {f'{len(errors[name])} to mend' if errors[name] else 'ok'}")
    document = {"environments": [{"env": name, "ok": not errors[name], "errors": errors[name]} for name in known]}
    if any(errors.values()):
        raise SettingError("\n".join(dict.fromkeys(line for name in known for line in errors[name])), document)
    return document


def faults(op: Operation, name: str) -> list[str]:
    """What is wrong with an environment, a line each."""
    try:
        environments.load(op.root, name)
    except SettingError as error:
        return str(error.message).splitlines()
    return []


def readable(value: str | None) -> str:
    """A value on one line."""
    if value is None:
        return "(not set)"
    return value if value.isprintable() else repr(value)
