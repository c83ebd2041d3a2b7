"""What a deploy would miss in AWS, for `doctor`, and what is worth knowing; nothing is written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...image import ecr
from ...image.reference import parse
from .. import Missing
from ..findings import Look, findings, unchecked
from . import faults, parameter, siblings

if TYPE_CHECKING:
    from ...environment.settings import Environment
    from .clients import Clients
    from .workers import Fleet


def missing(fleet: Fleet) -> list[Missing]:
    """What is absent, and what to type about it; what is `needed` nowhere is only worth knowing."""
    clients, environment = fleet.clients, fleet.environment
    looks: list[Look] = [
        lambda: credentials(clients, environment),
        lambda: siblings.missing(fleet),
        lambda: repository(environment),
        lambda: lock(clients, environment),
    ]
    return [*findings(looks, faults.told), *unset(environment)]


def credentials(clients: Clients, environment: Environment) -> Iterator[Missing]:
    """Whose credentials these are, and whether of ACCOUNT."""
    found = clients.sts.get_caller_identity()
    yield Missing(f"the credentials in use are {found['Arn']}", needed=False)
    if environment.account and found["Account"] != environment.account:
        yield Missing(
            f"they belong to account {found['Account']}, and ACCOUNT is {environment.account}",
            "set AWS_PROFILE to one of that account (aws configure list-profiles)",
        )


def repository(environment: Environment) -> Iterator[Missing]:
    """The repository of IMAGE, where that is one of ECR's."""
    where = ecr.place(parse(environment.image))
    if where is None:
        return
    client = ecr.clients(where.region).ecr
    owner = {"registryId": where.account} if where.account else {}
    try:
        found = client.describe_repositories(**owner, repositoryNames=[where.name])["repositories"][0]
    except client.exceptions.RepositoryNotFoundException:
        yield Missing(f"ECR has no repository {where.name} in account {where.account}, {where.region}", where.creation)
        return
    if found.get("imageTagMutability", "MUTABLE") == "MUTABLE":
        yield Missing(
            f"tags of {where.name} can be moved, as the repository is MUTABLE; a deploy goes by digest all the same",
            f"aws ecr put-image-tag-mutability --repository-name={where.name} --image-tag-mutability=IMMUTABLE "
            f"--region={where.region}",
            needed=False,
        )
    if where.region != environment.region:
        yield Missing(f"the images come from {where.region}, the service runs in {environment.region}", needed=False)


def lock(clients: Clients, environment: Environment) -> Iterator[Missing]:
    """Whether the lock's parameter may be read. Whether it may be written shows only when it is."""
    name = parameter.name(environment.cluster, environment.service)
    try:
        clients.ssm.get_parameter(Name=name)
    except clients.ssm.exceptions.ParameterNotFound:
        return
    except clients.ssm.exceptions.ClientError as error:
        if not faults.denied(error):
            raise
        action = re.search(r"ssm:\w+", faults.message(error))
        yield Missing(
            f"{action[0] if action else 'ssm:GetParameter'} is denied, so two releases at once are not kept apart",
            f"allow ssm:GetParameter, ssm:PutParameter and ssm:DeleteParameter on parameter{name}*",
            needed=False,
        )


def unset(environment: Environment) -> Iterator[Missing]:
    """What stays unverified, as no setting says how to check it."""
    if not environment.url:
        what = "URL is not set: neither HEALTH_PATH nor CHECK_* can be asked, and stay unverified"
        yield Missing(what, "write URL=https://... there", needed=False)
    elif not environment.health_path and not environment.checks:
        yield unchecked()
