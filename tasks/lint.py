"""Looks a Dockerfile over: hadolint's rules, and those that it lacks."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from pathlib import Path

from .errors import DockyardError, SettingError
from .verb import Document, Operation, verb


@verb(help={"dockerfile": "any Dockerfile, rather than DOCKERFILE; without --env, no environment is read"})
def lint(op: Operation, dockerfile: str = "") -> Document:
    """Check the Dockerfile, by hadolint and rules of our own (exit 1 if there is an error)."""
    from .image import lint as linting
    from .image.lint import hadolint

    it = op.environment if op.given or not dockerfile else None
    path = Path.cwd() / dockerfile if dockerfile or it is None else it.dockerfile
    if not path.is_file():
        where = f", or set DOCKERFILE in env/{it.name}.env" if it and not dockerfile else ""
        raise SettingError(f"There is no Dockerfile {path}: write it{where}.")
    shown = str(path.relative_to(op.root)) if path.is_relative_to(op.root) else str(path)
    binary = hadolint.find()
    if not binary:
        op.say(hadolint.ABSENT)
    args, stage = (it.build_args, it.stage) if it else ({}, "")
    findings = linting.lint(path, args, target=stage, shown=shown, binary=binary)
    if it and (refused := deprecated(op, path)):
        findings.insert(0, linting.Finding(1, "deprecated", "error", refused, "write DOCKERFILE with another", shown))
    for each in findings:
        op.show(str(each))
    document: Document = {
        **({"env": it.name} if it else {}),
        "file": shown,
        "hadolint": bool(binary),
        "findings": [asdict(each) for each in findings],
    }
    levels = Counter(each.level for each in findings)
    told = ", ".join(f"{levels[name]} {name}{'s' * (levels[name] > 1)}" for name in linting.LEVELS if levels[name])
    if levels["error"]:
        raise DockyardError(f"{shown} has {told}: mend what is an error.", document)
    op.say(f"{shown}: {told or 'nothing to mend'}.")
    return document


def deprecated(op: Operation, path: Path) -> str:
    """What is said of a Dockerfile that DEPRECATED names; "" of another."""
    from .environment.rules import refused

    name = refused(op.environment.deprecated, path, op.root)
    return f"{name} is DEPRECATED in the settings of {op.name}" if name else ""
