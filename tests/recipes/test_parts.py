"""What Dockyard builds for itself: edge, base and registry hold neither caches nor what the build was given."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import certifi
import docker
import pytest
from docker.models.images import Image

from tasks.bases import DEBIAN
from tasks.image import Recipe
from tasks.image.buildkit import BuildKit
from tasks.image.recipe import VERSION

from .projects import BUNDLE, RECIPES
from .saved import own

PARTS = {"edge": "usr/sbin/haproxy", "base": "usr/bin/python3", "registry": "usr/bin/docker-registry"}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The CA bundle that the builds are given."""
    ca = tmp_path_factory.mktemp("parts") / "ca.pem"
    ca.write_bytes(Path(os.environ.get("SSL_CERT_FILE") or certifi.where()).read_bytes() + f"# {BUNDLE}\n".encode())
    return ca


@pytest.fixture(scope="module", params=PARTS)
def part(request: pytest.FixtureRequest, engine: docker.DockerClient, bundle: Path) -> Iterator[tuple[str, Image]]:
    """Each of them; built anew where it takes the bundle, as a layer out of the cache has seen another one."""
    folder = RECIPES / request.param
    text = (folder / "Dockerfile").read_text()
    recipe = Recipe(
        folder / "Dockerfile",
        folder,
        args={"BASE": DEBIAN},
        secrets={"ca": f"file:{bundle}"},
        labels={VERSION: uuid.uuid4().hex},  # so that it is no image that somebody else has, too
        network="host",
        no_cache="id=ca" in text,
    )
    image = engine.images.get(BuildKit(engine).build(recipe, "linux/amd64").image_id)
    yield request.param, image
    engine.images.remove(str(image.id), force=True)


def test_neither_layers_nor_history_hold_the_bundle_of_a_proxy_or_a_cache(
    part: tuple[str, Image], engine: docker.DockerClient, bundle: Path
) -> None:
    folder, image = part
    found = own(image, engine.images.get(DEBIAN), [BUNDLE])
    assert not [layer for layer in found if layer.held]
    names = frozenset[str]().union(*(layer.names for layer in found))
    assert PARTS[folder] in names
    kept = ("var/lib/apt/lists/", "var/cache/apt/", "var/log/", "run/secrets/ca", "root/.cache/", "usr/bin/gcc")
    assert [name for name in names if name.startswith(kept) and "/.wh." not in name] == []
    told = json.dumps([image.history(), image.attrs["Config"]])
    assert PARTS[folder].rpartition("/")[2] in told
    assert [word for word in (BUNDLE, str(bundle), "http_proxy", "HTTP_PROXY") if word in told] == []


def test_each_says_what_it_is_made_from_but_the_base_which_would_pass_it_on(part: tuple[str, Image]) -> None:
    folder, image = part
    config: dict[str, Any] = image.attrs["Config"]
    named = (config["Labels"] or {}).get("org.opencontainers.image.base.name")
    assert (named, config["User"]) == {
        "edge": (DEBIAN, "1000:1000"),
        "base": (None, ""),
        "registry": (DEBIAN, "docker-registry"),
    }[folder]
