"""What holds for either recipe: layers, secrets, labels, how it ends, and what a changed line builds anew."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker.models.images import Image

from tasks.bases import PYTHON

from .projects import BUNDLE, RECIPES, SECRET, Project, layers

Each = tuple[Project, Image]
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


def test_neither_layers_nor_history_hold_a_secret_or_the_bundle_of_a_proxy(each: Each) -> None:
    project, image = each
    base = len(layers(project.engine.images.get(PYTHON)))
    names = set[str]()
    with tarfile.open(fileobj=io.BytesIO(b"".join(image.save()))) as saved:
        for layer in own(saved, base):
            for member in layer:
                names.add(member.name)
                body = layer.extractfile(member) if member.isfile() else None
                text = body.read() if body else b""
                assert SECRET.encode() not in text, member.name
                assert BUNDLE.encode() not in text, member.name
    assert {"app/app.py", "opt/venv/bin/gunicorn"} <= names
    kept = {"app/.env", "app/env", "app/.git", "app/Dockerfile", "root/.cache", "opt/requirements.txt", "opt/uv"}
    assert not (kept | {"run/secrets/ca", "var/cache/apt/archives", "var/lib/apt/lists/lock"}) & names
    told = json.dumps([image.history(), image.attrs["Config"]])
    assert "gunicorn" in told
    for word in (SECRET, BUNDLE, "PIP_INDEX_URL", project.settings["BUILD_CA"]):
        assert word not in told


def own(saved: tarfile.TarFile, base: int) -> Iterator[tarfile.TarFile]:
    """The layers of a saved image but the first ones, which are its base's."""
    manifest = saved.extractfile("manifest.json")
    assert manifest is not None
    for name in json.load(manifest)[0]["Layers"][base:]:
        content = saved.extractfile(name)
        assert content is not None
        with tarfile.open(fileobj=content) as layer:
            yield layer


def test_it_says_what_it_is_made_from_and_how_it_starts(each: Each) -> None:
    project, image = each
    config = image.attrs["Config"]
    assert config["Labels"]["org.opencontainers.image.base.name"] == PYTHON
    assert config["Labels"]["org.opencontainers.image.title"] == project.settings["SERVICE"]
    assert config["User"] == "1000:1000"
    assert config["Cmd"] == ["gunicorn", "--config", "/etc/gunicorn.conf.py"]
    assert config["Entrypoint"] is None
    assert config["Healthcheck"]["Test"][:3] == ["CMD", "python", "-c"]
    assert list(config["ExposedPorts"]) == ["8000/tcp"]
    assert image.attrs["Architecture"] == "amd64"


@pytest.mark.parametrize("recipe", ["api", "weasyprint"])
def test_hadolint_finds_nothing(recipe: str) -> None:
    assert HADOLINT, "hadolint belongs to the test extra"
    said = subprocess.run([HADOLINT, RECIPES / recipe / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout) == (0, "")
