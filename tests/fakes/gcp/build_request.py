"""What Cloud Build refuses of a build, and what it puts into one: substitutions, defaults."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .errors import Refused
from .errors import invalid as refused

KEY = re.compile(r"\$(?:\$|([A-Z_][A-Z0-9_]*)|\{([A-Z_][A-Z0-9_]*)\})")
OWN = re.compile(r"_[A-Z0-9_]+")
GIVEN = ("PROJECT_ID", "PROJECT_NUMBER", "BUILD_ID", "LOCATION", "SERVICE_ACCOUNT", "SERVICE_ACCOUNT_EMAIL")
SOURCE = (
    "REPO_NAME",
    "REPO_FULL_NAME",
    "BRANCH_NAME",
    "TAG_NAME",
    "REVISION_ID",
    "COMMIT_SHA",
    "SHORT_SHA",
    "REF_NAME",
)
TRIGGER = ("TRIGGER_NAME", "TRIGGER_BUILD_CONFIG_PATH")
IMAGE = re.compile(
    r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d+)?(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*"
    r"(:\w[\w.-]{0,127})?(@sha256:[0-9a-f]{64})?"
)
TAG = re.compile(r"\w[\w.-]{0,127}")
VERSION = re.compile(r"projects/[^/]+/secrets/[^/]+/versions/[^/]+")
LONGEST = 86400.0
HOUR = 3600.0
TEMPLATE = ("steps", "images", "tags", "artifacts", "logsBucket", "serviceAccount", "availableSecrets", "options")
LOGS = (
    "if 'build.service_account' is specified, the build must either (a) specify 'build.logs_bucket', (b) use the "
    "REGIONAL_USER_OWNED_BUCKET build.options.default_logs_bucket_behavior option, or (c) use either "
    "CLOUD_LOGGING_ONLY / NONE logging options"
)


def seconds(duration: str | None, usual: float) -> float:
    """A duration as the API writes it, or the usual one for none."""
    return float(duration.removesuffix("s")) or usual if duration else usual


def invalid(message: str) -> Refused:
    return refused(f"invalid build: {message}")


def texts(value: Any) -> Iterator[str]:
    """Every text in a part of a build."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            if key != "script":
                yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)


