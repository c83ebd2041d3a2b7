"""The build that is submitted for a recipe: a step of Docker's for each platform, and the images to push."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from google.cloud.devtools import cloudbuild_v1

from ...errors import SettingError
from .. import Recipe
from ..buildkit import BUILDKIT, argv
from ..recipe import CA
from .packing import BUNDLE, CONTEXT, DOCKERFILE

if TYPE_CHECKING:
    from ...environment.settings import Environment

DOCKER = "gcr.io/cloud-builders/docker"
BINFMT = "tonistiigi/binfmt"  # lets a worker, which is amd64, run the steps of another architecture
NATIVE = "linux/amd64"
INLINE = "BUILDKIT_INLINE_CACHE"  # an image that carries it can be built upon with --cache-from
LONGEST = 86400.0  # seconds that Cloud Build lets a build take
TAG = re.compile(r"[^\w.-]")  # what a build's tags do not hold
QUIET = ("CLOUD_LOGGING_ONLY", "STACKDRIVER_ONLY", "NONE")  # logging without an object in Storage


def of(environment: Environment, recipe: Recipe, names: Mapping[str, str], *, cached: str = "") -> cloudbuild_v1.Build:
    """The build, without its source. `names` is the whole name of each platform's image, with its tag.

    `cached` is an image whose layers are taken again, unless the recipe wants none. Raises SettingError.
    """
    build = cloudbuild_v1.Build(
        steps=[*emulation(recipe), *(step(recipe, platform, name, cached) for platform, name in names.items())],
        images=list(names.values()),
        available_secrets=secrets(environment, recipe),
        tags=tags(environment),
        timeout={"seconds": timeout(environment)},
        options={"requested_verify_option": "VERIFIED"},  # no success without its provenance
    )
    settle(build, environment)
    return build


def settle(build: cloudbuild_v1.Build, environment: Environment) -> None:
    """Put machine and logging into a build, where they are set. Raises SettingError."""
    options: Any = build.options
    if environment.build_machine:
        options.machine_type = machine(environment.build_machine)
    if environment.build_logging:
        options.logging = environment.build_logging
    if options.logging.name not in QUIET:
        options.log_streaming_option = "STREAM_ON"


def step(recipe: Recipe, platform: str, name: str, cached: str) -> dict[str, Any]:
    """The step that builds one platform's image: Docker's own command line, in the folder with the source."""
    kept = () if recipe.no_cache else (*(("--cache-from", cached) if cached else ()), "--build-arg", f"{INLINE}=1")
    command = argv("docker", unpacked(recipe), platform, (*kept, "--tag", name))
    return {
        "id": f"build {platform}",
        "name": DOCKER,
        "args": [literal(part) for part in command[1:]],
        "env": [f"{name}={value}" for name, value in BUILDKIT.items()],
        "secret_env": [variable(name) for name in recipe.secrets if name != CA],
    }


def unpacked(recipe: Recipe) -> Recipe:
    """The recipe as it is where the source was unpacked."""
    read = {
        name: f"file:{BUNDLE}" if reference.startswith("file:") else f"env:{variable(name)}"
        for name, reference in recipe.secrets.items()
    }
    return replace(recipe, dockerfile=Path(DOCKERFILE), context=Path(CONTEXT), secrets=read)


def emulation(recipe: Recipe) -> list[dict[str, Any]]:
    """The step that lets foreign programs run; one that copies files alone does without, so it may fail."""
    foreign = [each.partition("/")[2].partition("/")[0] for each in recipe.platforms if each != NATIVE]
    if not foreign:
        return []
    run = ["run", "--privileged", "--rm", BINFMT, "--install", ",".join(foreign)]
    return [{"id": "emulate", "name": DOCKER, "args": run, "allow_failure": True}]


def secrets(environment: Environment, recipe: Recipe) -> dict[str, Any] | None:
    """The secrets that Cloud Build reads, each into a variable of the step. Raises SettingError for others."""
    found = []
    for name, reference in recipe.secrets.items():
        if name == CA and reference.startswith("file:"):
            continue
        if reference.startswith(("file:", "env:")):
            raise SettingError(
                f"BUILD_SECRET_{name}={reference} cannot be read by Cloud Build: store it in Secret Manager, and write "
                "its name."
            )
        found.append({"version_name": version(environment.project, reference), "env": variable(name)})
    return {"secret_manager": found} if found else None


def version(project: str, reference: str) -> str:
    """A secret's version as the API names it: `token:3` is `projects/P/secrets/token/versions/3`."""
    if reference.startswith("projects/"):
        return reference if "/versions/" in reference else f"{reference}/versions/latest"
    name, _, number = reference.partition(":")
    return f"projects/{project}/secrets/{name}/versions/{number or 'latest'}"


def variable(name: str) -> str:
    """The variable through which a step gets a secret: it is on no command line."""
    return f"BUILD_SECRET_{re.sub(r'[^A-Za-z0-9_]', '_', name)}"


def literal(text: str) -> str:
    """Text that Cloud Build puts nothing into: it takes `$NAME` for one of its own."""
    return text.replace("$", "$$")


def tags(environment: Environment) -> list[str]:
    """What builds are found by in a list of them."""
    return [TAG.sub("-", each)[:128] for each in ("dockyard", environment.service, environment.name)]


def timeout(environment: Environment) -> int:
    """BUILD_TIMEOUT in whole seconds. Raises SettingError."""
    if environment.build_timeout > LONGEST:
        raise SettingError("BUILD_TIMEOUT is at most 24h on Cloud Build: lower it.")
    return max(1, round(environment.build_timeout))


def machine(name: str) -> str:
    """The name of a machine type. Raises SettingError for one that Cloud Build has not."""
    types: Any = cloudbuild_v1.BuildOptions.MachineType
    known = [each for each in types.__members__ if each != "UNSPECIFIED"]
    if name in known:
        return name
    near = difflib.get_close_matches(name.upper().replace("-", "_"), known, 1)
    mend = f"did you mean {near[0]}?" if near else f"write one of {', '.join(known)}."
    raise SettingError(f"BUILD_MACHINE={name} is no machine of Cloud Build; {mend}")
