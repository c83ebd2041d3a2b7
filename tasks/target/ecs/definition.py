"""A task definition: as ECS has it, and as a release with these settings wants it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ...errors import SettingError
from ...image.reference import split
from . import container, sizing

if TYPE_CHECKING:
    from ...environment.settings import Environment
    from .. import Release

Content = Mapping[str, Any]


@dataclass(frozen=True)
class Definition:
    """One revision of a task definition. `content` is the reply's `taskDefinition`, with what ECS adds to it.

    `unknown` are the fields of the raw reply that botocore dropped.
    """

    arn: str
    content: Content = field(repr=False)
    tags: Mapping[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """`family:43`."""
        return self.arn.rpartition("/")[2]

    @property
    def family(self) -> str:
        """The name without its number."""
        return self.name.partition(":")[0]

    @property
    def active(self) -> bool:
        """Whether a service can be brought to it: one that was deregistered cannot."""
        return str(self.content.get("status", "ACTIVE")) == "ACTIVE"

    @cached_property
    def containers(self) -> Mapping[str, Content]:
        """Its containers by name."""
        return {each["name"]: each for each in self.content.get("containerDefinitions") or ()}

    def images(self, environment: Environment) -> list[str]:
        """The images of the containers that get the service's; none where the settings fit no container."""
        try:
            names = chosen(self, environment)
        except SettingError:
            return []
        return [str(self.containers[name].get("image", "")) for name in names]

    def digest(self, environment: Environment) -> str:
        """The digest that those containers are pinned to; "" where one is not, or they differ."""
        digests = {image.partition("@")[2] for image in self.images(environment)}
        return digests.pop() if len(digests) == 1 else ""


def read(reply: Mapping[str, Any], unknown: Sequence[str] = ()) -> Definition:
    """A reply of DescribeTaskDefinition or RegisterTaskDefinition; `unknown` is what `fields.watch` has noted."""
    content = reply["taskDefinition"]
    arn = content["taskDefinitionArn"]
    tags = {each["key"]: each.get("value", "") for each in reply.get("tags") or ()}
    mine = dict.fromkeys(path for owner, _, path in (each.partition(" ") for each in unknown) if owner == arn)
    return Definition(arn, content, tags, tuple(mine))


def chosen(definition: Definition, environment: Environment, *, worker: bool = False) -> list[str]:
    """The containers that get the image: CONTAINER, else those whose repository is IMAGE.

    A worker's service may name its container otherwise. Raises SettingError where there is none.
    """
    known = definition.containers
    if environment.container in known:
        return [environment.container]
    where = f"{environment.origins.get('CONTAINER', f'env/{environment.name}.env')}"
    if environment.container and not worker:
        raise SettingError(
            f"{where}: CONTAINER={environment.container} is no container of {definition.name}; "
            f"write one of {', '.join(known)}."
        )
    found = [name for name, each in known.items() if split(each.get("image", ""))[0] == environment.image]
    if not found:
        listed = ", ".join(f"{name} ({split(each.get('image', ''))[0]})" for name, each in known.items())
        raise SettingError(
            f"{where}: no container of {definition.name} has an image of IMAGE={environment.image}; "
            f"write CONTAINER with the one that gets it: {listed}."
        )
    return found


def main(definition: Definition, environment: Environment, *, worker: bool = False) -> str:
    """The one of them that is the process itself: what has ports, else what is essential. Raises SettingError."""
    names = chosen(definition, environment, worker=worker)
    known = definition.containers
    for of_interest in (
        names,
        [name for name in names if known[name].get("portMappings")],
        [name for name in names if known[name].get("essential", True)],
    ):
        if len(of_interest) == 1:
            return of_interest[0]
    raise SettingError(
        f"env/{environment.name}.env: {' and '.join(names)} of {definition.name} all run IMAGE; "
        "write CONTAINER with the one that is the service."
    )


def registrable(content: Content, accepted: Collection[str]) -> dict[str, Any]:
    """A described task definition as the request that would register it again, tags apart: no nulls, nothing else."""
    kept = {key: value for key, value in content.items() if key in accepted and key != "tags"}
    return {key: without_nulls(value) for key, value in kept.items() if value is not None}


def without_nulls(value: Any) -> Any:
    """A copy without the members that are null, at any depth."""
    if isinstance(value, Mapping):
        return {key: without_nulls(each) for key, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [without_nulls(each) for each in value if each is not None]
    return value


def wanted(
    definition: Definition,
    environment: Environment,
    release: Release,
    accepted: Collection[str],
    command: Sequence[str] = (),
) -> dict[str, Any]:
    """The RegisterTaskDefinition request of a release, tags apart. A `command` makes it a worker's.

    Only what the settings name is changed, in the containers that get the image; PORT, HEALTH_COMMAND and
    TASK_FAMILY are the service's own, not its workers'. Raises SettingError for what ECS cannot honour.
    """
    worker = bool(command)
    names = chosen(definition, environment, worker=worker)
    process = main(definition, environment, worker=worker) if own(environment) or worker else ""
    request = registrable(definition.content, accepted)
    if environment.task_family and not worker:
        request["family"] = environment.task_family
    settled = []
    for each in request["containerDefinitions"]:
        if each["name"] in names:
            each = container.settled(each, environment, release.reference)  # noqa: PLW2901
        if each["name"] == process and worker:
            each = {**each, "command": list(command)}  # noqa: PLW2901
        elif each["name"] == process:
            each = container.serving(each, environment, str(request.get("networkMode", "bridge")))  # noqa: PLW2901
        settled.append(each)
    return sizing.sized({**request, "containerDefinitions": settled}, environment, names)


def own(environment: Environment) -> bool:
    """Whether the settings name what only the service's own container can have."""
    return any(key in environment.origins for key in ("PORT", "HEALTH_COMMAND"))
