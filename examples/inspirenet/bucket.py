"""A folder in memory in the place of CUSTOMER_STORAGE_BUCKET."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

NAME = os.environ.get("CUSTOMER_STORAGE_BUCKET", "")
FOLDER = Path(tempfile.gettempdir()) / "bucket"


def put(content: bytes) -> str:
    """Store a PNG; its name, which is the same for the same bytes."""
    name = f"{hashlib.sha256(content).hexdigest()[:16]}.png"
    FOLDER.mkdir(exist_ok=True)
    half = FOLDER / f"{name}.{os.urandom(4).hex()}"
    half.write_bytes(content)
    half.rename(FOLDER / name)
    return name


def get(name: str) -> bytes | None:
    """What is stored under a name."""
    path = FOLDER / name
    return path.read_bytes() if path.is_file() else None


def url(name: str) -> str:
    """Where the public finds it."""
    return f"https://storage.googleapis.com/{NAME}/{name}"
