"""The settings and a release as the engine's own words: the body of `POST /containers/create`, nothing done yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...environment.secrets import Secret
from ...environment.units import size
from . import ledger, names

if TYPE_CHECKING:
    from ...environment.settings import Environment
    from .. import Release

Config = dict[str, Any]

LOGS = {"Type": "json-file", "Config": {"max-size": "10m", "max-file": "3"}}
NEVER = {"Name": "no"}  # until it was healthy: a crash at the start is seen as it is
ALWAYS = {"Name": "always"}  # an engine that was killed takes what ran under `unless-stopped` for stopped


def instance(environment: Environment, entry: ledger.Entry, environ: Sequence[str]) -> Config:
    """One container of a revision. `environ` is the list of `NAME=value`, secrets included."""
    command = environment.processes.get(entry.process, ()) if entry.process != names.WEB else ()
    return {
        **service_container(environment, entry.release, environ, command),
        **hostname(names.instance(entry.revision, entry.process, entry.replica)),
        "Labels": ledger.labels(entry),
        "NetworkingConfig": attached(environment.service, entry.address),
    }


def once(environment: Environment, release: Release, environ: Sequence[str], command: Sequence[str]) -> Config:
    """A container for one command, such as a migration."""
    return {
        **service_container(environment, release, environ, command),
        "Labels": {
            names.LABEL: environment.service,
            names.ROLE: "once",
            "dockyard.env": environment.name,
            **ledger.release_labels(release),
        },
        "NetworkingConfig": attached(environment.service),
    }


def service_container(
    environment: Environment, release: Release, environ: Sequence[str], command: Sequence[str]
) -> Config:
    """What every container of a service has in common. Without a command it is the image's own."""
    return {
        "Image": release.reference,
        **({"Cmd": list(command)} if command else {}),
        "Env": list(environ),
        "HostConfig": {
            "NetworkMode": names.network(environment.service),
            "Init": True,
            "RestartPolicy": NEVER,
            "LogConfig": LOGS,
            "ReadonlyRootfs": environment.read_only,
            "Tmpfs": tmpfs(environment.tmpfs),
            **limits(environment),
        },
    }


def limits(environment: Environment) -> Config:
    """CPU and memory; swap is no way around the latter."""
    cpu = {} if environment.cpu is None else {"NanoCpus": round(environment.cpu * 1e9)}
    memory = {} if environment.memory is None else {"Memory": environment.memory, "MemorySwap": environment.memory}
    return cpu | memory


def tmpfs(mounts: Sequence[str]) -> dict[str, str]:
    """`/tmp:64Mi` as a path and its mount options; a size that is none raises ValueError."""
    parts = [mount.partition(":") for mount in mounts]
    return {path: f"size={size(limit)}" if limit else "" for path, _, limit in parts}


def environ(environment: Environment, secrets: Mapping[str, Secret]) -> list[str]:
    """The variables of the container, byte for byte; `PORT` is set unless given. Holds secrets: never print it."""
    values = {"PORT": str(environment.port), **environment.variables}
    values |= {name: secret.get_secret_value() for name, secret in secrets.items()}
    return [f"{name}={value}" for name, value in values.items()]


def hostname(name: str) -> Config:
    """The container's name as its host name, where Linux can hold it (63 characters)."""
    return {"Hostname": name} if len(name) <= 63 else {}


def attached(service: str, address: str = "") -> Config:
    """The service's network, at an address of its own or at any."""
    return {"EndpointsConfig": {names.network(service): {"IPAMConfig": {"IPv4Address": address}} if address else {}}}


def edge(service: str, image: str, address: str, interface: str, port: int) -> Config:
    """The edge: it owns the published port, and a volume with its configuration."""
    return {
        "Image": image,
        "Hostname": "edge",
        "ExposedPorts": {"8080/tcp": {}},
        "Labels": {
            names.LABEL: service,
            names.ROLE: "edge",
            "dockyard.address": address,
            "dockyard.front": f"{interface}:{port}",
        },
        "HostConfig": {
            "NetworkMode": names.network(service),
            "PortBindings": {"8080/tcp": [{"HostIp": interface, "HostPort": str(port)}]},
            "Binds": [f"{names.edge_volume(service)}:/var/lib/dockyard"],
            "RestartPolicy": ALWAYS,
            "LogConfig": LOGS,
            "ReadonlyRootfs": True,
            "Tmpfs": {"/run/haproxy": "size=1m,mode=700,uid=1000,gid=1000"},  # its socket
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
        },
        "NetworkingConfig": attached(service, address),
    }


def clone(inspected: Mapping[str, Any], service: str, entry: ledger.Entry) -> Config:
    """One more replica of a container that exists: the same image, variables and limits, another name and address."""
    config = inspected["Config"]
    copied = {
        key: config[key] for key in ("Image", "Env", "Cmd", "Entrypoint", "User", "WorkingDir") if config.get(key)
    }
    return {
        **copied,
        **hostname(names.instance(entry.revision, entry.process, entry.replica)),
        "Labels": ledger.labels(entry),
        "HostConfig": {**inspected["HostConfig"], "RestartPolicy": NEVER},
        "NetworkingConfig": attached(service, entry.address),
    }
