"""A build that was right for Debian 12, on Debian 13: what the operator is told, whoever builds it."""

from __future__ import annotations

from pathlib import Path

import docker
import pytest

from tasks.errors import DockyardError
from tasks.image import Recipe
from tasks.image.buildkit import BuildKit
from tasks.image.classic import Classic

STALE = """\
FROM {base}
RUN apt-get update \\
 && apt-get install -y --no-install-recommends \\
    libgl1-mesa-glx
"""


@pytest.fixture
def stale(tmp_path: Path, trixie: str) -> Recipe:
    (tmp_path / "Dockerfile").write_text(STALE.format(base=trixie))
    return Recipe(tmp_path / "Dockerfile", tmp_path, network="host")


@pytest.mark.parametrize("builder", [BuildKit, Classic])
def test_a_package_that_debian_13_dropped(
    engine: docker.DockerClient, stale: Recipe, builder: type[BuildKit] | type[Classic]
) -> None:
    with pytest.raises(DockyardError) as failed:
        builder(engine).build(stale, "linux/amd64")
    said = str(failed.value)
    assert "Package 'libgl1-mesa-glx' has no installation candidate\n" in said
    assert (
        f"{stale.dockerfile}:4 installs libgl1-mesa-glx, which this release of Debian has not any more: write libgl1 "
        "there. A cache can keep an older step or package list: type inv build --no-cache, or set NO_CACHE=true."
    ) in said


def test_the_package_that_it_is_told_to_write_is_there(engine: docker.DockerClient, stale: Recipe) -> None:
    stale.dockerfile.write_text(stale.dockerfile.read_text().replace("libgl1-mesa-glx", "--simulate libgl1"))
    built = BuildKit(engine).build(stale, "linux/amd64")
    engine.images.remove(built.image_id, force=True)
