"""The files of a build's context, as the engine sees them through `.dockerignore`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from .ignore import NOTHING, Ignored, Matched, lines

Entry = tuple[str, os.stat_result]


def entries(dockerfile: Path, context: Path) -> list[Entry]:
    """Every path that is sent to the engine, in order, with what `lstat` says of it; pins are none.

    A folder that is left out is there all the same if something in it is not. Raises OSError for what cannot be
    read, ValueError for a `.dockerignore` that is none.
    """
    ignored = Ignored(patterns(dockerfile, context))
    return sorted(_below(os.fspath(context), "", ignored, NOTHING), key=lambda entry: entry[0])


def patterns(dockerfile: Path, context: Path) -> list[str]:
    """The patterns of `<Dockerfile>.dockerignore`, else of the context's `.dockerignore`."""
    for path in (dockerfile.with_name(f"{dockerfile.name}.dockerignore"), context / ".dockerignore"):
        if path.is_file():
            return lines(path.read_text(encoding="utf-8"))
    return []


def is_pin(path: str) -> bool:
    """Whether a path is a pin, `env/<name>.lock`, which a release writes."""
    parts = PurePosixPath(path).parts
    return len(parts) >= 2 and parts[-2] == "env" and path.endswith(".lock")


def belongs(name: str, beside: Iterable[os.DirEntry[str]]) -> bool:
    """Whether a pin's environment lies beside it; `env/conda.lock` without one is a file like any other."""
    settings = f"{name.removesuffix('.lock')}.env"
    return any(each.name == settings for each in beside)


def _below(root: str, folder: str, ignored: Ignored, above: Matched) -> Iterator[Entry]:
    with os.scandir(f"{root}/{folder}") as found:
        each = list(found)
    for entry in each:
        path = f"{folder}{entry.name}"
        left_out, matched = ignored.match(path, above) if ignored.patterns else (False, NOTHING)
        if not entry.is_dir(follow_symlinks=False):
            if not left_out and not (path.endswith(".lock") and is_pin(path) and belongs(entry.name, each)):
                yield path, entry.stat(follow_symlinks=False)
            continue
        below = [] if left_out and ignored.closed(path) else list(_below(root, f"{path}/", ignored, matched))
        if below or not left_out:
            yield path, entry.stat(follow_symlinks=False)
            yield from below
