"""What an image is called: templates, hotfixes, and `-v2` where other content has the name.

{env} {date} YYYYMMDD and {time} HHMMSS in UTC, {sha} short with -dirty, {branch} made tag-safe,
{version} by VERSION_FROM, {build} is BUILD_NUMBER
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ..errors import SettingError
from . import version
from .reference import DIGEST
from .source import Source

if TYPE_CHECKING:
    from ..environment.settings import Environment

VALID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
ISSUE = re.compile(r"[A-Za-z0-9_.-]+")
FIXED = re.compile(r"\bfixed\b")
INPUTS = "inputs-"  # how tags begin that Dockyard sets itself, to find an image by what it was built from


def wanted(
    environment: Environment, source: Source, *, tag: str = "", hotfix: str = "", now: datetime | None = None
) -> str:
    """The tag to build under: `tag` as it is, else TAG's template, for a hotfix with the issue in it.

    Raises SettingError for a template that cannot be filled, for a moving tag, and for an invalid one.
    """
    if tag and hotfix:
        raise SettingError(f"--tag={tag} and --hotfix={hotfix} exclude each other: give one of them.")
    template = for_hotfix(environment.tag, hotfix) if hotfix else environment.tag
    made = tag or fill(template, values(environment, source, fields(template), now or datetime.now(UTC)))
    return valid(still(made, moving(environment)))


def values(environment: Environment, source: Source, used: Iterable[str], now: datetime) -> dict[str, str]:
    """What each used field stands for. Only a used {version} is looked up."""
    every: dict[str, Callable[[], str]] = {
        "env": lambda: environment.name,
        "date": lambda: now.astimezone(UTC).strftime("%Y%m%d"),
        "time": lambda: now.astimezone(UTC).strftime("%H%M%S"),
        "sha": lambda: source.short_revision,
        "branch": lambda: safe(source.branch),
        "version": lambda: version.read(environment.root, environment.version_from, environment.build_number),
        "build": lambda: environment.build_number,
    }
    return {field: every[field]() for field in used}


def fields(template: str) -> tuple[str, ...]:
    """The fields of a template, each once; settings take no other than there are."""
    return tuple(dict.fromkeys(re.findall(r"\{(\w+)\}", template)))


def fill(template: str, given: Mapping[str, str]) -> str:
    """A template with its fields filled in. Raises SettingError for a field without a value."""
    absent = {
        "sha": "a git commit, and there is none yet",
        "branch": "a git branch, and none is checked out",
    }
    for field, value in given.items():
        if not value:
            raise SettingError(
                f"TAG={template} needs {absent.get(field, f'a value for {{{field}}}')}: "
                "set TAG={env}-{date}, say, or give --tag."
            )
    return template.format_map(given)


def for_hotfix(template: str, issue: str) -> str:
    """The template of a hotfix, which ends with the issue.

    The word `fixed` in it becomes `hotfix` (`production-hotfix-{date}-issue123`), else `{env}` becomes
    `{env}-hotfix` (`{env}-hotfix-{date}-issue123`), else `-hotfix` follows it (`{sha}-hotfix-issue123`).
    """
    if not ISSUE.fullmatch(issue):
        raise SettingError(f"--hotfix={issue!r} cannot be part of a tag: use letters, digits, `_`, `.` and `-`.")
    if FIXED.search(template):
        return f"{FIXED.sub('hotfix', template, count=1)}-{issue}"
    if "{env}" in template:
        return f"{template.replace('{env}', '{env}-hotfix', 1)}-{issue}"
    return f"{template}-hotfix-{issue}"


def safe(text: str) -> str:
    """Text as a part of a tag: `feature/Über` is `feature-ber`."""
    return re.sub(r"-{2,}", "-", re.sub(r"[^A-Za-z0-9_.-]", "-", text)).strip("-.")


def valid(tag: str) -> str:
    """The tag, if a registry takes it. Raises SettingError."""
    if not VALID.fullmatch(tag):
        raise SettingError(
            f"{tag!r} is no image tag: it has 1 to 128 letters, digits, `_`, `.` and `-`, "
            "and starts with none of the last two. Set TAG, or give --tag."
        )
    if tag.startswith(INPUTS):
        raise SettingError(
            f"{tag!r} begins with `{INPUTS}`, as the tags do that find an image by its inputs: choose another tag."
        )
    return tag


def of_inputs(inputs: str) -> str:
    """The tag of a hash of inputs, `sha256:…`; "" for what is none."""
    return f"{INPUTS}{inputs.removeprefix('sha256:')}" if DIGEST.fullmatch(inputs) else ""


def for_people(tags: Iterable[str]) -> list[str]:
    """Tags without those that find an image by its inputs."""
    return [tag for tag in tags if not tag.startswith(INPUTS)]


def moving(environment: Environment, also: Iterable[str] = ()) -> frozenset[str]:
    """The tags that are moved from image to image: `latest`, ALSO_TAG's and `--also`'s."""
    return frozenset({"latest", *environment.also_tag, *also})


def still(tag: str, moves: frozenset[str]) -> str:
    """The tag, if it does not move. Raises SettingError for one that does."""
    if tag in moves:
        raise SettingError(
            f"{tag!r} is a moving tag, so nothing is built, pinned or deployed by it: name the release with another "
            f"--tag, and move {tag!r} to it with --also={tag}."
        )
    return tag


def free(tag: str, taken: Callable[[str], bool]) -> str:
    """The first of `tag`, `tag-v2`, `tag-v3` and so on that no other content has."""
    name, number = tag, 1
    while taken(name):
        number += 1
        name = f"{tag}-v{number}"
    return valid(name)


def following(tag: str) -> str:
    """The tag to take where this one is taken: `v1` is followed by `v1-v2`, and that by `v1-v3`."""
    name, number = (found[1], int(found[2])) if (found := re.fullmatch(r"(.+)-v(\d+)", tag)) else (tag, 1)
    return f"{name}-v{number + 1}"


def each(tag: str, platforms: Sequence[str]) -> dict[str, str]:
    """Under which tag each platform's image goes: `tag` itself for one, `tag-linux-arm64` for each of several."""
    if len(platforms) == 1:
        return {platforms[0]: tag}
    return {platform: f"{tag}-{platform.replace('/', '-')}" for platform in platforms}


def whole(tags: Iterable[str], platforms: Sequence[str], platform: str) -> list[str]:
    """What `each` made the tags of one platform's image from; all of them where there is one platform."""
    tags = for_people(tags)
    if len(platforms) == 1:
        return tags
    ends = [each("", platforms)[own] for own in platforms if own.split("/")[:2] == platform.split("/")[:2]]
    return [tag.removesuffix(end) for tag in tags for end in ends if tag.endswith(end)]


def expected(environment: Environment, source: Source) -> str:
    """What TAG's template gives now; "" where it cannot be filled."""
    try:
        return wanted(environment, source)
    except SettingError:
        return ""


def newest(tags: Iterable[str], template: str = "") -> str:
    """The tag to speak of where an image has several: that of the template (its highest `-vN`), else the last in order.

    Numbers count as numbers: `v10` comes after `v9`.
    """
    named = [name for name in tags if template and re.fullmatch(rf"{re.escape(template)}(-v\d+)?", name)]
    return max(named or tags, key=_natural, default="")


def _natural(tag: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", tag) if part]
