"""The Dockerfiles of this repository: nothing to mend, and each exception says why."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.image.lint import hadolint, lint
from tasks.image.lint.ignoring import PRAGMA

ROOT = Path(__file__).parent.parent
FILES = sorted(
    str(path.relative_to(ROOT))
    for folder in ("benchmarks", "dockerfiles", "examples", "tests")
    for pattern in ("Dockerfile*", "*.Dockerfile")
    for path in (ROOT / folder).rglob(pattern)
)


def test_all_of_them_are_looked_at() -> None:
    assert {"dockerfiles/edge/Dockerfile", "examples/rec2pdf/rec2pdf-backend/Dockerfile"} < set(FILES)
    assert hadolint.find(), "pip install 'dockyard[test]' brings hadolint"


@pytest.mark.parametrize("file", FILES)
def test_nothing_is_to_be_mended(file: str) -> None:
    assert [str(each) for each in lint(ROOT / file, {}, shown=file, binary=hadolint.find())] == []


@pytest.mark.parametrize("file", FILES)
def test_each_exception_says_why_behind_it_or_above_it(file: str) -> None:
    lines = ["", *(ROOT / file).read_text(encoding="utf-8").splitlines()]
    for number, line in enumerate(lines):
        if found := PRAGMA.match(line):
            before = lines[number - 1]
            told = line[found.end() :].startswith(" # ") or (before.startswith("#") and not PRAGMA.match(before))
            assert told, f"{file}:{number} ignores {found['names']} without a reason"
