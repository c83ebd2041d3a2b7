"""A Dockerfile's text looked at by our own rules."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from tasks.image.lint import Finding, lint

PINNED = f"debian:12@sha256:{'a' * 64}"


def look(text: str, args: Mapping[str, str] | None = None, *, target: str = "") -> list[Finding]:
    """What our rules find, without hadolint."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "Dockerfile")
        path.write_text(text, encoding="utf-8")
        return lint(path, args or {}, target=target, shown="Dockerfile")


def found(text: str, args: Mapping[str, str] | None = None, *, target: str = "") -> list[tuple[int, str, str]]:
    """Line, level and rule of each finding."""
    return [(each.line, each.level, each.rule) for each in look(text, args, target=target)]


def inside(*lines: str) -> list[tuple[int, str]]:
    """Line and rule of what is found in a stage of these lines, the first of which is line 2."""
    text = "\n".join([f"FROM {PINNED}", *lines, "USER 1000:1000", ""])
    return [(each.line, each.rule) for each in look(text)]
