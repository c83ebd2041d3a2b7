"""What Cloud Run takes of CPU, memory, requests and names: arithmetic without a call.

Sources: "Configure CPU limits", "Configure memory limits" and "GPU support for services" of the Cloud Run manual.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .settings import Environment

MI, GI = 1024**2, 1024**3
WHOLE = (1, 2, 4, 6, 8)  # CPUs, of an instance without a GPU or with an L4
LEAST_CPU = 0.08
MOST_MEMORY = 32 * GI
# More memory than this needs so many CPUs, and so many CPUs need this memory.
CPU_FOR = ((24 * GI, 8), (16 * GI, 6), (8 * GI, 4), (4 * GI, 2), (GI, 1), (512 * MI, 0.5))
MEMORY_FOR = {4: 2 * GI, 6: 4 * GI, 8: 4 * GI}
GPUS = {"nvidia-l4": (4, 16 * GI), "nvidia-rtx-pro-6000": (20, 80 * GI)}  # the least CPU and memory beside each
LONGEST_REQUEST = 3600.0  # seconds
LONGEST_START = 240.0  # seconds that a container may take to start
LONGEST_NAME = 49  # characters of a service, a worker pool, a job
LONGEST_VALUE = 32768  # bytes of a variable
MOST_VARIABLES = 1000
SHORTER = f"Cloud Run takes {LONGEST_NAME}, so shorten SERVICE"
ONCE = "-once"  # ends the name of the job that runs a service's commands


@dataclass(frozen=True)
class Size:
    """What an instance has, as far as it is known. `memory` is in bytes; `always` says that CPU is always there.

    `second` says that the service asks for the second generation of Cloud Run's execution environment.
    """

    cpu: float | None = None
    memory: int | None = None
    concurrency: int | None = None
    always: bool = False
    second: bool = False
    gpu_type: str = ""


def misfits(size: Size) -> Iterator[tuple[tuple[str, ...], str]]:
    """What Cloud Run refuses of a size: the keys that may mend it, the likeliest first, and a sentence."""
    cpu, memory = size.cpu, size.memory
    large = size.gpu_type not in ("", "nvidia-l4")  # machines of their own sizes
    if cpu is not None and not large:
        yield from odd_cpu(cpu)
        if cpu < 1 and (size.concurrency or 1) > 1:
            text = (
                f"an instance of {cpu:g} CPUs takes one request at a time on Cloud Run, not {size.concurrency}; "
                "write CONCURRENCY=1, or CPU=1."
            )
            yield ("CONCURRENCY", "CPU"), text
        if cpu < 1 and size.always:
            yield ("CPU",), f"CPU={cpu:g} is there only during requests, and this service has it always; write CPU=1."
        if cpu < 1 and size.second:
            text = f"CPU={cpu:g} needs the first generation execution environment, and this service has the second; "
            yield ("CPU",), f"{text}write CPU=1."
    if memory is not None and memory < 512 * MI and size.second:
        text = f"MEMORY={sized(memory)} needs the first generation execution environment, and this service has the "
        yield ("MEMORY",), f"{text}second; write MEMORY=512Mi."
    if memory is not None and not large and memory > MOST_MEMORY:
        yield ("MEMORY",), "MEMORY is at most 32Gi on Cloud Run; lower it."
    if cpu is not None and memory is not None:
        yield from unbalanced(cpu, memory, size.gpu_type)


def odd_cpu(cpu: float) -> Iterator[tuple[tuple[str, ...], str]]:
    """CPUs that Cloud Run does not have."""
    if cpu < LEAST_CPU:
        yield ("CPU",), f"CPU={cpu:g} is too little for Cloud Run; write at least 80m."
    elif cpu > 1 and cpu not in WHOLE:
        yield ("CPU",), f"CPU={cpu:g} is nothing that Cloud Run has; write 1, 2, 4, 6 or 8, or less than 1."
    elif cpu < 1 and not math.isclose(cpu * 1000, round(cpu * 1000)):
        yield ("CPU",), f"CPU={cpu:g} is no whole number of thousandths; write {round(cpu * 1000)}m."


def unbalanced(cpu: float, memory: int, gpu_type: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """CPUs and memory that do not go together."""
    for most, needed in CPU_FOR:
        if memory > most and cpu < needed and memory <= MOST_MEMORY and gpu_type not in GPUS:
            text = f"MEMORY={sized(memory)} needs at least CPU={needed:g} on Cloud Run; write that, or less MEMORY."
            yield ("CPU", "MEMORY"), text
            break
    least = MEMORY_FOR.get(int(cpu), 0)
    if memory < least and gpu_type not in GPUS:
        text = f"CPU={cpu:g} needs at least MEMORY={sized(least)} on Cloud Run; write that, or less CPU."
        yield ("MEMORY", "CPU"), text


def sized(memory: int) -> str:
    """Bytes as an env file says them."""
    return f"{memory // GI}Gi" if memory % GI == 0 else f"{memory / MI:g}Mi"


def sizes(it: Environment) -> Iterator[tuple[str, str]]:
    """CPU, MEMORY, CONCURRENCY and GPU that Cloud Run takes together."""
    if it.target != "cloudrun":
        return
    size = Size(it.cpu, it.memory, it.concurrency, gpu_type=it.gpu_type if it.gpu else "")
    for keys, text in misfits(size):
        yield next((key for key in keys if key in it.origins), keys[0]), text
    if "GPU" in it.origins:
        yield from beside_gpu(it)


def times(it: Environment) -> Iterator[tuple[str, str]]:
    """Times that Cloud Run waits for."""
    if it.target != "cloudrun":
        return
    if it.request_timeout > LONGEST_REQUEST:
        yield "REQUEST_TIMEOUT", "REQUEST_TIMEOUT is at most 60m on Cloud Run; lower it."
    if it.health_path and it.health_timeout > LONGEST_START:
        text = (
            f"HEALTH_TIMEOUT is at most {LONGEST_START:g}s on Cloud Run, which waits no longer for a start; lower it."
        )
        yield "HEALTH_TIMEOUT", text


def beside_gpu(it: Environment) -> Iterator[tuple[str, str]]:
    """A GPU's type, how many there are, and the CPU and memory that it needs beside it."""
    if not it.gpu_type:
        yield "GPU", "GPU needs a type; write GPU_TYPE=nvidia-l4."
    if (it.gpu or 1) > 1:
        yield "GPU", f"GPU={it.gpu} is more than the one that an instance can have on Cloud Run; write GPU=1."
    if it.gpu_type not in GPUS:
        return
    cpu, memory = GPUS[it.gpu_type]
    for key, value, enough, words in (("CPU", it.cpu, cpu, str(cpu)), ("MEMORY", it.memory, memory, sized(memory))):
        if (value or 0) < enough:
            text = f"{key} must be at least {words} beside GPU_TYPE={it.gpu_type}; write {key}={words}."
            yield key if key in it.origins else "GPU", text


