"""What the benchmarks of the recipes build: each sample is a whole project, and each figure is what its words say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.__main__ import ASKED_FOR, chosen
from benchmarks.recipes.application import Application
from benchmarks.recipes.heavy import CARELESS, CUDA, FFMPEG, TORCH
from benchmarks.recipes.samples import EXAMPLES, of_tests, part
from benchmarks.recipes.sides import size
from tasks.bases import DEBIAN, PYTHON, recipes
from tasks.target.docker.engine import Engine

INDEX = "http://127.0.0.1:9/"
SAMPLES = {
    "api": of_tests("api"),
    "weasyprint": of_tests("weasyprint"),
    "edge": part("edge"),
    "ffmpeg": FFMPEG.sample(),
    "cpu-torch": TORCH.sample(BUILD_ARG_PIP_EXTRA_INDEX_URL=INDEX),
    "cuda": CUDA.sample(),
}


@pytest.fixture
def written(engine: Engine, tmp_path: Path) -> Application:
    """An application that is not written yet."""
    return Application(tmp_path / "sample", "bench0-a", "127.0.0.1:5000/benchmarks/bench0-a", part("edge"), engine)


@pytest.mark.parametrize("name", SAMPLES)
def test_each_recipe_is_built_with_everything_that_it_asks_for(written: Application, name: str) -> None:
    written.sample = SAMPLES[name]
    written.write()
    made = written.recipe
    assert made.dockerfile.read_text() == (recipes() / name / "Dockerfile").read_text()
    assert (made.network, made.no_cache, made.stage) == ("host", False, "")
    if not written.sample.changed:
        assert written.sample.base == DEBIAN
        return
    assert (made.context / made.args.get("REQUIREMENTS", "requirements.txt")).is_file()
    source = written.root / written.sample.changed
    before = source.read_text()
    written.change()
    assert source.read_text().startswith(before)
    assert source.read_text() != before
    assert made.args.get("PYTHON", "3.11") in PYTHON


def test_what_was_resolved_without_care_are_the_same_requirements(written: Application) -> None:
    written.sample = CARELESS
    written.write()
    assert "\nCOPY requirements.in " in written.recipe.dockerfile.read_text()
    asked = written.recipe.context / "requirements.in"
    names = {re.split("[=+ ]", line)[0] for line in asked.read_text().splitlines() if not line.startswith("#")}
    locked = (EXAMPLES / "rec2pdf" / "rec2pdf-backend" / "requirements.txt").read_text()
    assert "torch" in names
    assert [name for name in names if f"\n{name}==" not in f"\n{locked}"] == []


def test_a_size_is_in_millions_of_bytes() -> None:
    row = size("api", 249_960_000, 250, {"the base": 1_234_567})
    assert (row.figure, row.unit, row.reached, row.beside) == (250.0, "MB", True, {"the base": "1.2 MB"})


def test_gigabytes_are_built_only_where_they_are_named() -> None:
    assert not ASKED_FOR & set(chosen([]))
    assert chosen(["heavy"]) == ["heavy"]
    assert "recipes" in chosen([])