def mapped(value: Any, change: Callable[[str], str]) -> Any:
    """A part of a build with every text changed, but not scripts: they get variables of the environment instead."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [mapped(each, change) for each in value]
    if isinstance(value, Mapping):
        return {key: each if key == "script" else mapped(each, change) for key, each in value.items()}
    return value


def substituted(build: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, Any]:
    """The build with `$KEY` and `${KEY}` replaced; a key of the source that nobody gave is empty. Raises Refused."""
    own = build.get("substitutions", {})
    options = build.get("options", {})
    for key in own:
        if not OWN.fullmatch(key) and key not in (*SOURCE, *TRIGGER):
            raise invalid(
                f'invalid .substitutions field: substitution key "{key}" does not respect format "^_[A-Z0-9_]+$" and '
                "is not an overridable built-in substitutions"
            )
    template = {key: build[key] for key in TEMPLATE if key in build}
    used = {found[1] or found[2] for text in texts(template) for found in KEY.finditer(text)} - {None}
    wrong = [
        f'key in the template "{key}" is not a valid built-in substitution'
        for key in sorted(used)
        if not OWN.fullmatch(key) and key not in (*GIVEN, *SOURCE, *TRIGGER)
    ]
    loose = options.get("substitutionOption") == "ALLOW_LOOSE"
    mapping = options.get("automapSubstitutions") or any(step.get("automapSubstitutions") for step in build["steps"])
    if not loose:
        there = [key for key in used if OWN.fullmatch(key) and key not in own]
        wrong += [f'key in the template "{key}" is not matched in the substitution data' for key in sorted(there)]
        if not mapping:
            unused = [key for key in own if OWN.fullmatch(key) and key not in used]
            wrong += [f'key "{key}" in the substitution data is not matched in the template' for key in unused]
    if wrong:
        raise refused("invalid value for 'build.substitutions': " + ";".join(wrong))
    values = {**known, **own}

    def change(text: str) -> str:
        return KEY.sub(lambda found: values.get(found[1] or found[2], "") if found[0] != "$$" else "$", text)

    return {**build, **{key: mapped(value, change) for key, value in template.items()}}


def check(build: Mapping[str, Any]) -> None:
    """Refuse what makes no sense. Raises Refused."""
    steps = build.get("steps", [])
    if not steps:
        raise invalid("no build steps are specified")
    if len(steps) > 300:
        raise invalid(f"too many build steps: {len(steps)} > 300")
    for name in build.get("images", []):
        if not IMAGE.fullmatch(name):
            raise invalid(f'invalid image name "{name}": could not parse reference: {name}')
    if len(build.get("tags", [])) > 64 or not all(TAG.fullmatch(each) for each in build.get("tags", [])):
        raise invalid(f"invalid build tags {build['tags']}: each must match ^[\\w][\\w.-]{{0,127}}$, at most 64")
    if not 0 <= seconds(build.get("timeout"), HOUR) <= LONGEST:
        raise invalid(f"build timeout {build['timeout']} must be between 0s and {LONGEST:.0f}s")
    if int(build.get("options", {}).get("diskSizeGb", 0)) > 4000:
        raise invalid("disk size must be at most 4000 GB")
    secrets = {each["env"]: each.get("versionName", "") for each in _secrets(build)}
    for env, version in secrets.items():
        if not VERSION.fullmatch(version):
            raise invalid(f"invalid secret version name {version!r} of {env}")
    seen: set[str] = set()
    for index, step in enumerate(steps):
        _step(index, step, seen, build, secrets)
        seen.add(step.get("id", ""))
    options = build.get("options", {})
    if (
        build.get("serviceAccount")
        and not build.get("logsBucket")
        and options.get("logging") not in ("CLOUD_LOGGING_ONLY", "NONE")
        and options.get("defaultLogsBucketBehavior") != "REGIONAL_USER_OWNED_BUCKET"
    ):
        raise invalid(LOGS)


def _secrets(build: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = build.get("availableSecrets", {}).get("secretManager", [])
    return list(found)


def _step(
    index: int, step: Mapping[str, Any], seen: set[str], build: Mapping[str, Any], secrets: Mapping[str, str]
) -> None:
    if not step.get("name"):
        raise invalid(f"build step {index} must specify name")
    if not IMAGE.fullmatch(step["name"]):
        raise invalid(f'invalid build step name "{step["name"]}": could not parse reference: {step["name"]}')
    if step.get("id") and step["id"] in seen:
        raise invalid(f'build step #{index} - "{step["id"]}" has a duplicate ID')
    if step.get("script") and (step.get("args") or step.get("entrypoint")):
        raise invalid(f"build step {index} has both a script and args or entrypoint")
    if len(step.get("args", [])) > 100:
        raise invalid(f"build step {index} too many args: {len(step['args'])} > 100")
    if any(len(each) > 10_000 for each in step.get("args", [])):
        raise invalid(f"build step {index} arg too long (max: 10000)")
    for pair in (*step.get("env", []), *build.get("options", {}).get("env", [])):
        if "=" not in pair[1:]:
            raise invalid(f'build step {index} environment variable "{pair}" must be of the form KEY=VALUE')
    for name in (*step.get("secretEnv", []), *build.get("options", {}).get("secretEnv", [])):
        if name not in secrets:
            raise invalid(f'build step {index} secretEnv "{name}" is used without being defined')
    if seconds(step.get("timeout"), 0) > seconds(build.get("timeout"), HOUR):
        raise invalid(f"build step {index} timeout {step['timeout']} must be <= build timeout")
    if any(each not in seen and each != "-" for each in step.get("waitFor", [])):
        raise invalid(f"build step {index} waits for a step that is not before it: {step['waitFor']}")
