"""From an environment to a recipe, and whether what it names is there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import SettingError
from . import Recipe, dockerfile
from .source import Source

if TYPE_CHECKING:
    from ..environment.settings import Environment

OCI = "org.opencontainers.image"
TITLE = f"{OCI}.title"
VERSION = f"{OCI}.version"
REVISION = f"{OCI}.revision"
CREATED = f"{OCI}.created"
ENV = "dockyard.env"
NOTE = "dockyard.note"
INPUTS = "dockyard.inputs"
CA = "ca"  # the secret id of BUILD_CA


def of(environment: Environment, source: Source, *, tag: str = "", note: str = "", no_cache: bool = False) -> Recipe:
    """Everything that the settings say about a build. Looks at nothing."""
    return Recipe(
        dockerfile=environment.dockerfile,
        context=environment.context,
        platforms=environment.platform,
        stage=environment.stage,
        args=dict(environment.build_args),
        secrets=secrets(environment),
        labels=labels(environment, source, tag, note),
        network=environment.build_network,
        no_cache=no_cache or environment.no_cache,
        reproducible=environment.protected if environment.reproducible is None else environment.reproducible,
        timeout=environment.build_timeout,
    )


def labels(environment: Environment, source: Source, tag: str, note: str) -> dict[str, str]:
    """What the image says of itself. `created` is the commit's time, so that a commit makes one digest."""
    every = {
        TITLE: environment.service,
        VERSION: tag,
        REVISION: source.revision,
        f"{OCI}.source": source.remote,
        CREATED: source.committed_at,
        ENV: environment.name,
        NOTE: note,
    }
    return {name: value for name, value in every.items() if value}


def secrets(environment: Environment) -> dict[str, str]:
    """Secret ids and references, `file:` made absolute.

    BUILD_SECRET_<NAME> has the id NAME as written, BUILD_CA the id `ca`.
    """
    given: Mapping[str, str] = environment.build_secrets
    if environment.build_ca is not None:
        given = {CA: f"file:{environment.build_ca}", **given}
    return {
        name: f"file:{environment.root / reference.removeprefix('file:')}"
        if reference.startswith("file:")
        else reference
        for name, reference in given.items()
    }


def check(environment: Environment, recipe: Recipe, *, secrets: bool = True) -> None:
    """Look whether Dockerfile, context and secrets are there, and the Dockerfile is for the platform.

    Without `secrets` only files are looked for: where the build runs, others are read, not here.

    BuildKit calls an image what `--platform` says, even `FROM --platform=` something else. Raises SettingError.
    """
    where = f"env/{environment.name}.env"
    if not recipe.context.is_dir():
        raise SettingError(f"There is no directory {recipe.context} to build: set CONTEXT in {where}.")
    if not recipe.dockerfile.is_file():
        raise SettingError(f"There is no Dockerfile {recipe.dockerfile}: write it, or set DOCKERFILE in {where}.")
    for name, reference in recipe.secrets.items():
        if not secrets and not reference.startswith("file:"):
            continue
        key = "BUILD_CA" if name == CA and name not in environment.build_secrets else f"BUILD_SECRET_{name}"
        check_secret(f"{key} of {where}", reference, environment.root)
    text = recipe.dockerfile.read_text(encoding="utf-8", errors="replace")
    stage = dockerfile.parse(text, recipe.args).final(recipe.stage)
    if stage and stage.platform and "$" not in stage.platform:
        for platform in recipe.platforms:
            if stage.platform.split("/")[:2] != platform.split("/")[:2]:
                raise SettingError(
                    f"{recipe.dockerfile}:{stage.line} builds on --platform={stage.platform}, "
                    f"but PLATFORM is {platform}: take --platform out of that FROM, or set PLATFORM."
                )


def check_secret(key: str, reference: str, root: Path) -> None:
    """Look whether a secret is there; its value is not kept. A file may hold any bytes. Raises SettingError."""
    kind, _, path = reference.partition(":")
    if kind != "file":
        from ..environment.secrets import resolve

        try:
            resolve(reference, root)
        except SettingError as error:
            raise SettingError(f"{key}: {error.message}") from None
    elif not os.access(path, os.R_OK) or not Path(path).is_file():
        raise SettingError(f"{key} names the file {path}, which cannot be read: make it, or take the setting out.")
