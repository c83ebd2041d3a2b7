"""A build as a person reads it, before it is submitted: no value that looks like a secret."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...environment.secrets import redact

if TYPE_CHECKING:
    from google.cloud.devtools import cloudbuild_v1


def lines(build: cloudbuild_v1.Build) -> Iterator[str]:
    """What is run, with what, and what is pushed."""
    for step in build.steps:
        command = [step.name, *(["--entrypoint", step.entrypoint] if step.entrypoint else []), *step.args]
        yield shlex.join(redacted([part.replace("$$", "$") for part in command]))
    if build.substitutions:
        yield f"with {', '.join(f'{name}={redact(name, value)}' for name, value in build.substitutions.items())}"
    for secret in build.available_secrets.secret_manager:
        yield f"with {secret.env} from {secret.version_name}"
    machine = build.options.machine_type.name
    seconds = f"{build.timeout.total_seconds():g} s"
    yield f"on {'its standard machine' if machine == 'UNSPECIFIED' else machine}, in {seconds} at most"
    for image in build.images:
        yield f"pushing {image}"


def redacted(command: list[str]) -> list[str]:
    """A command without values that look like secrets after `--build-arg`."""
    made: list[str] = []
    for before, part in zip(["", *command], command, strict=False):
        name, equals, value = part.partition("=")
        made.append(f"{name}={redact(name, value)}" if equals and before == "--build-arg" else part)
    return made
