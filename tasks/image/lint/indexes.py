"""Rules about where packages of a language come from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .finding import Finding
from .stages import Stage, assigned

NAMES = ("PIP_EXTRA_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_INDEX_STRATEGY")
FLAGS = re.compile(r"--extra-index-url\b|--index-strategy[= ]unsafe-\S+")
TEXT = "takes a package from whichever index has the higher version: anybody's, or torch with CUDA where the other lags"
MEND = (
    "use one --index-url for what comes from there, in a step of its own, with exact versions (torch==2.8.0+cpu), "
    "or --require-hashes"
)


def extra(every: list[Stage]) -> Iterator[Finding]:
    """A second index beside the first one, unless hashes say what may come. One that has no value is none."""
    for stage in every:
        for each in stage.all("ENV", "ARG"):
            for name, _ in assigned(each.rest):
                value = stage.known.get(name, "")
                if name in NAMES and value and (name != "UV_INDEX_STRATEGY" or value.startswith("unsafe")):
                    yield Finding(each.line, "extra-index", "warning", f"{name} {TEXT}", MEND)
        for run in stage.all("RUN"):
            text = "\n".join(line for _, line in run.lines)
            if "--require-hashes" in text:
                continue
            for number, line in run.lines:
                if found := FLAGS.search(line):
                    yield Finding(number, "extra-index", "warning", f"{found[0]} {TEXT}", MEND)
