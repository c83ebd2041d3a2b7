"""Settings as they may be shown."""

from __future__ import annotations

import json
from typing import Any

from . import keys
from .references import READS, readable
from .secrets import REDACTED, looks_secret, redact


def shown(key: str, value: str) -> str:
    """A setting's value without secrets: references are shown, secrets in variables, requests and URLs are not."""
    key = key.removeprefix("FIXED_")
    pattern = keys.pattern(key)
    if pattern in ("SECRET_<NAME>", "BUILD_SECRET_<NAME>"):
        return value if any(readable(value, reader) for reader in READS) else REDACTED
    if pattern in ("ENV_<NAME>", "BUILD_ARG_<NAME>"):
        return redact(key.removeprefix(pattern.removesuffix("<NAME>")), value)
    if pattern in ("CHECK_<NAME>_BODY", "CHECK_<NAME>_HEADERS") and secret_in(value):
        return REDACTED
    return redact("", value)


def secret_in(text: str) -> bool:
    """Whether a JSON text has a member that looks like a secret."""
    try:
        return member_is_secret("", json.loads(text))
    except ValueError:
        return False


def member_is_secret(name: str, value: Any) -> bool:
    """Whether a member of a JSON text, or one inside it, looks like a secret."""
    if isinstance(value, dict):
        return any(member_is_secret(inner, each) for inner, each in value.items())
    if isinstance(value, list):
        return any(member_is_secret(name, each) for each in value)
    return looks_secret(name, value) or (name.lower() == "cookie" and bool(value)) if isinstance(value, str) else False
