"""Say what is there, what is missing, and what to type about it, before anything is released."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from .errors import DockyardError, SettingError
from .verb import Document, Operation, verb

PLATFORMS = {"docker": "a Docker engine", "cloudrun": "Google Cloud Run", "ecs": "AWS ECS"}
SDKS = {"cloudrun": ("google.cloud.devtools", "gcp"), "ecs": ("botocore", "aws")}  # module, dockyard's extra


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `ok` None: worth knowing, nothing to mend."""

    name: str
    ok: bool | None
    detail: str


@verb()
def doctor(op: Operation) -> Document:
    """Check settings, tools, engine, registry and pin of an environment; explain it (exit 1 if one is missing)."""
    about = op.about
    looks: list[Callable[[Operation], list[Finding]]] = [settings, builder, registry, pin, target, version]
    with ThreadPoolExecutor(len(looks)) as side_by_side:
        findings = [each for found in side_by_side.map(lambda look: look(op), looks) for each in found]
    words = {True: "OK", False: "MISSING", None: "-"}
    for each in findings:
        op.show(f"{words[each.ok]:<8} {each.name}: {each.detail}")
    document = {
        **about,
        "checks": [{"name": each.name, "ok": each.ok, "detail": each.detail} for each in findings],
    }
    missing = [each.name for each in findings if each.ok is False]
    if missing:
        raise DockyardError(f"{op.name} cannot be released yet: {', '.join(missing)}.", document)
    return document


def settings(op: Operation) -> list[Finding]:
    """What the environment says, in a sentence each."""
    it = op.environment
    where = ", ".join(part for part in (it.project, it.region, it.cluster, it.docker_context) if part)
    guarded = "; it must be named to be changed, from a clean tree" if it.protected else ""
    return [
        Finding("settings", True, f"env/{op.name}.env is valid{guarded}"),
        Finding(
            "release", None, f"{it.image} to {it.service} on {PLATFORMS[it.target]}{f' ({where})' if where else ''}"
        ),
        Finding("health", None, f"GET {it.health_path}" if it.health_path else "not probed: HEALTH_PATH is not set"),
        Finding("secrets", None, ", ".join(f"{name} from {ref}" for name, ref in it.secrets.items()) or "none"),
    ]


def builder(op: Operation) -> list[Finding]:
    """Whether an image can be built here, and by which command."""
    from . import image
    from .image import recipe, source

    environment = op.environment
    try:
        asked = recipe.of(environment, source.read(op.root))
        if environment.builder == image.CLOUD:
            from . import cloud_build

            return [Finding("builder", True, cloud_build.describe(op, asked))]
        recipe.check(environment, asked)
        commands = [image.builder(environment).command(asked, platform) for platform in environment.platform]
    except DockyardError as error:
        return [Finding("builder", False, str(error.message))]
    return [Finding("builder", True, command) for command in commands]


def registry(op: Operation) -> list[Finding]:
    """Whether the registry answers, with the credentials at hand."""
    from .image.tag import for_people

    try:
        tags = for_people(op.registry.tags())
    except DockyardError as error:
        return [Finding("registry", False, str(error.message))]
    return [Finding("registry", True, f"{op.environment.image} answers, {len(tags)} tags")]


def pin(op: Operation) -> list[Finding]:
    """Whether there is a pin that can be deployed."""
    from .image import pin as pins

    path = pins.path_of(op.root, op.name)
    if not path.exists():
        return [Finding("pin", None, f"none yet; inv release --env={op.name} writes env/{path.name}")]
    try:
        found = pins.read(op.root, op.name)
    except SettingError as error:
        return [Finding("pin", False, str(error.message))]
    return [Finding("pin", True, f"{found.tag or 'no tag'} {found.digest}")]


def target(op: Operation) -> list[Finding]:
    """Whether the platform can be reached, and has what a deploy needs."""
    kind = op.environment.target
    if kind in SDKS:
        module, extra = SDKS[kind]
        there = importlib.util.find_spec(module.partition(".")[0]) is not None
        if not there:
            return [Finding(f"{extra} extra", False, f"pip install 'dockyard[{extra}]'")]
    try:
        found = op.target.missing()
    except DockyardError as error:
        return [Finding("target", False, str(error.message))]
    told = [
        Finding("target", False if each.needed else None, f"{each.what}{f'; {each.mend}' if each.mend else ''}")
        for each in found
    ]
    return (
        told if any(each.needed for each in found) else [Finding("target", True, f"{PLATFORMS[kind]} answers"), *told]
    )


def version(op: Operation) -> list[Finding]:
    """Whether the version, the pin's tag and what is deployed are one, where VERSION_FROM says what the version is."""
    from .image import pin as pins
    from .image import version as versions

    it = op.environment
    if not it.version_from:
        return []
    try:
        now = versions.read(op.root, it.version_from, it.build_number)
        pinned = pins.read(op.root, op.name).tag if pins.path_of(op.root, op.name).exists() else ""
        serving = op.target.current(instances=False).revision
    except DockyardError as error:
        return [Finding("version", None, f"not compared: {error.message}")]
    deployed = serving.release.tag if serving else ""
    told = f"{now} by VERSION_FROM={it.version_from}, {pinned or 'nothing'} pinned, {deployed or 'nothing'} deployed"
    if of_version(pinned, now) and pinned == deployed:
        return [Finding("version", True, told)]
    mend = "deploy" if of_version(pinned, now) else "release"
    return [Finding("version", None, f"{told}: they do not agree; inv {mend} --env={op.name} brings that up")]


def of_version(tag: str, version: str) -> bool:
    """Whether a tag is of a version: `v6.0.1` and `6.0.1-v2` are of 6.0.1, `6.0.10` and `16.0.1` are not."""
    return re.search(rf"(?<![0-9.]){re.escape(version)}(?![0-9]|\.[0-9])", tag) is not None
