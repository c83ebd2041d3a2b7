"""Rules about where packages of a language come from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..dockerfile import Instruction
from .finding import Finding
from .stages import Stage, assigned, chain

NAMES = ("PIP_EXTRA_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_INDEX_STRATEGY")
INSTALL = re.compile(r"\b(?:pip3?\s+(?:install|download|sync|wheel)|uv\s+(?:add|sync|run))\b")
FLAGS = re.compile(r"--extra-index-url\b|--index-strategy[= ]unsafe-\S+")
TEXT = "takes a package from whichever index has the higher version: anybody's, or torch with CUDA where the other lags"
MEND = (
    "use one --index-url for what comes from there, in a step of its own, with exact versions (torch==2.8.0+cpu), "
    "or --require-hashes"
)


def extra(every: list[Stage]) -> Iterator[Finding]:
    """A second index beside the first one, unless hashes say what may come. One that has no value is none."""
    for stage in every:
        for each in () if hashed(stage, every) else stage.all("ENV", "ARG"):
            for name, _ in assigned(each.rest):
                value = stage.known.get(name, "")
                if name in NAMES and value and (name != "UV_INDEX_STRATEGY" or value.startswith("unsafe")):
                    yield Finding(each.line, "extra-index", "warning", f"{name} {TEXT}", MEND)
        for run in stage.all("RUN"):
            if "--require-hashes" in written(run) and by_hashes(written(run)):
                continue
            for number, line in run.lines:
                if found := FLAGS.search(line):
                    yield Finding(number, "extra-index", "warning", f"{found[0]} {TEXT}", MEND)


def hashed(stage: Stage, every: list[Stage]) -> bool:
    """Whether a stage, and those that build on it, install by hashes alone; before the first FROM nothing is."""
    if not stage.base:
        return True
    heirs = [one for one in every if any(each is stage for each in chain(one))]
    installs = [text for one in heirs for text in map(written, one.all("RUN")) if INSTALL.search(text)]
    return bool(installs) and all(map(by_hashes, installs))


def by_hashes(text: str) -> bool:
    """Whether each install of a step asks for hashes."""
    return len(INSTALL.findall(text)) <= text.count("--require-hashes")


def written(run: Instruction) -> str:
    """A step's lines, with its heredocs."""
    return "\n".join(line for _, line in run.lines)
