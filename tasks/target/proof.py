"""Proof of life on one machine: a locked file, which the kernel unlocks the moment its holder ends, however it ends."""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import re
import secrets
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .. import state

KEPT = 86400.0  # seconds that the file of a holder who was killed stays, as proof that he has ended
BOOT = Path("/proc/sys/kernel/random/boot_id")
NOWHERE = (OSError, RuntimeError)  # a folder that cannot be written, a file system without locks, a user without home


def folder() -> Path:
    """Where the files lie."""
    return state.folder() / "locks"


@functools.cache
def machine() -> str:
    """Which running kernel this is. A file seen from another one, by NFS, may look unlocked while its holder lives."""
    try:
        booted = BOOT.read_text(encoding="ascii")
    except OSError:
        booted = f"{socket.gethostname()} {uuid.getnode()}"
    return hashlib.sha256(booted.encode()).hexdigest()[:12]


@contextmanager
def taken() -> Iterator[str]:
    """A token of this process's own until the block ends. Where no file can be locked, it proves nothing to anybody.

    The file itself stays until it is forgotten: an unlocked one says that its holder has ended. The descriptor is
    closed on exec (PEP 446), so that no program started meanwhile keeps it locked.
    """
    token = f"{machine()}-{secrets.token_hex(8)}"
    descriptor = -1
    try:
        with suppress(*NOWHERE):
            folder().mkdir(mode=0o700, parents=True, exist_ok=True)
            sweep()
            descriptor = os.open(folder() / token, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
            locked(descriptor, token)
        yield token
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def locked(descriptor: int, token: str) -> None:
    """Lock the file; where that cannot be done it must not look like one whose holder has ended."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        forget(token)


def lives(token: str) -> bool | None:
    """Whether the holder of a token lives; None where this machine cannot know."""
    if not ours(token):
        return None
    try:
        descriptor = os.open(folder() / token, os.O_RDONLY)
    except NOWHERE:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)  # shared: two may look at once
    except BlockingIOError:
        return True
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return False


def ours(token: str) -> bool:
    """Whether a token, which anybody may have written into a lock, is one of this machine's."""
    return bool(re.fullmatch(rf"{machine()}-[0-9a-f]+", token))


def forget(token: str) -> None:
    """Remove the file of a token that no lock bears any more."""
    if ours(token):
        with suppress(*NOWHERE):
            (folder() / token).unlink(missing_ok=True)


def sweep() -> None:
    """Remove what holders who were killed left, once nobody can need it any more."""
    for each in folder().iterdir():
        with suppress(FileNotFoundError):
            if time.time() - each.stat().st_mtime > KEPT and lives(each.name) is not True:
                each.unlink()
