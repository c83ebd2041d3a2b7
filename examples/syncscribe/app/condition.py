"""How the service is: by itself, and with all that it needs."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

SERVICE = "sync-scribe-studio-api"
NEEDED = ("BUILD_NUMBER", "PORT", "WHISPER_CACHE_DIR")
DEFAULTS = {"GUNICORN_WORKERS": "2", "GUNICORN_TIMEOUT": "300", "MAX_QUEUE_LENGTH": "50", "YOUTUBE_SERVICE_URL": ""}
FREE = 100 * 1024**2  # bytes; less is a warning
MODELS = Path("/opt/models")  # where the image has them


def cache() -> Path:
    """Where models are looked for and recordings lie while they are worked on: the only directory that is written."""
    return Path(os.environ["WHISPER_CACHE_DIR"])


def bring_models() -> None:
    """Show the image's models in the cache, by links: a copy would take memory, which is what a tmpfs is."""
    cache().mkdir(parents=True, exist_ok=True)
    for model in MODELS.glob("*"):
        with suppress(FileExistsError):  # another worker was first
            (cache() / model.name).symlink_to(model)


def writable(folder: Path) -> bool:
    """Whether a file can be made there."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def ffmpeg() -> str:
    """FFmpeg's version; "" if it does not run."""
    try:
        said = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
    return said.split(" ")[2]


def health() -> dict[str, Any]:
    """What every probe asks for."""
    return {
        "status": "healthy",
        "timestamp": datetime.now(timezone.utc).isoformat(timespec="seconds"),  # noqa: UP017 -- Python 3.9
        "version": os.environ["BUILD_NUMBER"],
        "service": SERVICE,
        "port": int(os.environ["PORT"]),
    }


def detailed() -> dict[str, Any]:
    """Health with variables, the checks of what the service needs, and warnings."""
    cache_writable = writable(cache())
    free = shutil.disk_usage(cache() if cache_writable else "/").free
    version = ffmpeg()
    checks = {
        "ffmpeg": bool(version),
        "ffmpeg_version": version,
        "cache_writable": cache_writable,
        "free_bytes": free,
        "models": sorted(each.name for each in MODELS.glob("*")),
    }
    warnings = [f"{free} bytes are free"] if free < FREE else []
    if not os.environ.get("API_KEY"):
        warnings.append("API_KEY is not set: anybody may use the service")
    variables = {name: os.environ.get(name, "") for name in (*NEEDED, *DEFAULTS)}
    status = "healthy" if version and cache_writable else "unhealthy"
    return {**health(), "status": status, "environment": variables, "checks": checks, "warnings": warnings}
