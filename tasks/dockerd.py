"""The engine of `local.up`: where it lives, how it is started, and whether that very process still runs.

It is the engine that `DOCKER_HOST` or the context asks for. The machine's own socket gets the ordinary engine; any
other socket gets one with data, state and, beside another engine, a bridge of its own.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import packages
from .errors import DockyardError
from .packages import Say

SOCKET = "unix:///var/run/docker.sock"
STARTS_WITHIN = 60  # seconds
ANOTHER_WITHIN = 5  # seconds; a dockerd that ends at once may have found that init is starting one
STOPS_WITHIN = 30  # seconds; dockerd gives its containers 10
PACKAGES = ("docker.io", "docker-cli", "docker-buildx", "debootstrap", "iptables", "iproute2", "ca-certificates")
# An engine pulls through these; nothing else of the caller, such as the tokens of a CI, is left in its environment.
KEPT = ("PATH", "HOME", "LANG", "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")

children: list[subprocess.Popen[bytes]] = []  # held, as Python warns of a child that outlives its object


@dataclass(frozen=True)
class Layout:
    """Where one engine lives. `data` None means dockerd's own places, `bridge` "" its own bridge docker0."""

    address: str
    log: Path
    record: Path
    data: Path | None = None
    runtime: Path | None = None  # short, as sockets lie in it
    bridge: str = ""
    network: str = ""  # of the bridge, in CIDR notation


def layout(address: str, folder: Path, *, beside: bool = False) -> Layout:
    """The places of the engine at `address` under `folder`; `beside` says that another engine runs on this machine."""
    if address == SOCKET:
        return Layout(address, folder / "dockerd.log", folder / "dockerd.json")
    key = hashlib.sha256(address.encode()).hexdigest()
    own, runtime = folder / f"engine-{key[:8]}", Path(f"/run/dockyard-{key[:8]}")
    bridge, network = (f"dockyard-{key[:6]}", f"192.168.{200 + int(key[:2], 16) % 50}.1/24") if beside else ("", "")
    return Layout(address, own / "dockerd.log", own / "dockerd.json", own, runtime, bridge, network)


def command(place: Layout) -> list[str]:
    """The argv of dockerd.

    Beside another engine it leaves the firewall alone, as its start would empty the other's chains, and its containers
    have a namespace of their own, in case the two share a containerd.
    """
    argv = ["dockerd", f"--host={place.address}"]
    if place.data and place.runtime:
        argv += [f"--data-root={place.data / 'data'}", f"--exec-root={place.runtime}"]
        argv += [f"--pidfile={place.data / 'dockerd.pid'}"]
        argv += [
            f"--containerd-namespace={place.runtime.name}",
            f"--containerd-plugins-namespace={place.runtime.name}-plugins",
        ]
    if place.bridge:
        argv += [f"--bridge={place.bridge}", "--iptables=false"]
    return argv


def bridge(place: Layout) -> list[list[str]]:
    """The commands that make the engine's bridge; `--bridge=none` would delete the other engine's."""
    return [
        ["ip", "link", "add", "name", place.bridge, "type", "bridge"],
        ["ip", "address", "add", place.network, "dev", place.bridge],
        ["ip", "link", "set", place.bridge, "up"],
    ]


def refusal(address: str, *, yes: bool) -> str:
    """Why no engine can be brought up at this socket, as a sentence; "" where one can."""
    silent = f"No Docker engine answers at {address}"
    if sys.platform != "linux":
        return f"{silent}: start Docker Desktop, OrbStack or colima, then type inv local.up again."
    installed = shutil.which("dockerd")
    if os.geteuid() != 0:
        how = "sudo systemctl start docker" if installed else "sudo ./inv local.up --yes"
        return f"{silent}, and this user may not bring one up: type `{how}`."
    if not installed and not packages.debian():
        return f"{silent}: install Docker from this system's packages, then type inv local.up again."
    if not installed and not yes and not os.environ.get("CI"):
        return f"{silent} and none is installed: type inv local.up --yes to install this system's docker.io."
    return ""


def remedy() -> str:
    """What `bring_up` does, or would do."""
    return "started" if shutil.which("dockerd") else "installed from this system's packages and started"


def bring_up(place: Layout, answers: Callable[[], bool], say: Say) -> None:
    """Install an engine if there is none, start it detached, and return once it `answers`. Raises DockyardError."""
    if not shutil.which("dockerd"):
        say("Installing docker.io from this system's packages ...")
        packages.install(PACKAGES, place.log.with_name("apt.log"), say)
        if answers():  # its package started it
            return
    process = None
    if place.address == SOCKET and Path("/run/systemd/system").is_dir():
        packages.logged(["systemctl", "start", "docker"], place.log)
    else:
        process = start(place)
    deadline = time.monotonic() + STARTS_WITHIN
    while not answers():
        if time.monotonic() > deadline:
            why = packages.tail(place.log)
            raise DockyardError(f"dockerd does not answer at {place.address}: {why} (the whole log is {place.log}).")
        if process and process.poll() is not None:
            process, deadline = None, time.monotonic() + ANOTHER_WITHIN
        time.sleep(0.05)


def start(place: Layout) -> subprocess.Popen[bytes]:
    """Start dockerd in a session of its own, with none of the caller's streams, and record which process it is."""
    place.record.parent.mkdir(parents=True, exist_ok=True)
    if place.bridge and not Path("/sys/class/net", place.bridge).exists():
        for argv in bridge(place):
            packages.logged(argv, place.log)
    argv = command(place)
    environ = {name: value for name, value in os.environ.items() if name.upper() in KEPT}
    with place.log.open("ab") as log:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", env=environ, start_new_session=True
        )
    children.append(process)
    place.record.write_text(json.dumps({"pid": process.pid, "argv": argv}), encoding="utf-8")
    return process


def started(place: Layout) -> int:
    """The pid of the dockerd that `local.up` started here, if that very process still runs; else 0."""
    try:
        record = json.loads(place.record.read_text(encoding="utf-8"))
        running = Path(f"/proc/{record['pid']}/cmdline").read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return 0
    return int(record["pid"]) if running.rstrip("\0").split("\0") == record["argv"] else 0


def stop(place: Layout) -> None:
    """End the engine that `started` finds and wait for its end. Raises DockyardError if it does not end."""
    pid = started(place)
    if pid:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOPS_WITHIN
        while started(place):
            if time.monotonic() > deadline:
                raise DockyardError(f"dockerd (pid {pid}) did not end within {STOPS_WITHIN} s: see {place.log}.")
            time.sleep(0.05)
    for child in children:
        child.poll()
    place.record.unlink(missing_ok=True)
    if place.runtime:
        shutil.rmtree(place.runtime, ignore_errors=True)
    if place.bridge and Path("/sys/class/net", place.bridge).exists():
        packages.logged(["ip", "link", "delete", place.bridge], place.log)
