"""What holds for each Python recipe: its text, layers, secrets and labels, and what a changed line builds anew."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from docker.models.images import Image

from tasks.bases import PYTHON

from .projects import BUNDLE, RECIPES, SECRET, Project, layers
from .saved import own

Each = tuple[Project, Image]
KEPT_OUT = ("app/.env", "app/env", "app/.git", "app/Dockerfile", "run/secrets/ca")
LEFT_BEHIND = (
    *("root/.cache", "opt/requirements.txt", "opt/uv", "var/cache/apt/archives", "var/lib/apt/lists/lock"),
    *("usr/bin/gcc", "usr/bin/make"),
)
PYTHONS = sorted(each.parent for each in RECIPES.glob("*/Dockerfile") if "\nARG UV=" in each.read_text())
HADOLINT = shutil.which("hadolint") or shutil.which("hadolint", path=str(Path(sys.executable).parent))


def test_one_changed_line_reuses_all_layers_but_the_source(each: Each) -> None:
    project, image = each
    project.change()
    changed = project.build("v2")
    assert layers(changed)[:-1] == layers(image)[:-1]
    assert layers(changed)[-1] != layers(image)[-1]


def test_packages_installed_anew_make_the_same_layer(api: Project, api_image: Image) -> None:
    api.set(BUILD_ARG_PIP_DEFAULT_TIMEOUT="61")  # every step that installs packages runs again
    try:
        anew = api.build("anew")
    finally:
        api.set(BUILD_ARG_PIP_DEFAULT_TIMEOUT="")
    assert layers(anew)[:-1] == layers(api_image)[:-1]


def test_neither_layers_nor_history_hold_a_secret_or_the_bundle_of_a_proxy(each_to_read: Each) -> None:
    project, image = each_to_read
    found = own(image, project.engine.images.get(PYTHON), [SECRET, BUNDLE])
    assert not [layer for layer in found if layer.held]
    names = frozenset[str]().union(*(layer.names for layer in found))
    assert {"app/app.py", "opt/venv/bin/gunicorn"} <= names
    assert not {*KEPT_OUT, *LEFT_BEHIND} & names
    told = json.dumps([image.history(), image.attrs["Config"]])
    assert "gunicorn" in told
    for word in (SECRET, BUNDLE, "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", project.settings["BUILD_CA"]):
        assert word not in told


def test_it_says_what_it_is_made_from_and_how_it_starts(each: Each) -> None:
    project, image = each
    config = image.attrs["Config"]
    assert config["Labels"]["org.opencontainers.image.base.name"] == PYTHON
    assert config["Labels"]["org.opencontainers.image.title"] == project.settings["SERVICE"]
    assert config["User"] == "1000:1000"
    assert config["Cmd"] == ["gunicorn", "--config", "/etc/gunicorn.conf.py"]
    assert config["Entrypoint"] is None
    assert config["Healthcheck"]["Test"][0] == "CMD"
    assert list(config["ExposedPorts"]) == ["8000/tcp"]
    assert image.attrs["Architecture"] == "amd64"


@pytest.mark.parametrize("recipe", PYTHONS, ids=lambda recipe: recipe.name)
def test_hadolint_finds_nothing(recipe: Path) -> None:
    assert HADOLINT, "hadolint belongs to the test extra"
    said = subprocess.run([HADOLINT, recipe / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout) == (0, "")


@pytest.mark.parametrize("recipe", PYTHONS, ids=lambda recipe: recipe.name)
def test_packages_are_built_word_for_word_as_the_api_recipe_does(recipe: Path) -> None:
    def stage(dockerfile: Path) -> str:
        text = dockerfile.read_text()
        begin = text.index("ARG PYTHON=")
        lines = text[begin : text.index("\nFROM ", text.index("AS build\n"))].splitlines()
        while not lines[-1] or lines[-1].startswith("#"):  # what is said of the next stage
            lines.pop()
        return "\n".join(lines)

    assert stage(recipe / "Dockerfile") == stage(RECIPES / "api" / "Dockerfile")
    assert (recipe / ".dockerignore").read_text() == (RECIPES / "api" / ".dockerignore").read_text()
