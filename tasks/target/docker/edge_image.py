"""The edge's image: built from `dockerfiles/edge` where the engine lacks it, and moved there where it cannot build."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker
from docker.errors import ImageNotFound

from ...errors import DockyardError
from ...image import Recipe, builder
from ...say import say
from .engine import connect

if TYPE_CHECKING:
    from ...environment.settings import Environment

PACKAGE = Path(__file__).parents[2]


def recipe(environment: Environment, platform: str) -> Recipe:
    """How the edge is built: beside the package in a checkout, inside it once installed."""
    folder = next(
        place / "dockerfiles" / "edge"
        for place in (PACKAGE, PACKAGE.parent)
        if (place / "dockerfiles" / "edge" / "Dockerfile").is_file()
    )
    return Recipe(
        dockerfile=folder / "Dockerfile",
        context=folder,
        platforms=(platform,),
        labels={"org.opencontainers.image.title": "Dockyard's edge: HAProxy"},
        network=environment.build_network,
        timeout=environment.build_timeout,
    )


def name(recipe: Recipe) -> str:
    """The image's name: a tag by what the recipe says."""
    digest = hashlib.sha256(recipe.platforms[0].encode())
    for path in sorted(recipe.context.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(recipe.context).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return f"dockyard-edge:{digest.hexdigest()[:12]}"


def ensure(engine: docker.DockerClient, environment: Environment) -> str:
    """The image's name, once the engine has it. Raises DockyardError if it can neither be built nor moved there.

    It is built where all images are built and moved from there; on the engine itself where that cannot be done.
    """
    wanted = recipe(environment, f"linux/{engine.version()['Arch']}")
    tag = name(wanted)
    if has(engine, tag):
        return tag
    if not environment.docker_context:
        build(engine, environment, wanted, tag)
        return tag
    try:
        with closing(connect()) as here:
            if not has(here, tag):
                build(here, environment, wanted, tag)
            if not has(engine, tag):  # the context may mean the same engine
                say(f"Moving {tag} to the engine of {environment.docker_context}.")
                image: Any = here.images.get(tag).save(named=tag)
                engine.images.load(image)
    except DockyardError as error:
        say(f"{error.message} Trying the engine of {environment.docker_context}.")
        with building_on(environment.docker_context):
            build(engine, environment, wanted, tag)
    return tag


def has(engine: docker.DockerClient, tag: str) -> bool:
    """Whether an engine has an image."""
    try:
        engine.images.get(tag)
    except ImageNotFound:
        return False
    return True


def build(engine: docker.DockerClient, environment: Environment, wanted: Recipe, tag: str) -> None:
    """Build the edge on an engine."""
    say(f"Building the edge's image {tag} (once for each version of its recipe).")
    kind = "buildkit" if environment.builder == "cloudbuild" else environment.builder
    built = builder(environment, kind, engine).build(wanted, wanted.platforms[0])
    engine.images.get(built.image_id).tag(*tag.split(":"))


@contextmanager
def building_on(context: str) -> Iterator[None]:
    """Let the docker CLI build on a context's engine."""
    before = {key: os.environ.pop(key, None) for key in ("DOCKER_HOST", "DOCKER_CONTEXT")}
    os.environ["DOCKER_CONTEXT"] = context
    try:
        yield
    finally:
        del os.environ["DOCKER_CONTEXT"]
        os.environ.update({key: value for key, value in before.items() if value is not None})
