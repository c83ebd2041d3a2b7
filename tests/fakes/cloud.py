"""The whole fake, as a test has it. Every public method can be called over HTTP too."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from . import autoscaling, rolling
from .faults import Fault
from .knobs import Broken, Knobs, Output, Predicate
from .making import Made


class Cloud(Made):
    """An account, what is in it, how that behaves, and what is wrong on the way to it."""

    def rollout(self, seconds: float = 0.0, minute: float = 0.0) -> None:
        """How long a rollout lasts, and a minute of a bake time."""
        self.knobs.rollout, self.knobs.minute = seconds, minute

    def later(self, seconds: float) -> None:
        """Let so much time pass here, at once."""
        self.knobs.ahead += seconds

    def set(self, **knobs: Any) -> None:
        """Other fields of Knobs."""
        for key, value in knobs.items():
            assert key in {each.name for each in dataclasses.fields(Knobs)}, key
            setattr(self.knobs, key, tuple(value) if key == "startup" else value)

    def broken(
        self, what: str | Predicate, how: str = "crash", reason: str = "", exit_code: int | None = None,
        logs: Sequence[str] = (),
    ) -> None:  # fmt: skip
        """Task definitions with this in an image or variable do not come up: crash, oom, pull, unhealthy or stuck."""
        self.knobs.broken.append(Broken(what, how, reason, exit_code, tuple(logs)))

    def mended(self) -> None:
        """Nothing is broken any more, for what is started from now on."""
        self.knobs.broken.clear()

    def task_output(self, lines: Sequence[str] = (), exit_code: int | None = 0, **more: Any) -> None:
        """What one-off tasks do from now on: see Output."""
        self.knobs.output = Output(tuple(lines), exit_code, **more)

    def crash(self, name: str, cluster: str = "c", exit_code: int = 1, logs: Sequence[str] = ()) -> None:
        """The running tasks of a service end, and are replaced."""
        service, now = self._service(name, cluster), self.region().now()
        with self._lock:
            service.ecs.agenda.catch_up(now)
            for task in [each for deployment in service.deployments for each in deployment.tasks]:
                service.fail(task, Broken(lambda _: True, "crash", "", exit_code, tuple(logs)), now)
                service.replace(task, now)

    def stop_by_hand(self, name: str, cluster: str = "c", how: str = "ROLLBACK") -> None:
        """Somebody stops the service deployment in progress."""
        with self._lock:
            self.region().agenda.catch_up(self.region().now())
            arn = self._service(name, cluster).history[-1].arn
            rolling.stop(self.region(), {"serviceDeploymentArn": arn, "stopType": how})

    def alarm(self, name: str, cluster: str = "c") -> None:
        """An alarm of the service takes its deployment back."""
        with self._lock:
            self.region().agenda.catch_up(self.region().now())
            going, reason = (
                self._service(name, cluster).history[-1],
                "Service deployment rolled back because of an alarm.",
            )
            rolling.back(going, self.region().now(), reason)

    def autoscaled(self, name: str, least: int = 1, most: int = 4, cluster: str = "c") -> None:
        """A scalable target owns the service's count."""
        autoscaling.register(
            self.region(),
            {"ServiceNamespace": "ecs", "ResourceId": f"service/{cluster}/{name}", "MinCapacity": least,
             "MaxCapacity": most, "ScalableDimension": "ecs:service:DesiredCount"},
        )  # fmt: skip

    def logs(self, group: str, stream: str, lines: Sequence[tuple[int, str]]) -> None:
        """Write (milliseconds, line) to a stream."""
        self.region().groups.write(group, stream, [(at, line) for at, line in lines], self.knobs.log_delay)

    # what is wrong on the way

    def throttle(self, per_second: float = 20.0, only: Sequence[str] = ()) -> None:
        """So many calls a second, of these services or all; 0 for no limit."""
        self.front.faults.throttle(per_second, tuple(only))

    def fail(
        self, operation: str, code: str, times: int = 1_000_000, message: str = "It failed.", status: int = 400,
        after: int = 0,
    ) -> None:  # fmt: skip
        """The next calls of an operation (`ecs:UpdateService`, `UpdateService` or `*`) get an error."""
        self.front.faults.planned.append(Fault(operation, code, times, message, status, after))

    def deny(self, *actions: str) -> None:
        """`ssm:PutParameter`, `ssm:*`: AccessDenied."""
        self.front.faults.denied.update(actions)

    def expire(self, expired: bool = True) -> None:
        """The credentials are no longer valid."""
        self.front.faults.expired = expired

    def slow(self, seconds: float) -> None:
        """Each call takes so much longer."""
        self.front.faults.delay = seconds
