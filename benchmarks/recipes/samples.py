"""What the recipes are measured with: the tests' applications, and the examples where packages are gigabytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from tasks.bases import DEBIAN, PYTHON, recipes

from ..project import ROOT

HERE = Path(__file__).parent
TESTS = ROOT / "tests" / "recipes"
EXAMPLES = ROOT / "examples"


@dataclass(frozen=True)
class Sample:
    """A folder that `inv build` builds: what is copied into it, and the settings that it gets besides.

    `changed` is the file of which a line changes, "" where there is no source. `base` is the image that it begins with.
    """

    copied: tuple[Path, ...]
    settings: Mapping[str, str]
    changed: str = ""
    env: str = "local"
    base: str = PYTHON


def own(dockerfile: Path, *copied: Path, changed: str = "", base: str = PYTHON) -> Sample:
    """A Dockerfile of this repository and what it is given as its context."""
    return Sample(copied, {"TARGET": "docker", "DOCKERFILE": str(dockerfile)}, changed, base=base)


def of_tests(name: str) -> Sample:
    """A recipe with the application of its tests."""
    recipe = recipes() / name
    return own(recipe / "Dockerfile", recipe / ".dockerignore", TESTS / "app.py", TESTS / name, changed="app.py")


def instead(sample: Sample, dockerfile: Path) -> Sample:
    """The same with another Dockerfile."""
    return replace(sample, settings={**sample.settings, "DOCKERFILE": str(dockerfile)})


def part(name: str) -> Sample:
    """A recipe that has no source."""
    return own(recipes() / name / "Dockerfile", base=DEBIAN)


@dataclass(frozen=True)
class Example:
    """An example, by its folder: the file of which a line changes, and its environment on this machine's engine."""

    name: str
    changed: str
    env: str = "local"
    settings: Mapping[str, str] = field(default_factory=dict)

    def sample(self, **settings: str) -> Sample:
        """What is built of it: without its NO_CACHE, and its last stage."""
        given = {"NO_CACHE": "", "STAGE": "", **self.settings, **settings}
        return Sample((EXAMPLES / self.name,), given, self.changed, self.env)
