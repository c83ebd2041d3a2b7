"""What an engine refuses, as a sentence with a way out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import requests
from docker.errors import APIError, DockerException

from ...errors import DockyardError

Fault = type[DockyardError]

# What the engine says -> what to say. Groups of the pattern fill the sentence.
SENTENCES: tuple[tuple[str, str], ...] = (
    (
        r"Bind for (?P<at>\S+) failed: port is already allocated"
        r"|listen tcp\d? (?P<to>\S+): bind: address already in use",
        "Port {port} of the engine's host is in use: stop what has it, or set another port in URL "
        "(or PORT, without URL).",
    ),
    (
        r"[Cc]annot assign requested address",
        "The engine's host has no such interface as the one in URL: set URL to a name or address of that host.",
    ),
    (
        r"Connection refused|Max retries exceeded|Remote end closed connection|Connection reset",
        "The Docker engine stopped answering: see that it runs, then type the same again.",
    ),
    (
        r"no space left on device",
        "The disk of the engine is full: free some with `docker system df` and `docker image prune --all`.",
    ),
    (
        r'name "/(?P<name>[^"]+)" is already in use',
        "A container called {name} is already there and is not Dockyard's: remove it (`docker rm {name}`).",
    ),
    (
        r"Range of CPUs is from \S+ to (?P<most>[0-9.]+)",
        "CPU asks for more than the engine's {most}: set CPU to at most that.",
    ),
    (r"Minimum memory limit allowed is (?P<least>\w+)", "MEMORY is under the engine's least, {least}: set more."),
    (
        r"could not find an available, non-overlapping IPv4 address pool",
        "The engine has no addresses left for another network: remove unused ones with `docker network prune`.",
    ),
    (
        r"could not select device driver",
        "GPU is set, but the engine has no driver for it: install the NVIDIA container toolkit on its host.",
    ),
    (
        r"No such container: (?P<name>\S+)",
        "The container {name} was removed by somebody else meanwhile: type the same again.",
    ),
    (
        r"Container (?P<id>\w+) is not running",
        "The container {id:.12} was stopped by somebody else meanwhile: type the same again.",
    ),
    (
        r"Address already in use",
        "An address of the service's network is taken by a container that is not Dockyard's: stop that.",
    ),
)


def sentence(said: str) -> str:
    """What to tell an operator about the engine's words."""
    for pattern, text in SENTENCES:
        if found := re.search(pattern, said):
            values = found.groupdict()
            at = values.get("at") or values.get("to") or ""
            return text.format(port=at.rpartition(":")[2], **{k: v for k, v in values.items() if k not in ("at", "to")})
    return f"The Docker engine said: {said.strip()}."


def explanation(error: Exception) -> str:
    """The engine's own words."""
    return str(error.explanation or error) if isinstance(error, APIError) else str(error)


@contextmanager
def told(fault: Callable[[str], DockyardError] = DockyardError) -> Iterator[None]:
    """Turn the SDK's exceptions into sentences."""
    try:
        yield
    except (requests.exceptions.ConnectionError, requests.exceptions.Timeout) as error:
        raise fault("The Docker engine stopped answering: see that it runs, then type the same again.") from error
    except (DockerException, requests.exceptions.RequestException) as error:
        raise fault(sentence(explanation(error))) from error
