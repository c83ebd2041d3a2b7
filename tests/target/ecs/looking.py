"""A service on the AWS fake, and what looks at it."""

from __future__ import annotations

from pathlib import Path

from tasks import environment
from tasks.environment.settings import Environment
from tasks.target.ecs.clients import Clients
from tasks.target.ecs.workers import Fleet
from tests.fakes import definitions
from tests.fakes.cloud import Cloud


def served(cloud: Cloud, name: str = "web", tag: str = "v1", desired: int = 1) -> str:
    """A service that runs an image of the repository `web`; the image's digest."""
    digest = cloud.image("web", tag)
    cloud.service(name, image=f"{address(cloud)}@{digest}", desired=desired)
    return digest


def address(cloud: Cloud) -> str:
    """The repository `web`, as an image names it."""
    return f"{cloud.region().registry}/web"


def settings(cloud: Cloud, root: Path, text: str = "") -> Environment:
    """The service's environment `prod`, with this beside the least that it needs."""
    (root / "env").mkdir(exist_ok=True)
    least = f"TARGET=ecs\nSERVICE=web\nIMAGE={address(cloud)}\nREGION={cloud.knobs.region}\nCLUSTER=c\n"
    (root / "env" / "prod.env").write_text(least + text, encoding="utf-8")
    return environment.load(root, "prod")


def fleet(environment: Environment) -> Fleet:
    """The service and its workers, with clients of their own."""
    return Fleet(Clients(environment.region), environment)


def deployed(cloud: Cloud, digest: str, name: str = "web", **tags: str) -> str:
    """Another task definition with that digest, and the service brought to it; its name."""
    registered = register(cloud, cloud.running(name)["taskDefinition"], digest, **tags)
    cloud.client("ecs").update_service(cluster="c", service=name, taskDefinition=registered)
    return registered


def register(cloud: Cloud, before: str, digest: str, **tags: str) -> str:
    """A copy of a task definition with another digest and these tags `dockyard.*`; its name."""
    content = cloud.task_definition(before.rpartition("/")[2])
    first, *rest = content["containerDefinitions"]
    request = {
        "family": content["family"],
        "networkMode": "awsvpc",
        "containerDefinitions": [{**first, "image": f"{address(cloud)}@{digest}"}, *rest],
        "tags": [{"key": f"dockyard.{key}", "value": value} for key, value in tags.items()],
    }
    made = definitions.register(cloud.region(), request)["taskDefinition"]
    return f"{made['family']}:{made['revision']}"
