"""Versions from a changelog, a build number and git."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.errors import SettingError
from tasks.image import version


@pytest.mark.parametrize(
    ("heading", "found"),
    [
        ("## [6.0.1] - 2025-09-01", "6.0.1"),
        ("## v6.0.1", "6.0.1"),
        ("## [v6.0.1](https://example.com)", "6.0.1"),
        ("##  6.0.1-rc.1 (today)", "6.0.1-rc.1"),
    ],
)
def test_the_changelogs_newest_version(tmp_path: Path, heading: str, found: str) -> None:
    changelog = tmp_path / "CHANGELOG.md"
    changelog.write_text(f"# Changes since 1.0.0\n\n## [Unreleased]\n- 7.0.0?\n\n{heading}\n\n## [5.9.0]\n")
    assert version.read(tmp_path, "changelog", "") == found


def test_a_changelog_without_version_or_no_changelog(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="No such file"):
        version.read(tmp_path, "changelog", "")
    (tmp_path / "CHANGELOG.md").write_text("## Unreleased\n")
    with pytest.raises(SettingError, match="no heading like"):
        version.read(tmp_path, "changelog", "")


@pytest.mark.parametrize(
    ("number", "made"),
    [
        ("200", "2.0.0"),
        ("201", "2.0.1"),
        ("210", "2.1.0"),
        ("300", "3.0.0"),
        ("1234", "12.3.4"),
        ("7", "0.0.7"),
        ("201-dev", "2.0.1-dev"),
    ],
)
def test_a_build_number_is_a_version(number: str, made: str) -> None:
    assert version.read(Path(), "build_number", number) == made


def test_gits_version(tmp_path: Path, git: Callable[..., str]) -> None:
    git(tmp_path, "init")
    git(tmp_path, "commit", "--allow-empty", "-m", "one")
    with pytest.raises(SettingError, match="git tag"):
        version.read(tmp_path, "git", "")
    git(tmp_path, "tag", "v1.2.0")
    assert version.read(tmp_path, "git", "") == "1.2.0"
    git(tmp_path, "commit", "--allow-empty", "-m", "two")
    assert version.read(tmp_path, "git", "").startswith("1.2.0-1-g")