def named(it: Environment) -> Iterator[tuple[str, str]]:
    """Accounts, and names that are made of SERVICE: worker pools of PROCESS_<NAME>, the job of a command."""
    if it.target != "cloudrun":
        return
    if it.service_account and "@" not in it.service_account:
        full = f"{it.service_account}@{it.project or 'PROJECT'}.iam.gserviceaccount.com"
        text = f"SERVICE_ACCOUNT={it.service_account} is no address of an account; write SERVICE_ACCOUNT={full}."
        yield "SERVICE_ACCOUNT", text
    keys = {key.lower().removeprefix("process_"): key for key in it.origins if key.startswith("PROCESS_")}
    for process in it.processes:
        key, pool = keys.get(process, "SERVICE"), worker(it.service, process)
        if pool.endswith("-"):
            yield key, f"{key} would be the worker pool {pool}, and no name on Cloud Run ends so; name it otherwise."
        elif len(pool) > LONGEST_NAME:
            yield key, f"{key} would be the worker pool {pool}, of {len(pool)} characters; {SHORTER}."
    job = it.service + ONCE
    for key in ("RELEASE_COMMAND", "ROLLBACK_COMMAND"):
        if key in it.origins and len(job) > LONGEST_NAME:
            yield key, f"{key} would run as the job {job}, of {len(job)} characters; {SHORTER}."


def worker(service: str, process: str) -> str:
    """The worker pool of a process: `api-beat-loop` for PROCESS_BEAT_LOOP of the service `api`."""
    return f"{service}-{process.lower().replace('_', '-')}"


def variables(it: Environment) -> Iterator[tuple[str, str]]:
    """Variables that are not too long or too many for Cloud Run."""
    if it.target != "cloudrun":
        return
    for name, value in it.variables.items():
        if (size := len(value.encode())) > LONGEST_VALUE:
            yield f"ENV_{name}", f"{name} has {size} bytes, and Cloud Run takes {LONGEST_VALUE}; put it into a file."
    if (count := len({*it.variables, *it.secrets})) > MOST_VARIABLES:
        text = f"{count} variables and secrets are more than the {MOST_VARIABLES} that Cloud Run takes; leave some out."
        yield "ENV_FILE" if "ENV_FILE" in it.origins else "SERVICE", text
