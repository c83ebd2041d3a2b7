"""Builds with the engine's classic builder, through the docker SDK: no secrets, no cache mounts, no docker CLI."""

from __future__ import annotations

import math
import shlex
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import requests
from docker.errors import DockerException
from urllib3.exceptions import HTTPError

from ..errors import DockyardError, SettingError
from . import Built, Recipe
from .images import Images, speaking
from .progress import Progress, View, failure
from .reproducible import because

if TYPE_CHECKING:
    import docker


class Classic:
    """A builder for `BUILDER=engine`."""

    def __init__(self, client: docker.DockerClient | None = None) -> None:
        self.client = client

    def command(self, recipe: Recipe, platform: str) -> str:
        """The request, as one line."""
        from ..environment.secrets import redact

        asked = request(recipe, platform)
        args = {f"buildargs.{name}": redact(name, value) for name, value in recipe.args.items()}
        labels = {f"labels.{name}": value for name, value in recipe.labels.items()}
        plain = {name: value for name, value in asked.items() if name not in ("buildargs", "labels")}
        return shlex.join(
            ["POST", "/build", *(f"{name}={value}" for name, value in {**plain, **args, **labels}.items())]
        )

    def irreproducible(self, _: Recipe, /) -> str:
        """Why the same inputs, built again, have another digest."""
        return because("The classic builder")

    def build(self, recipe: Recipe, platform: str) -> Built:
        """Build for one platform, without a tag. Raises DockyardError with the failing step's last lines."""
        from ..target.docker.engine import connect

        client = self.client or connect()
        progress = Progress()
        image_id = ""
        with View(progress) as view:
            for event in self._events(client, recipe, platform):
                for line, text in lines(event, progress):
                    view.line(line, text)
                image_id = (event.get("aux") or {}).get("ID", image_id)
                if "error" in event:
                    raise failure(progress, recipe.dockerfile, str(event["error"]))
        found = Images(client, "dockyard").find(image_id) if image_id else None
        if found is None:
            raise DockyardError(f"The engine built {recipe.dockerfile} but named no image: use BUILDER=buildkit.")
        return Built(platform, found.id, found.size)

    def _events(self, client: docker.DockerClient, recipe: Recipe, platform: str) -> Iterator[dict[str, Any]]:
        deadline = time.monotonic() + recipe.timeout
        late = DockyardError(
            f"The build was ended after {recipe.timeout:g} s (BUILD_TIMEOUT): make it faster, or raise BUILD_TIMEOUT."
        )
        with speaking(f"build {recipe.dockerfile}"):
            try:
                for event in client.api.build(
                    **request(recipe, platform), timeout=max(1, math.ceil(recipe.timeout)), decode=True
                ):
                    yield event
                    if time.monotonic() > deadline:
                        raise late
            except (requests.RequestException, HTTPError) as error:
                if time.monotonic() >= deadline:
                    raise late from None
                raise DockerException(str(error)) from None


def request(recipe: Recipe, platform: str) -> dict[str, Any]:
    """The arguments of the SDK's `build`. Raises SettingError for what the classic builder cannot do."""
    if recipe.secrets:
        raise SettingError(
            f"BUILDER=engine cannot pass build secrets ({', '.join(recipe.secrets)}): "
            "set BUILDER=buildkit, or take BUILD_CA and BUILD_SECRET_* out."
        )
    return {
        "path": str(recipe.context),
        "dockerfile": str(recipe.dockerfile),
        "platform": platform,
        "target": recipe.stage or None,
        "buildargs": dict(recipe.args),
        "labels": dict(recipe.labels),
        "network_mode": recipe.network or None,
        "nocache": recipe.no_cache,
        "rm": True,
        "forcerm": True,
    }


def lines(event: dict[str, Any], progress: Progress) -> list[tuple[str, str]]:
    """An event's lines, each as BuildKit would say it and as it is: `Step 2/3 : RUN x` begins a step."""
    made: list[tuple[str, str]] = []
    texts = str(event.get("stream", "")).splitlines()
    if event.get("status"):
        texts.append(f"{event.get('id', '')} {event['status']}".strip())
    steps = len(progress.steps)
    for text in texts:
        if text.startswith("Step "):
            steps += 1
            made.append((f"#{steps} {text}", text))
        elif text.strip() and not text.startswith("Removing intermediate container"):
            made.append((f"#{max(steps, 1)} 0.0 {text}", text))
    if "error" in event:
        made.append((f"#{max(steps, 1)} ERROR: {event['error']}", f"ERROR: {event['error']}"))
    return made
