"""FFmpeg on one recording: in a directory of its own in the cache, which is memory, and for a limited time."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from condition import cache

LIMIT = int(os.environ.get("GUNICORN_TIMEOUT") or 300)  # seconds that FFmpeg may take
# Files of one piece. A playlist would have FFmpeg read whatever files and addresses it names, the service's own too.
DEMUXERS = "aac,avi,flac,flv,matroska,mov,mp3,mpeg,mpegts,ogg,wav,webm"
SAFE = ["-protocol_whitelist", "file", "-format_whitelist", DEMUXERS]


class Format(NamedTuple):
    """A format that recordings are converted into."""

    mimetype: str
    flags: list[str]


FORMATS = {
    "mp3": Format("audio/mpeg", ["-vn", "-codec:a", "libmp3lame", "-qscale:a", "4"]),
    "mp4": Format(
        "video/mp4", ["-codec:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-codec:a", "aac"]
    ),
    "webm": Format("video/webm", ["-codec:v", "libvpx", "-deadline", "realtime", "-codec:a", "libopus"]),
}


class Refused(Exception):
    """FFmpeg could make nothing of the recording; its own words."""


class TooLong(Exception):
    """It took longer than LIMIT."""


def convert(recording: bytes, to: str) -> bytes:
    """The recording in the format of that name. Raises Refused and TooLong."""
    with tempfile.TemporaryDirectory(dir=cache()) as folder:
        source, target = Path(folder) / "source", Path(folder) / f"target.{to}"
        source.write_bytes(recording)
        run(["ffmpeg", "-nostdin", *SAFE, "-i", str(source), *FORMATS[to].flags, str(target)])
        return target.read_bytes()


def metadata(recording: bytes) -> dict[str, Any]:
    """Its format, duration in seconds, and streams. Raises Refused and TooLong."""
    with tempfile.TemporaryDirectory(dir=cache()) as folder:
        source = Path(folder) / "source"
        source.write_bytes(recording)
        wanted = "format=format_name,duration:stream=codec_type,codec_name"
        said = run(["ffprobe", *SAFE, "-show_entries", wanted, "-of", "json", str(source)])
    found = json.loads(said)
    return {
        "format": found["format"]["format_name"],
        "duration": float(found["format"].get("duration", 0)),
        "codecs": {each["codec_type"]: each["codec_name"] for each in found["streams"]},
    }


def run(command: list[str]) -> str:
    """What a program of FFmpeg's says."""
    program, *rest = command
    try:
        return subprocess.run(
            [program, "-loglevel", "error", *rest], capture_output=True, text=True, timeout=LIMIT, check=True
        ).stdout
    except subprocess.TimeoutExpired as error:
        raise TooLong(f"{program} took longer than {LIMIT} s, which is GUNICORN_TIMEOUT") from error
    except subprocess.CalledProcessError as error:
        raise Refused(f"{program} could not read the recording: {error.stderr.strip()}") from error
