"""How bad Cloud Logging says that a line is."""

from __future__ import annotations

from typing import Any

from .selection import SEVERITIES


def of(entry: Any) -> str:
    """The severity of an entry, `ERROR`; "" for DEFAULT, which says nothing."""
    known = entry.DESCRIPTOR.fields_by_name["severity"].enum_type.values_by_number.get(entry.severity)
    return "" if known is None or known.name == "DEFAULT" else str(known.name)


def at_least(severity: str, least: str) -> bool:
    """Whether a severity is `least` or a worse one; False for a word that is none."""
    least = least.upper()
    return severity in SEVERITIES and least in SEVERITIES and SEVERITIES.index(severity) >= SEVERITIES.index(least)
