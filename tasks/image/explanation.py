"""Failures of a build that are known, each with what to do about it: by the last lines of the step that failed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from .gone import PACKAGES

ABSENT = re.compile(r"Package '(?P<gone>[^']+)' has no installation candidate|Unable to locate package (?P<no>\S+)")
HASHES = re.compile(r"DO NOT MATCH THE HASHES|[Hh]ash mismatch for|Hash Sum mismatch")
# A step's error quotes its command, which may set UV_HTTP_TIMEOUT: only uv's own sentences count.
UV = re.compile(r"increasing UV_HTTP_TIMEOUT|cause: operation timed out|due to network timeout")
PIP = re.compile(r"ReadTimeoutError|Read timed out|ConnectTimeoutError")
ANEW = "type inv build --no-cache, or set NO_CACHE=true"


def explained(lines: Sequence[str], dockerfile: Path) -> str:
    """What to do about a known failure, in sentences; "" for one that is not known."""
    known: tuple[Callable[[str, Path], str], ...] = (package, hashes, silence)
    return next((said for line in reversed(lines) for explain in known if (said := explain(line, dockerfile))), "")


def package(line: str, dockerfile: Path) -> str:
    """A package that the base image's Debian has not, or has under another name."""
    found = ABSENT.search(line)
    if not found:
        return ""
    name = found["gone"] or found["no"]
    number = line_of(dockerfile, rf"(?<![\w.+-]){re.escape(name)}(?![\w.+-])")
    new = PACKAGES[name].instead if name in PACKAGES else ""
    if number and new:
        return (
            f"{dockerfile}:{number} installs {name}, which this release of Debian has not any more: write {new} there. "
            f"A cache can keep an older step or package list: {ANEW}."
        )
    if number:
        return (
            f"{dockerfile}:{number} installs {name}, which the base image's package lists do not have: mend the name, "
            f"or run apt-get update in the same step. A cache can keep an old list: {ANEW}."
        )
    instead = f"write {new} where it is named" if new else "look where it is named"
    return (
        f"{dockerfile} does not name {name}, which the base image's package lists do not have: {instead}, in a script "
        f"that the step runs; or a cache has kept an older step: {ANEW}."
    )


def hashes(line: str, dockerfile: Path) -> str:
    """A download whose bytes are not those that were expected."""
    if not HASHES.search(line):
        return ""
    return (
        "What was downloaded is not what its hash says: the download broke off, a cache kept another one, or the file "
        f"was replaced since the hash was written down. {ANEW[0].upper()}{ANEW[1:]}; if it comes again, lock the "
        f"requirements of {dockerfile} anew."
    )


def silence(line: str, dockerfile: Path) -> str:
    """A download that took too long, such as torch's wheels."""
    if not UV.search(line) and not PIP.search(line):
        return ""
    own = "PIP_DEFAULT_TIMEOUT" if PIP.search(line) else "UV_HTTP_TIMEOUT"
    taken = [name for name in (own, "PIP_DEFAULT_TIMEOUT") if line_of(dockerfile, rf"^\s*ARG\s+{name}\b")]
    name = next(iter(taken), own)
    mend = f"set BUILD_ARG_{name}=1000"
    if not taken:
        mend += f", and write ARG {name} before that step of {dockerfile}"
    return f"A download took too long: {mend}. CPU-only wheels are far smaller (PIP_EXTRA_INDEX_URL, for torch)."


def line_of(dockerfile: Path, pattern: str) -> int:
    """The first line of a file, counted from 1, that holds a pattern and is no comment; 0 for none."""
    try:
        text = dockerfile.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    for number, line in enumerate(text.splitlines(), 1):
        if not line.lstrip().startswith("#") and re.search(pattern, line):
            return number
    return 0
