"""The pin: which digest an environment deploys, kept in `env/<name>.lock`."""

from __future__ import annotations

import io
import os
import tempfile
from dataclasses import dataclass, fields
from pathlib import Path

from dotenv.parser import parse_stream

from ..errors import DockyardError, SettingError
from .reference import DIGEST, parse


@dataclass(frozen=True)
class Pin:
    """A pinned image. `built_at` is UTC in ISO 8601 with seconds, `size` compressed bytes (None: not told).

    Only `image` and `digest` are required; `inputs` is the hash of what it was built from.
    """

    image: str
    digest: str
    tag: str = ""
    git_sha: str = ""
    built_at: str = ""
    size: int | None = None
    inputs: str = ""


KEYS = tuple(field.name for field in fields(Pin))


def path_of(root: Path, name: str) -> Path:
    """Where an environment's pin is."""
    return root / "env" / f"{name}.lock"


def names(root: Path) -> list[str]:
    """Which environments have a pin: NAME of each `env/NAME.lock`."""
    return sorted(path.stem for path in (root / "env").glob("*.lock"))


def read(root: Path, name: str) -> Pin:
    """An environment's pin. Raises SettingError with file and line for a corrupt one, and for none."""
    path = path_of(root, name)
    mend = f"mend it, or write it anew with `inv pin --env={name}`."
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SettingError(f"There is no pin {path}: write it with `inv pin --env={name}`.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"{path}:1 cannot be read as a pin: {error}; {mend}") from None
    found: dict[str, str] = {}
    lines: dict[str, int] = {}
    for binding in parse_stream(io.StringIO(text)):
        line = binding.original.line + len(binding.original.string) - len(binding.original.string.lstrip("\n"))
        said = binding.original.string.strip()
        if binding.error or (binding.key and binding.value is None):
            raise SettingError(f"{path}:{line} is no line of a pin: {said!r}; {mend}")
        if binding.key in found:
            raise SettingError(f"{path}:{line} says {binding.key} again: {said!r}; {mend}")
        if binding.key and binding.value is not None:
            found[binding.key], lines[binding.key] = binding.value, line
    for key in ("IMAGE", "DIGEST"):
        if not found.get(key):
            raise SettingError(f"{path}:{lines.get(key, len(text.splitlines()) or 1)} has no {key}; {mend}")
    if not DIGEST.fullmatch(found["DIGEST"]):
        raise SettingError(
            f"{path}:{lines['DIGEST']} says DIGEST={found['DIGEST']}, "
            f"which is not sha256: and 64 hexadecimal digits; {mend}"
        )
    try:
        parse(found["IMAGE"])
    except SettingError as error:
        raise SettingError(f"{path}:{lines['IMAGE']}: {error.message} Or {mend}") from None
    size = found.get("SIZE", "")
    if size and not size.isdecimal():
        raise SettingError(f"{path}:{lines['SIZE']} says SIZE={size}, which is no number of bytes; {mend}")
    given = {key: found.get(key.upper(), "") for key in KEYS if key != "size"}
    return Pin(**given, size=int(size) if size else None)


def write(root: Path, name: str, pin: Pin) -> Path:
    """Write a pin, whole or not at all, and return its path. Raises DockyardError."""
    path = path_of(root, name)
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text_of(name, pin))
            os.fchmod(file.fileno(), path.stat().st_mode & 0o777 if path.exists() else 0o644)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except OSError as error:
        raise DockyardError(f"{path} could not be written: {error.strerror}; mend its folder.") from None
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
    return path


def text_of(name: str, pin: Pin) -> str:
    """A pin as its file holds it."""
    pairs = ((key.upper(), getattr(pin, key)) for key in KEYS)
    lines = [f"{key}={value}" for key, value in pairs if value not in ("", None)]
    return "\n".join([f"# What env/{name}.env deploys. Written by `inv pin --env={name}`.", *lines, ""])
