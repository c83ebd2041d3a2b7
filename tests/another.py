"""A second engine beside the first, for what no engine in use may suffer: to be killed, and to be full."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker

from tasks import dockerd
from tests.service import free_port

BRIDGED = ["DOCKER-USER", "--match", "physdev", "--physdev-is-bridged", "--jump", "ACCEPT"]


@dataclass(frozen=True)
class Another:
    """An engine beside the first, without any image at its start."""

    place: dockerd.Layout

    @property
    def address(self) -> str:
        return self.place.address

    def start(self) -> None:
        dockerd.bring_up(self.place, self.answers, lambda _: None)

    def stop(self) -> None:
        """Stop it as its operator would: it ends its containers first."""
        pid = dockerd.started(self.place)
        dockerd.stop(self.place)
        reap(pid)

    def kill(self) -> None:
        """End it with SIGKILL and leave its containers alone. A containerd that is ending would confuse the next."""
        pid = dockerd.started(self.place)
        assert pid
        assert self.place.runtime
        containerd = (self.place.runtime / "containerd" / "containerd.pid").read_text()
        os.kill(pid, signal.SIGKILL)
        reap(pid)
        while Path(f"/proc/{containerd}").exists():
            time.sleep(0.02)

    def answers(self) -> bool:
        try:
            docker.DockerClient(self.address).close()
        except docker.errors.DockerException:
            return False
        return True

    @property
    def storage(self) -> Path:
        """The folder that holds all of its images and containers."""
        assert self.place.data
        return self.place.data


def reap(pid: int) -> None:
    """Wait for the end of a process that this one started."""
    for child in dockerd.children:
        if child.pid == pid:
            child.wait()


@contextmanager
def beside(folder: Path, size: str = "") -> Iterator[Another]:
    """An engine with its data under `folder`, on a file system of its own where a `size` (`800m`) is given.

    It leaves the firewall alone, so the first one's has to let containers of one network talk to each other.
    """
    made = Another(dockerd.layout(f"tcp://127.0.0.1:{free_port()}", folder, beside=True))
    if size:
        made.storage.mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "dockyard-test", str(made.storage)], check=True)
    try:
        made.start()
        subprocess.run(["iptables", "--insert", *BRIDGED], check=True)
        try:
            yield made
        finally:
            subprocess.run(["iptables", "--delete", *BRIDGED], check=True)
    finally:
        if not made.answers():  # a test failed while it was away: what it left is found and ended by the next one
            made.start()
        made.stop()
        unmount(made.storage)


def unmount(folder: Path) -> None:
    """Unmount whatever is mounted at or below a folder: an engine that was killed leaves its own mounts."""
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for each in reversed(mounts):
        if Path(each).is_relative_to(folder):
            subprocess.run(["umount", "--lazy", each], check=True)
