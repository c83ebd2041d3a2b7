"""The table of settings, as the README has it."""

from __future__ import annotations

from . import keys

HEADINGS = ("Key", "What it is", "Written as", "Default", "Targets")


def markdown() -> str:
    """One row a key, in the model's order."""
    body = (
        (f"`{key}`", row.what, row.kind, default, " ".join(targets(key))) for key, (row, default) in keys.rows().items()
    )
    rows = [HEADINGS, tuple("---" for _ in HEADINGS), *body]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def targets(key: str) -> tuple[str, ...]:
    """The targets of a key, or `all`."""
    found = keys.targets(key)
    return ("all",) if found == keys.ALL else found
