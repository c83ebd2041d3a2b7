"""What is wrong with a Dockerfile: by hadolint where it is installed, and by rules of our own for what it misses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from . import bases, commands, hadolint, indexes, order, packages, secrets, users
from .finding import LEVELS, Finding
from .ignoring import Ignored
from .stages import Stage, final, stages

__all__ = ["LEVELS", "Finding", "lint"]

RULES: tuple[Callable[[list[Stage]], Iterator[Finding]], ...] = (
    bases.unpinned,
    packages.gone,
    order.source_first,
    indexes.extra,
    secrets.written,
    secrets.copied,
    commands.shell_form,
)
# hadolint's names of what our rules say, too: said once, and ignored by either name.
SAME = {
    "DL3002": "root",
    "DL3006": "moving-tag",
    "DL3007": "moving-tag",
    "DL3025": "shell-form",
    "DL3064": "secret",
}


def lint(path: Path, args: Mapping[str, str], *, target: str = "", shown: str = "", binary: str = "") -> list[Finding]:
    """What is wrong with a Dockerfile, by line. `shown` is how its name is told, `binary` hadolint's path.

    `args` are the build args, which win over defaults; `target` is the stage that is built, the last one without it.
    Raises DockyardError where hadolint fails.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    read = stages(text, args)
    own = [finding for rule in RULES for finding in rule(read)] + list(users.root(final(read, target)))
    said = {(each.line, each.rule) for each in own}
    theirs = hadolint.run(binary, path) if binary else []
    ignored = Ignored(text, SAME)
    every = [*own, *(each for each in theirs if (each.line, SAME.get(each.rule)) not in said)]
    kept = {each.at(shown or str(path)) for each in every if not ignored.has(each)}
    return sorted(kept, key=lambda each: (each.line, LEVELS.index(each.level), each.rule, each.text))
