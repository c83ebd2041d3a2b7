"""Whether the same inputs give the same digest twice: which builder can, and why another cannot.

BuildKit 0.13 and newer sets the times of files and configuration back to `SOURCE_DATE_EPOCH`. It does so for an image
that leaves it as an archive; what it puts into an engine's own store keeps the times of the build (moby/buildkit#4230).
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import docker

    from . import Recipe

NAME = "SOURCE_DATE_EPOCH"
# Seconds, 1 January 1980. BuildKit sets later times back and leaves earlier ones, so it has to be before the time of
# any file: a commit's time is not, where a checkout has files from before the commit.
EPOCH = "315532800"
ARCHIVE = "type=docker,dest=-,rewrite-timestamp=true"
ENGINE, BUILDKIT = (26,), (0, 13)  # the first versions that can
BUILDER = "BUILDX_BUILDER"  # without it `docker build` takes the engine's own BuildKit, whatever `buildx use` said
STORE = "io.containerd.snapshotter"
UNASKED = (
    "The image has the time of the build in it, so each build of it has another digest: set REPRODUCIBLE=true, "
    "which is the default where PROTECTED is."
)
VERSION = re.compile(r"BuildKit(?: version)?:\s*v?(\S+)", re.IGNORECASE)


def because(who: str) -> str:
    """The sentence for a builder whose images have the time of the build in them."""
    return (
        f"{who} writes the time of the build into the image, so each build of it has another digest: BUILDER=buildkit "
        "on Docker 26 or newer, with containerd's image store and the buildx plugin, does not."
    )


def why_not(cli: str, buildx: bool, recipe: Recipe, client: docker.DockerClient) -> str:
    """Why the docker CLI at a path cannot build a recipe to the same digest twice; "" where it can."""
    own = buildx and os.environ.get(BUILDER)
    version = "" if own else str(client.version().get("Version", ""))
    if version and numbers(version) < ENGINE:  # told sooner than what `docker info` gathers
        return because(f"Docker {version}")
    if not recipe.reproducible:
        return UNASKED
    if own:
        return of_builder(own, inspected(cli))
    return of_engine(client.info()) or ("" if buildx else because(f"{cli} without the buildx plugin"))


def of_engine(about: Mapping[str, object]) -> str:
    """Why the BuildKit of an engine that is new enough cannot, out of what `docker info` says; "" where it can."""
    version = about.get("ServerVersion")
    if STORE not in str(about.get("DriverStatus")):
        return because(f"Docker {version} with its {about.get('Driver')} image store")
    return ""


def of_builder(name: str, told: str) -> str:
    """Why a builder of buildx's own cannot, out of what `docker buildx inspect` says; "" where it can."""
    found = VERSION.search(told)
    version = found[1] if found else ""
    return "" if numbers(version) >= BUILDKIT else because(f"BuildKit {version or 'of no known version'} of {name}")


def inspected(cli: str) -> str:
    """What `docker buildx inspect` says of the builder that BUILDX_BUILDER names."""
    asked = [cli, "buildx", "inspect", "--bootstrap"]
    return subprocess.run(asked, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False).stdout


def numbers(version: str) -> tuple[int, ...]:
    """`26.1.5+dfsg1` is 26, 1, 5."""
    return tuple(int(each) for each in re.findall(r"\d+", version.partition("+")[0].partition("-")[0]))


def flags(recipe: Recipe) -> tuple[str, ...]:
    """What makes `docker build` write a reproducible archive to its standard output. Another epoch may be given."""
    return (*(() if NAME in recipe.args else ("--build-arg", f"{NAME}={EPOCH}")), "--output", ARCHIVE)
