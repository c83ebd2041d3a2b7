"""The Google fake of the tests as a process of its own, which counts the calls, and the service that is there."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import httpx

from tests.fakes.gcp.server import told

from ..processes import Failed, end
from ..project import ROOT

PROJECT, REGION = "benchmarks", "europe-west3"
PARENT = f"projects/{PROJECT}/locations/{REGION}"
IMAGE = f"{REGION}-docker.pkg.dev/{PROJECT}/images/api"
OWN = ("CLOUDSDK_", "GOOGLE_")  # settings of this machine, for no process here


@dataclass
class Fake:
    """A server of Google's APIs on loopback."""

    url: str

    @cached_property
    def environ(self) -> dict[str, str]:
        """What a client gets, so that it asks here, by gRPC as in production."""
        known: dict[str, str] = self.tell("environ", "grpc")
        return {**known, "NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}

    def tell(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method of the fake, or read a value of it."""
        return told(self.url, name, *args, **kwargs)

    def service(self, name: str) -> None:
        """A public service that runs an older image, as somebody deployed it by hand."""
        template = {"containers": [{"image": f"{IMAGE}@{digest('old')}"}]}
        made = {"template": template, "invokerIamDisabled": True}
        url = f"{self.url}/v2/{PARENT}/services"
        httpx.post(url, params={"serviceId": name}, json=made, trust_env=False).raise_for_status()

    def rollout(self, seconds: float) -> None:
        """How long a rollout lasts from now on."""
        self.tell("set", rollout=seconds)

    def ready(self, revision: str) -> float:
        """When a revision got ready, in seconds since 1970."""
        service = revision.rpartition("-")[0].rpartition("-")[0]
        answer = httpx.get(f"{self.url}/v2/{PARENT}/services/{service}/revisions/{revision}", trust_env=False)
        conditions = answer.raise_for_status().json()["conditions"]
        at = next(each["lastTransitionTime"] for each in conditions if each["type"] == "Ready")
        return datetime.fromisoformat(at).timestamp()

    def log(self) -> list[dict[str, Any]]:
        """The calls since they were counted last, with what they asked."""
        calls: list[dict[str, Any]] = self.tell("log")
        return calls

    def counted(self) -> list[str]:
        """The methods that were called since this was asked last: `run.projects.locations.services.get`."""
        calls: list[str] = self.tell("methods")
        self.tell("forget")
        return calls


def digest(text: str) -> str:
    """A digest of an image that nobody looks at."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


@contextmanager
def faked() -> Iterator[Fake]:
    """The server, until the block is left. Raises Failed where it does not come up."""
    for key in [key for key in os.environ if key.startswith(OWN)]:
        del os.environ[key]
    argv = [sys.executable, "-m", "tests.fakes.gcp", f"--project={PROJECT}", f"--region={REGION}"]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True) as child:
        try:
            url = child.stdout.readline().strip() if child.stdout else ""
            if not url:
                raise Failed("The Google fake did not come up; type ./inv test, which installs what it needs.")
            yield Fake(url)
        finally:
            end(child)
