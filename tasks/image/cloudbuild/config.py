"""A build configuration of the user's own, BUILD_CONFIG: what it leaves open is filled in, the rest stays."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from google.cloud.devtools import cloudbuild_v1
from google.protobuf.json_format import ParseError  # type: ignore[import-untyped]

from ...errors import SettingError
from . import request

if TYPE_CHECKING:
    from ...environment.settings import Environment
    from ..source import Source

USED = re.compile(r"(?<!\$)(?:\$\$)*\$(?:\{(?P<braced>[A-Z_][A-Z0-9_]*)\}|(?P<plain>[A-Z_][A-Z0-9_]*))")
OUTPUT = ("id", "name", "status", "source", "createTime", "results", "projectId")  # a request has none of them
FOREIGN = ("stage", "build_network", "build_ca", "build_secrets")  # settings that a configuration says itself


def of(environment: Environment, tree: Source, tag: str) -> cloudbuild_v1.Build:
    """The build of BUILD_CONFIG, without its source. Raises SettingError for what cannot be submitted."""
    path = environment.root / environment.build_config
    document = read(path)
    refuse_ignored(environment)
    try:
        build: cloudbuild_v1.Build = cloudbuild_v1.Build.from_json(json.dumps(document), ignore_unknown_fields=False)
    except (ParseError, TypeError, ValueError) as error:
        why = str(error).partition("\n")[0].strip().rstrip(".")
        raise SettingError(f"{path} is no build configuration: {why}; mend it.") from None
    supply(environment, build, document, offered(environment, tree, tag), path)
    build.tags = [*build.tags, *(each for each in request.tags(environment) if each not in build.tags)]
    if "BUILD_TIMEOUT" in environment.origins or not build.timeout:
        build.timeout = {"seconds": request.timeout(environment)}
    request.settle(build, environment)
    return build


def read(path: Path) -> dict[str, Any]:
    """The configuration as it is written, YAML or JSON. Raises SettingError."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"BUILD_CONFIG={path} cannot be read: {error}; write it, or unset it.") from None
    except yaml.YAMLError as error:
        raise SettingError(f"{path} is neither YAML nor JSON: {' '.join(str(error).split())}; mend it.") from None
    if not isinstance(document, dict) or not document.get("steps"):
        raise SettingError(
            f"{path} has no steps: write what is to be built, as gcloud builds submit --config takes it."
        )
    for key in OUTPUT:
        if key in document:
            raise SettingError(f"{path} says {key}, which only a build that was submitted has: take it out.")
    return document


def refuse_ignored(environment: Environment) -> None:
    """Raise SettingError for a setting that nothing would come of, as the configuration's steps say it themselves."""
    for field in FOREIGN:
        if getattr(environment, field):
            key = next((key for key in environment.origins if key.startswith(field.upper().rstrip("S"))), field.upper())
            raise SettingError(
                f"{key} does nothing beside BUILD_CONFIG={environment.build_config}: say it in a step there, or take "
                "one of them out."
            )


def offered(environment: Environment, tree: Source, tag: str) -> dict[str, str]:
    """What a configuration may name. A build submitted by hand has no SHORT_SHA of its own."""
    return {
        "_IMAGE": environment.image,
        "_TAG": tag,
        "_SERVICE": environment.service,
        "_ENV": environment.name,
        "SHORT_SHA": tree.sha[:7],
        "COMMIT_SHA": tree.sha,
        "REVISION_ID": tree.sha,
        "BRANCH_NAME": tree.branch,
        "TAG_NAME": tag,
        "REPO_NAME": environment.service,
    }


def supply(
    environment: Environment,
    build: cloudbuild_v1.Build,
    document: Mapping[str, Any],
    values: Mapping[str, str],
    path: Path,
) -> None:
    """Give the configuration what it names: IMAGE and tag, the commit, BUILD_ARG_<NAME> as `_NAME`.

    Raises SettingError for a build argument that it does not name, and for a commit that there is not.
    """
    options = document.get("options") or {}
    mapped = any(each.get("automapSubstitutions") for each in (options, *document["steps"]))
    names = used(document, mapped)
    for name, value in values.items():
        if name in names and (value or name not in build.substitutions):
            if not value:
                raise SettingError(f"{path} names {name}, and this is no git commit: commit, or take {name} out.")
            build.substitutions[name] = value
    for name, value in environment.build_args.items():
        if f"_{name}" not in names:
            raise SettingError(
                f"BUILD_ARG_{name} does nothing beside BUILD_CONFIG={environment.build_config}: write ${{_{name}}} in "
                "a step there, or take one of them out."
            )
        build.substitutions[f"_{name}"] = value


def used(value: Any, mapped: bool = False) -> set[str]:
    """The substitutions that any text of a configuration names, and those that it has defaults for.

    Scripts have none, unless they are `mapped` into the environment (automapSubstitutions).
    """
    if isinstance(value, str):
        return {found["braced"] or found["plain"] for found in USED.finditer(value)}
    if isinstance(value, Mapping):
        declared = set(value.get("substitutions") or ()) if "steps" in value else set()
        filled = value.items() if mapped else ((key, each) for key, each in value.items() if key != "script")
        return declared.union(*(used(each, mapped) for _, each in filled))
    if isinstance(value, list):
        return set().union(*(used(each, mapped) for each in value))
    return set()
