"""Rules about the system's packages."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..dockerfile import Instruction
from ..gone import Gone, Release, release
from .finding import Finding
from .shell import commands
from .stages import Stage, chain


def gone(every: list[Stage]) -> Iterator[Finding]:
    """Packages that the base's release has no more. A tag without a release is read as the newest, with a warning."""
    for stage in every[1:]:
        built_on = release(chain(stage)[-1].base)
        if not built_on:
            continue
        for run in stage.all("RUN"):
            for package in installed(run):
                if known := built_on.lacks(package):
                    yield finding(line_of(run, package), package, known, built_on)


def finding(line: int, package: str, known: Gone, built_on: Release) -> Finding:
    """What is said of one."""
    mend = f"write {known.instead}" if known.instead else "leave it out"
    if built_on.named:
        return Finding(line, "gone-package", "error", f"{package} is not in {built_on}", mend)
    text = f"{package} is not in {built_on}, which this base is today, as its tag names no release"
    return Finding(line, "gone-package", "warning", text, f"{mend}, or name the release in the base's tag")


def installed(run: Instruction) -> list[str]:
    """Packages that a RUN installs with apt, without their versions."""
    return list(
        dict.fromkeys(
            word.partition("=")[0]
            for each in commands(run)
            if each.runs("apt-get", "apt", "aptitude") and each.has("install")
            for word in each.words[1:]
            if not word.startswith("-")
        )
    )


def line_of(run: Instruction, package: str) -> int:
    """The line of a RUN that names a package."""
    name = re.compile(rf"(?<![\w.+-]){re.escape(package)}(?![\w.+-])")
    return next((number for number, line in run.lines if name.search(line)), run.line)
