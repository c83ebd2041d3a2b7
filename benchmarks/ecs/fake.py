"""The AWS fake of the tests as a process of its own, which counts the calls, and what there is on it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.fakes.aws import told

from ..processes import Failed, end
from ..project import ROOT

ACCOUNT, REGION, CLUSTER = "123456789012", "eu-north-1", "benchmarks"
CONTAINER, REPOSITORY = "app", "api"
OWN = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN")  # of this machine, for no process here


@dataclass
class Fake:
    """A server of an account of AWS on loopback; its `home` is one without settings of AWS."""

    url: str
    home: Path

    @cached_property
    def environ(self) -> dict[str, str]:
        """What a client gets, so that it asks here, and with nothing of this machine's own settings of AWS."""
        known: dict[str, str] = self.tell("environ")
        return {**known, "HOME": str(self.home), "NO_PROXY": "127.0.0.1", "AWS_PAGER": ""}

    @cached_property
    def image(self) -> str:
        """The repository's address."""
        address: str = self.tell("repository", REPOSITORY)
        return address

    def client(self, service: str) -> Any:
        """A client of botocore, to look."""
        import botocore.session

        return botocore.session.get_session().create_client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id=self.environ["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environ["AWS_SECRET_ACCESS_KEY"],
        )

    def tell(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method of the fake's Cloud, or read a value of it."""
        return told(self.url, name, *args, **kwargs)

    def service(self, name: str) -> None:
        """A service with one task, that runs an older image."""
        self.tell("service", name, cluster=CLUSTER, container=CONTAINER, image=f"{self.image}:v0")

    def push(self, tag: str) -> str:
        """Another image under a tag; its digest."""
        digest: str = self.tell("image", REPOSITORY, tag)
        return digest

    def counted(self) -> list[str]:
        """The calls since this was asked last, as `ecs:UpdateService`; those in error have its code after it."""
        calls: list[str] = self.tell("counted")["calls"]
        self.tell("reset_calls")
        return calls

    def began(self, service: str) -> float:
        """When the service's newest deployment began, in seconds since 1970."""
        return float(self.tell("running", service, CLUSTER)["deployments"][0]["createdAt"])


@contextmanager
def faked(folder: Path) -> Iterator[Fake]:
    """The server, until the block is left. Raises Failed where it does not come up."""
    for key in OWN:
        os.environ.pop(key, None)
    home = folder / "aws-home"
    home.mkdir()
    argv = [sys.executable, "-m", "tests.fakes.aws", f"--account={ACCOUNT}", f"--region={REGION}"]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True) as child:
        try:
            url = child.stdout.readline().strip() if child.stdout else ""
            if not url:
                raise Failed("The AWS fake did not come up; type ./inv test, which installs what it needs.")
            fake = Fake(url, home)
            fake.tell("cluster", CLUSTER)
            fake.push("v0")
            yield fake
        finally:
            end(child)
