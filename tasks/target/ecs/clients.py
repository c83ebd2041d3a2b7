"""The conversations with AWS: one botocore session, and a client for each service that is really used."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any

from . import faults, fields

ATTEMPTS = 12  # with 50 deploys at 20 calls a second 5 attempts failed 15 of them, 12 none
FIRST_ATTEMPTS = 3  # to reach an endpoint that has never answered: a wrong region or no network, more likely than not
CONNECT, READ = 10.0, 60.0  # seconds


class Clients:
    """Clients of one region, made when they are first used: each costs about 50 ms.

    The credentials are those of the AWS chain, the endpoints botocore's own (`AWS_ENDPOINT_URL[_<SERVICE>]`).
    """

    def __init__(self, region: str) -> None:
        self.region = region
        self.unknown: list[str] = []  # what the raw replies held that this botocore does not know
        self._lock = threading.RLock()  # a session is not thread-safe, its clients are

    @cached_property
    def ecs(self) -> Any:
        """Services, tasks, task definitions."""
        return self._made("ecs", lambda client: fields.watch(client, self.unknown))

    @cached_property
    def ecr(self) -> Any:
        """Repositories and images."""
        return self._made("ecr")

    @cached_property
    def logs(self) -> Any:
        """CloudWatch Logs."""
        return self._made("logs")

    @cached_property
    def ssm(self) -> Any:
        """Parameter Store: the lock."""
        return self._made("ssm")

    @cached_property
    def sts(self) -> Any:
        """Who the credentials belong to."""
        return self._made("sts")

    @cached_property
    def autoscaling(self) -> Any:
        """Application Auto Scaling: who owns a service's count."""
        return self._made("application-autoscaling")

    @cached_property
    def _session(self) -> Any:
        """The one session, with its credentials and its loaded models."""
        from botocore.session import Session

        return Session()

    def _made(self, service: str, prepared: Callable[[Any], object] = lambda _: None) -> Any:
        """A client, once for all threads."""
        from botocore.config import Config

        with self._lock:
            made = self.__dict__.get(service if service != "application-autoscaling" else "autoscaling")
            if made is not None:
                return made
            with faults.told():
                retries: Any = {"mode": "standard", "total_max_attempts": ATTEMPTS}
                config = Config(connect_timeout=CONNECT, read_timeout=READ, retries=retries)
                made = self._session.create_client(service, region_name=self.region, config=config)
            Reach(made)
            prepared(made)
            return made


def clock(reply: Mapping[str, Any], otherwise: float) -> float:
    """AWS' time of a reply, in seconds since 1970; `otherwise` where it does not tell."""
    said = (reply.get("ResponseMetadata") or {}).get("HTTPHeaders", {}).get("date", "")
    try:
        return parsedate_to_datetime(said).timestamp()
    except ValueError:
        return otherwise


class Reach:
    """Gives up early on an endpoint that has never answered; one that has may take its time to come back."""

    def __init__(self, client: Any) -> None:
        self.answered = False
        service = client.meta.service_model.service_id.hyphenize()
        client.meta.events.register_first(f"needs-retry.{service}", self.asked)

    def asked(self, response: Any = None, caught_exception: Any = None, attempts: int = 1, **_: Any) -> None:
        """Raise what was caught where nothing has ever answered; botocore decides about all else."""
        if response is not None:
            self.answered = True
        elif not self.answered and caught_exception is not None and attempts >= FIRST_ATTEMPTS:
            raise caught_exception
