"""What settings must say together. Each rule yields the key to mend and a sentence about it, without its value."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from . import cloudrun, keys, names
from .references import readable, wanted
from .secrets import looks_secret
from .settings import Environment
from .units import size

Complaints = Iterator[tuple[str, str]]
Rule = Callable[[Environment], Complaints]

CLOUDS = {"cloudrun": ("Secret Manager", "name"), "ecs": ("Secrets Manager", "ARN")}
NEEDED = {"docker": (), "cloudrun": ("PROJECT", "REGION"), "ecs": ("REGION", "CLUSTER")}
CLOUD_BUILD_ONLY = ("BUILD_MACHINE", "BUILD_BUCKET", "BUILD_LOGGING", "BUILD_CONFIG")
RESERVED = re.compile(r"PORT|K_SERVICE|K_REVISION|K_CONFIGURATION|X_GOOGLE_.*")  # Cloud Run sets these itself
CLOUD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
MIB = 1024**2
LONGEST_BAKE = 86400.0  # seconds: ECS takes 0 to 1440 minutes
LEAST_MEMORY = {"docker": "6Mi", "ecs": "6Mi", "cloudrun": "128Mi"}  # less is refused when it is too late


def honoured(it: Environment) -> Complaints:
    """No key that the target cannot honour; a cloud build needs a PROJECT on every target."""
    for key in it.origins:
        targets = keys.targets(key)
        if it.target not in targets and not (key == "PROJECT" and it.builder == "cloudbuild"):
            shared = it.origins[key].path.name == "common.env"
            mend = f"unset it with {key}= in env/{it.name}.env" if shared else "remove it"
            yield key, f"{key} does nothing on TARGET={it.target}, only on {' and '.join(targets)}; {mend}."


def needed(it: Environment) -> Complaints:
    """What the target and the builder cannot do without."""
    for key in NEEDED[it.target]:
        if key not in it.origins:
            yield key, f"{key} is missing; TARGET={it.target} needs it, so write {key}=... there."
    if it.builder == "cloudbuild" and it.target != "cloudrun" and "PROJECT" not in it.origins:
        yield "PROJECT", "PROJECT is missing; BUILDER=cloudbuild needs it, so write PROJECT=... there."


def references(it: Environment) -> Complaints:
    """Secrets are references that the target or the builder can read."""
    for prefix, secrets, reader in (
        ("SECRET_", it.secrets, it.target),
        ("BUILD_SECRET_", it.build_secrets, it.builder),
    ):
        for name, reference in secrets.items():
            if reader != "engine" and not readable(reference, reader):
                text = (
                    f"{prefix}{name} holds no reference that {reader} can read (not shown, as it may be a secret); "
                    f"write {wanted(reader)}."
                )
                yield f"{prefix}{name}", text


def disclosed(it: Environment) -> Complaints:
    """No secret in a variable of a protected cloud service, and none in a build argument anywhere."""
    for name, value in it.variables.items():
        if it.protected and it.target in CLOUDS and looks_secret(name, value):
            store, reference = CLOUDS[it.target]
            text = (
                f"{name} looks like a secret, and {it.name} is protected; "
                f"store it in {store}, and write SECRET_{name} with its {reference} there."
            )
            yield f"ENV_{name}", text
    for name, value in it.build_args.items():
        if looks_secret(name, value):
            text = (
                f"BUILD_ARG_{name} looks like a secret, and build arguments stay readable in the image; "
                f"write BUILD_SECRET_{name} with a reference."
            )
            yield f"BUILD_ARG_{name}", text


def variables(it: Environment) -> Complaints:
    """Variables that a cloud takes, and all that are REQUIRED."""
    for name in sorted(it.variables.keys() | it.secrets.keys()) if it.target in CLOUDS else ():
        key = f"ENV_{name}" if name in it.variables else f"SECRET_{name}"
        if not CLOUD_NAME.fullmatch(name):
            text = f"{name} is no name that {it.target} takes; write letters, digits, `_`, `.` and `-`, no digit first."
            yield key, text
        elif it.target == "cloudrun" and RESERVED.fullmatch(name):
            yield key, f"{name} is set by Cloud Run itself; remove it{', and write PORT' if name == 'PORT' else ''}."
    given = {*it.variables, *it.secrets, *(["PORT"] if it.target != "ecs" or "PORT" in it.origins else [])}
    for name in it.required:
        if name not in given:
            yield "REQUIRED", f"REQUIRED names {name}, which is not set; write ENV_{name} or SECRET_{name}."


def building(it: Environment) -> Complaints:
    """What only some builders can do, and Dockerfiles that are refused."""
    for key in CLOUD_BUILD_ONLY:
        if key in it.origins and it.builder != "cloudbuild":
            text = f"{key} belongs to BUILDER=cloudbuild, not to BUILDER={it.builder}; remove it, or change BUILDER."
            yield key, text
    for key in it.origins:
        if it.builder == "engine" and keys.pattern(key) in ("BUILD_CA", "BUILD_SECRET_<NAME>"):
            yield key, f"{key} needs BUILDER=buildkit or cloudbuild; the engine's own builder has no secrets."
    if name := refused(it.deprecated, it.dockerfile, it.root):
        text = f"{name} is DEPRECATED here; write DOCKERFILE with another."
        yield "DOCKERFILE" if "DOCKERFILE" in it.origins else "DEPRECATED", text
    if it.target == "cloudrun" and "linux/amd64" not in it.platform:
        yield "PLATFORM", "PLATFORM lacks linux/amd64, which Cloud Run runs; add it."


def refused(deprecated: Iterable[str], dockerfile: Path, root: Path) -> str:
    """The entry of DEPRECATED that names a Dockerfile, by its file name or its path in the project; "" if none does."""
    same = (name for name in deprecated if (dockerfile == root / name if "/" in name else dockerfile.name == name))
    return next(same, "")


def tagging(it: Environment) -> Complaints:
    """A TAG whose parts are known, and that does not move."""
    if "{build}" in it.tag and not it.build_number:
        yield "TAG", "TAG names {build}, but BUILD_NUMBER is not set; set it."
    if "{version}" in it.tag and not it.version_from:
        yield "TAG", "TAG names {version}; say where it comes from: VERSION_FROM=changelog, build_number or git."
    if it.version_from == "build_number" and not it.build_number:
        yield "VERSION_FROM", "VERSION_FROM=build_number needs BUILD_NUMBER, which is not set; set it."
    if it.tag == "latest" or it.tag in it.also_tag:
        yield "TAG", f"TAG={it.tag} is a moving tag, which is never deployed; write one such as {{date}}-{{sha}}."
    for key, tag in (("TAG", it.tag), *(("ALSO_TAG", tag) for tag in it.also_tag)):
        if tag.startswith("inputs-"):
            text = f"{key} {tag} begins with inputs-, as the tags do that find an image by its inputs; write another."
            yield key, text


def scaling(it: Environment) -> Complaints:
    """Instances, GPUs and memory that fit together."""
    if it.min_instances is not None and it.max_instances is not None and it.min_instances > it.max_instances:
        text = f"MIN_INSTANCES={it.min_instances} is more than MAX_INSTANCES={it.max_instances}; lower it."
        yield "MIN_INSTANCES", text
    for key in ("GPU_TYPE", "GPU_ZONAL_REDUNDANCY"):
        if key in it.origins and "GPU" not in it.origins:
            yield key, f"{key} selects nothing without GPU; write GPU=1."
    least = LEAST_MEMORY[it.target]
    if it.memory is not None and it.memory < size(least):
        yield "MEMORY", f"MEMORY is less than {least}, the least on TARGET={it.target}; write a unit: 512Mi, not 512."


def ecs(it: Environment) -> Complaints:
    """What ECS takes only in its own units and steps, and what can be asked only of a URL."""
    if it.target != "ecs":
        return
    if it.memory is not None and it.memory % MIB:
        yield "MEMORY", f"MEMORY is in whole MiB on TARGET=ecs; write MEMORY={-(-it.memory // MIB)}Mi."
    for mount in it.tmpfs:
        if ":" not in mount:
            yield "TMPFS", f"TMPFS {mount} needs a size on TARGET=ecs; write {mount}:64Mi."
    step = it.canary[0] if it.canary else 0
    if len(it.canary) > 1 and (step < 3 or it.canary != tuple(range(step, 100, step))):
        text = (
            f"CANARY={','.join(map(str, it.canary))} is nothing that ECS can do: write one step, such as {step}, or "
            "all of equal steps of at least 3, such as 25,50,75."
        )
        yield "CANARY", text
    if it.canary and it.bake is not None and it.bake > LONGEST_BAKE:
        yield "BAKE", "BAKE is at most 24h beside CANARY on TARGET=ecs; lower it."
    bake = math.ceil((60 if it.bake is None else it.bake) / 60)
    takes = bake * (len(it.canary) + (it.bake is not None)) if it.canary else 0
    if takes * 60 >= it.deploy_timeout:
        text = (
            f"CANARY takes {takes} minutes on TARGET=ecs, with BAKE in whole ones, and DEPLOY_TIMEOUT ends it before "
            f"that; write DEPLOY_TIMEOUT={takes + 10}m."
        )
        yield "CANARY", text
    for key in it.origins:
        if (key == "HEALTH_PATH" or keys.pattern(key) == "CHECK_<NAME>") and not it.url:
            yield key, f"{key} cannot be asked without URL on TARGET=ecs; write URL with where the service is reached."


def project(it: Environment) -> Complaints:
    """DEFAULT_ENV, which only common.env may say."""
    origin = it.origins.get("DEFAULT_ENV")
    if origin and origin.path.name != "common.env":
        yield "DEFAULT_ENV", "DEFAULT_ENV belongs in env/common.env, which every environment reads; move it there."
    elif it.default_env and it.default_env not in names(it.root):
        known = ", ".join(names(it.root))
        yield "DEFAULT_ENV", f"DEFAULT_ENV={it.default_env} names no environment; there is {known}."


# Each rule with what it needs: where one of those could not be read, the rule has nothing to say.
LINES = "every line"  # a key that seems to be missing may stand in a line that does not parse
RULES: tuple[tuple[Rule, tuple[str, ...]], ...] = (
    (honoured, ("target", "builder")),
    (needed, ("target", "builder", LINES)),
    (references, ("target", "builder")),
    (disclosed, ("target", "protected")),
    (variables, ("target",)),
    (building, ("target", "builder", "platform")),
    (tagging, ("tag", "build_number", "version_from")),
    (scaling, ("target", "memory", "min_instances", "max_instances")),
    (cloudrun.sizes, ("target", "gpu", "gpu_type", "cpu", "memory", "concurrency")),
    (cloudrun.times, ("target", "request_timeout", "health_path", "health_timeout")),
    (cloudrun.named, ("target", "service", "service_account")),
    (cloudrun.variables, ("target",)),
    (ecs, ("target", "memory", "tmpfs", "canary", "bake", "deploy_timeout", "url", LINES)),
    (project, ()),
)
