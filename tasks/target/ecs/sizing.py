"""CPU and MEMORY in a task definition: of the task where it says so, else of the container; and what Fargate has."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from ...errors import SettingError

if TYPE_CHECKING:
    from ...environment.settings import Environment

STOP_TIMEOUT = 120  # seconds: the most that Fargate gives a container to stop

# CPU units, and the MiB that go with them: "Task CPU and memory" of the ECS developer guide.
FARGATE: Mapping[int, tuple[int, ...]] = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4097, 1024)),
    1024: tuple(range(2048, 8193, 1024)),
    2048: tuple(range(4096, 16385, 1024)),
    4096: tuple(range(8192, 30721, 1024)),
    8192: tuple(range(16384, 61441, 4096)),
    16384: tuple(range(32768, 122881, 8192)),
}


def sized(request: Mapping[str, Any], environment: Environment, names: Collection[str]) -> dict[str, Any]:
    """The request with CPU and MEMORY where the settings name them. Raises SettingError for what Fargate refuses.

    A container that had all of the task's keeps having it all.
    """
    fargate = "FARGATE" in request.get("requiresCompatibilities", ())
    found = dict(request)
    for field, amount in amounts(environment).items():
        of_task = found.get(field)
        if of_task is not None or fargate:
            found[field] = str(amount)
        found["containerDefinitions"] = [
            {**each, field: amount}
            if each["name"] in names and (str(each.get(field)) == of_task or not (of_task or fargate))
            else each
            for each in found["containerDefinitions"]
        ]
    if fargate:
        refuse_size(found, environment)
        refuse_stop(environment)
    return found


def amounts(environment: Environment) -> dict[str, int]:
    """CPU in units of 1/1024, MEMORY in MiB, where the settings name them."""
    found = {}
    if "CPU" in environment.origins and environment.cpu is not None:
        found["cpu"] = round(environment.cpu * 1024)
    if "MEMORY" in environment.origins and environment.memory is not None:
        found["memory"] = environment.memory // 1024**2
    return found


def refuse_size(request: Mapping[str, Any], environment: Environment) -> None:
    """Raise SettingError for a CPU and MEMORY that Fargate does not have, or that its containers do not fit in."""
    key = next((key for key in ("MEMORY", "CPU") if key in environment.origins), "")
    cpu, memory = (str(request.get(field, "")) for field in ("cpu", "memory"))
    if not key or not cpu.isdecimal() or not memory.isdecimal():
        return
    where, said = environment.origins[key], f"{cpu} CPU units and {memory} MiB"
    if int(cpu) not in FARGATE:
        if int(cpu) > max(FARGATE):  # a larger size than this version knows: ECS itself decides
            return
        known = ", ".join(f"{units / 1024:g}" for units in FARGATE)
        raise SettingError(f"{where}: Fargate has no tasks of {said}; write CPU as one of {known}.")
    if int(memory) not in FARGATE[int(cpu)]:
        choice = FARGATE[int(cpu)]
        step = f" in steps of {choice[-1] - choice[-2]}Mi" if int(cpu) > 256 else ", 1024Mi"
        raise SettingError(
            f"{where}: Fargate has no tasks of {said}; with CPU={int(cpu) / 1024:g} "
            f"write MEMORY from {choice[0]}Mi to {choice[-1]}Mi{step}."
        )
    for field, whole, unit in (("cpu", int(cpu), "CPU units"), ("memory", int(memory), "MiB")):
        parts = {each["name"]: each.get(field) or 0 for each in request["containerDefinitions"]}
        if sum(parts.values()) > whole:
            listed = ", ".join(f"{name} {part}" for name, part in parts.items() if part)
            raise SettingError(
                f"{where}: the containers' own {field} ({listed}) is more than the task's {whole} {unit}; "
                f"raise {field.upper()}, or lower theirs in the task definition."
            )


def refuse_stop(environment: Environment) -> None:
    """Raise SettingError for a DRAIN_TIMEOUT that Fargate does not wait for."""
    if "DRAIN_TIMEOUT" in environment.origins and environment.drain_timeout > STOP_TIMEOUT:
        raise SettingError(
            f"{environment.origins['DRAIN_TIMEOUT']}: DRAIN_TIMEOUT is at most {STOP_TIMEOUT}s on Fargate; lower it."
        )
