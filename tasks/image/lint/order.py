"""Rules about the order of steps: what changes seldom comes first."""

from __future__ import annotations

from collections.abc import Iterator

from ..dockerfile import Instruction
from .finding import Finding
from .shell import Command, commands
from .stages import Stage, sources

ALL = {".", "./", "*", "./*"}


def source_first(every: list[Stage]) -> Iterator[Finding]:
    """`COPY . .` before the dependencies are installed: each change of the source installs them anew."""
    for stage in every[1:]:
        copied: Instruction | None = None
        for each in stage.instructions:
            if each.word in ("COPY", "ADD") and ALL.intersection(sources(each)):
                copied = copied or each
            installs = [one for one in commands(each) if installing(one)] if each.word == "RUN" else []
            if not installs:
                continue
            if copied:
                program = " ".join(installs[0].words[:2])
                text = f"the whole source comes before `{program}` of line {each.line}, which each change runs anew"
                mend = "copy the list of dependencies alone, install them, then copy the source"
                yield Finding(copied.line, "source-first", "warning", text, mend)
            break


def installing(command: Command) -> bool:
    """Whether a command installs an application's dependencies."""
    if command.runs("python") and command.words[1:3] == ("-m", "pip"):
        command = Command(command.line, command.words[2:])
    if command.runs("uv"):
        return command.has("sync") or (command.has("pip") and command.has("install", "sync"))
    if command.runs("yarn"):
        return len(command.words) == 1 or command.has("install")
    return command.runs("pip", "poetry", "pdm", "npm", "pnpm", "bundle") and command.has("install", "ci", "sync")
