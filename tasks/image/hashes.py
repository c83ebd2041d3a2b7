"""The hashes of files, kept between builds for large contexts, as git keeps them in its index.

A file whose size, times and inode are as they were is not read again. The cache is in the user's own folder for
caches; one that is corrupt or cannot be written is not used.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from .context import Entry

WORTH = 8 << 20  # bytes; less than this is read faster than remembered
RACY = 2_000_000_000  # nanoseconds; a file that was changed so short a time before can change again unseen
UNUSED = 30 * 86400.0  # seconds until a cache that nobody wrote is removed
FORM = "dockyard hashes 1"

Kept = dict[str, list[int | str]]  # path: size, mtime, ctime, inode, hash


def of(context: Path, files: Iterable[Entry]) -> dict[str, str]:
    """The SHA-256 of each file of a context, in hexadecimal. Raises OSError for one that cannot be read."""
    given = dict(files)
    worth = sum(about.st_size for about in given.values()) >= WORTH
    cache = path_of(context) if worth else None
    known = read(cache) if cache else {}
    hashes: dict[str, str] = {}
    kept: Kept = {}
    for path, about in given.items():
        state = [about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino]
        now = time.time_ns()
        hashes[path] = remembered(known.get(path), state) or digest(f"{context}/{path}")
        if max(about.st_mtime_ns, about.st_ctime_ns) < now - RACY:
            kept[path] = [*state, hashes[path]]
    if cache and kept != known:
        write(cache, kept)
    return hashes


def digest(path: str) -> str:
    """A file's SHA-256."""
    with open(path, "rb") as file:  # noqa: PTH123 - a Path for each of 20,000 files takes 0.1 s
        return hashlib.file_digest(file, "sha256").hexdigest()


def remembered(entry: Any, state: list[int]) -> str:
    """The hash of an entry of the cache, if it is of this very state; else ""."""
    if isinstance(entry, list) and entry[:-1] == state and isinstance(entry[-1], str):
        return entry[-1]
    return ""


def path_of(context: Path) -> Path | None:
    """Where a context's hashes are kept, under `$XDG_CACHE_HOME` or `~/.cache`; None where it would be part of it."""
    try:
        given = Path(os.environ.get("XDG_CACHE_HOME", ""))
        folder = (given if given.is_absolute() else Path.home() / ".cache") / "dockyard" / "hashes"
    except RuntimeError:  # no home
        return None
    if folder.resolve().is_relative_to(context.resolve()):
        return None
    return folder / f"{hashlib.sha256(os.fsencode(context.resolve())).hexdigest()[:16]}.json"


def read(cache: Path) -> Mapping[str, Any]:
    """What was kept; nothing if there is none or it cannot be read."""
    try:
        found = json.loads(cache.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    same = isinstance(found, dict) and found.get("form") == FORM
    files = found.get("files") if same else {}
    return files if isinstance(files, dict) else {}


def write(cache: Path, kept: Kept) -> None:
    """Keep hashes, whole or not at all."""
    temporary = ""
    with suppress(OSError):
        cache.parent.mkdir(parents=True, exist_ok=True)
        for other in cache.parent.iterdir():
            if time.time() - other.stat().st_mtime > UNUSED:
                other.unlink(missing_ok=True)
        handle, temporary = tempfile.mkstemp(dir=cache.parent, prefix=f".{cache.name}.")
        with os.fdopen(handle, "w", encoding="ascii") as file:
            json.dump({"form": FORM, "files": kept}, file, separators=(",", ":"))
        Path(temporary).replace(cache)
        temporary = ""
    if temporary:
        with suppress(OSError):
            Path(temporary).unlink()
