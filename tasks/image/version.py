"""The application's version, from CHANGELOG.md, a build number or git."""

from __future__ import annotations

import re
from pathlib import Path

from ..errors import SettingError
from . import source

HEADING = re.compile(r"^##\s+\[?v?(?P<version>\d+(?:\.\d+)+[^\s\])]*)", re.MULTILINE)


def read(root: Path, version_from: str, build_number: str) -> str:
    """The version that `VERSION_FROM` (changelog, build_number, git) asks for, without a leading `v`.

    Raises SettingError where there is none.
    """
    if version_from == "changelog":
        return from_changelog(root / "CHANGELOG.md")
    if version_from == "build_number":
        return from_build_number(build_number)
    return from_git(root)


def from_changelog(path: Path) -> str:
    """The newest `## [6.0.1]` or `## v6.0.1` of a changelog, which is its first; `Unreleased` has no number."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingError(f"VERSION_FROM=changelog needs {path}: {error.strerror}.") from None
    found = HEADING.search(text)
    if not found:
        raise SettingError(f"VERSION_FROM=changelog found no heading like `## [1.2.3]` in {path}: add one.")
    return found["version"]


def from_build_number(number: str) -> str:
    """200 is 2.0.0, 201 is 2.0.1, 210 is 2.1.0, 1234 is 12.3.4, 7 is 0.0.7; `201-dev` is 2.0.1-dev."""
    digits, hyphen, suffix = number.partition("-")
    digits = digits.zfill(3)
    return f"{int(digits[:-2])}.{digits[-2]}.{digits[-1]}{hyphen}{suffix}"


def from_git(root: Path) -> str:
    """`git describe --tags`: v1.2.0 is 1.2.0, three commits later it is 1.2.0-3-g0a1b2c3."""
    described = source.git(root, "describe", "--tags", may_fail=True)
    if not described:
        raise SettingError(f"VERSION_FROM=git found no tag in {root}: make one with `git tag v0.1.0`.")
    return described.strip().removeprefix("v")
