"""One account of AWS: its regions, who answers a call, and the log of the calls."""

from __future__ import annotations

import functools
import json
import os
import threading
from typing import Any

from . import autoscaling, cloudwatch, ecr, ecs
from .faults import Call, Front
from .knobs import Knobs
from .world import Ecs, Operation

ANSWERED: dict[str, dict[str, Operation]] = {
    "ecs": ecs.OPERATIONS,
    "ecr": ecr.OPERATIONS,
    "logs": cloudwatch.OPERATIONS,
    "application-autoscaling": autoscaling.OPERATIONS,
}


@functools.cache
def session() -> Any:
    """One for all clients of a process: it keeps the services' models."""
    import botocore.session

    return botocore.session.Session()


class Account:
    """The account, with a server's address once one serves it."""

    def __init__(self, account: str = "123456789012", region: str = "eu-north-1", **knobs: Any) -> None:
        self.knobs = Knobs(account=account, region=region, **knobs)
        self.url = ""
        self.front = Front(self.answer, lambda: self.knobs.account)
        self.regions: dict[str, Ecs] = {}
        self._clients: dict[str, Any] = {}
        self._lock = threading.RLock()

    @property
    def calls(self) -> list[tuple[str, str]]:
        """Service and operation of each call that came, in order."""
        return [(each.service, each.operation) for each in self.log]

    @property
    def log(self) -> list[Call]:
        """Each call with its request, time and error."""
        return list(self.front.log)

    def requests(self, operation: str) -> list[dict[str, Any]]:
        """What each call of an operation asked for."""
        return [each.request for each in self.log if each.operation == operation]

    def counted(self) -> dict[str, Any]:
        """For another process: all calls as `service:Operation`, with errors, and how many."""
        shown = [f"{each.service}:{each.operation}" + (f" {each.error}" if each.error else "") for each in self.log]
        return {"count": len(shown), "calls": shown, "throttled": sum("Throttling" in each for each in shown)}

    def reset_calls(self) -> None:
        self.front.log.clear()

    @property
    def environ(self) -> dict[str, str]:
        """What a client needs in its environment."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "AKIAFAKEFAKEFAKEFAKE",
            "AWS_SECRET_ACCESS_KEY": "fake",
            "AWS_DEFAULT_REGION": self.knobs.region,
            "AWS_REGION": self.knobs.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def client(self, service: str) -> Any:
        """A botocore client of the fake, with no retries; always the same one."""
        if service not in self._clients:
            from botocore.config import Config

            self._clients[service] = session().create_client(
                service,
                region_name=self.knobs.region,
                endpoint_url=self.url,
                aws_access_key_id="AKIAFAKEFAKEFAKEFAKE",
                aws_secret_access_key="fake",
                config=Config(retries={"total_max_attempts": 1}),
            )
        return self._clients[service]

    def region(self, name: str = "") -> Ecs:
        """All of ECS, ECR and the logs in a region."""
        return self.regions.setdefault(name or self.knobs.region, Ecs(name or self.knobs.region, self.knobs))

    def answer(self, service: str, region: str, operation: str, request: dict[str, Any]) -> bytes | None:
        """The reply of what this fake knows itself; None for moto's."""
        if service not in ANSWERED:
            return None
        with self._lock:
            state = self.region(region)
            state.agenda.catch_up(state.now())
            if operation not in ANSWERED[service]:
                raise ecs.unknown(operation)
            return json.dumps(ANSWERED[service][operation](state, request)).encode()
