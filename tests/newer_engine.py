"""Debian 13's Docker 26 in a container of the engine: with containerd's image store or without, and with buildx.

It has a network of its own, so it touches neither the machine's bridge nor its rules, and its images go with it.
"""

from __future__ import annotations

import io
import os
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.errors import DockerException, ImageNotFound
from docker.models.containers import Container

from tasks.image import Recipe
from tasks.image.buildkit import BuildKit

NAME = "dockyard-tests-docker26"
FOLDER = "/run/newer"
# With this and two capabilities rather than `--privileged`, which wants all that there are: a machine may lack one. The
# control groups are then mounted read-only, so each is mounted anew.
UNCONFINED = ["seccomp=unconfined", "apparmor=unconfined"]
START = """\
for each in /sys/fs/cgroup /sys/fs/cgroup/*/; do mount -o remount,rw,bind "$each" 2>/dev/null; done
mkdir -p /etc/docker
echo '{"features": {"containerd-snapshotter": %s}}' >/etc/docker/daemon.json
exec dockerd --host=unix:///run/newer/docker.sock --bridge=none --iptables=false --ip6tables=false
"""
DOCKERFILE = """\
FROM debian:trixie-slim
RUN --mount=type=secret,id=ca,target=/run/secrets/ca set -eu; \\
    if [ -s /run/secrets/ca ]; then set -- -o Acquire::https::CAInfo=/run/secrets/ca; fi; \\
    export DEBIAN_FRONTEND=noninteractive; \\
    apt-get "$@" update; \\
    apt-get "$@" install -y --no-install-recommends docker.io docker-cli docker-buildx; \\
    rm -rf /var/lib/apt/lists/* /var/cache/apt/*
"""


@dataclass(frozen=True)
class Newer:
    """An engine of its own: its client, and the variables by which others reach it, with its docker CLI on PATH."""

    client: docker.DockerClient
    environ: dict[str, str]

    def has(self, engine: docker.DockerClient, image: str) -> None:
        """Bring an image of another engine to it."""
        self.client.images.load(b"".join(engine.images.get(image).save(named=image)))


@contextmanager
def newer_engine(engine: docker.DockerClient, *, containerd: bool, network: str = "bridge") -> Iterator[Newer]:
    """Start one; `debian:trixie-slim` has to be on `engine`. It is gone at the end, with all that it held.

    `network` can be another container's (`container:ID`), whose loopback it then reaches.
    """
    with tempfile.TemporaryDirectory(prefix="newer-", ignore_cleanup_errors=True) as name:
        folder = Path(name)  # short: a socket's path has 107 characters at most
        container = engine.containers.run(
            provide(engine, folder),
            ["sh", "-c", START % str(containerd).lower()],
            detach=True,
            security_opt=UNCONFINED,
            network_mode=network,
            cap_add=["SYS_ADMIN", "NET_ADMIN"],
            device_cgroup_rules=["a *:* rwm"],
            volumes=[f"{folder}:{FOLDER}", "/var/lib/docker"],
        )
        try:
            take(container, "/usr/bin/docker", folder)
            take(container, "/usr/libexec/docker/cli-plugins/docker-buildx", folder / "config" / "cli-plugins")
            address = f"unix://{folder}/docker.sock"
            client = answering(address, container)
            environ = {
                "DOCKER_HOST": address,
                "DOCKER_CONFIG": str(folder / "config"),
                "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
            }
            yield Newer(client, environ)
            client.close()
        finally:
            container.remove(force=True, v=True)


def provide(engine: docker.DockerClient, folder: Path) -> str:
    """The image's name. It stays on the engine for the next time, as the base that it is made from does."""
    try:
        engine.images.get(NAME)
    except ImageNotFound:
        context = folder / "image"
        context.mkdir()
        (context / "Dockerfile").write_text(DOCKERFILE)
        ca = os.environ.get("SSL_CERT_FILE")
        secrets = {"ca": f"file:{ca}"} if ca else {}
        recipe = Recipe(context / "Dockerfile", context, secrets=secrets, network="host")
        engine.images.get(BuildKit(engine).build(recipe, "linux/amd64").image_id).tag(NAME)
    return NAME


def take(container: Container, path: str, folder: Path) -> None:
    """Copy a file out of a container."""
    folder.mkdir(parents=True, exist_ok=True)
    stream, _ = container.get_archive(path)
    with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as archive:
        (member,) = archive.getmembers()
        content = archive.extractfile(member)
        assert content
        (folder / member.name).write_bytes(content.read())
        (folder / member.name).chmod(0o755)


def answering(address: str, container: Container) -> docker.DockerClient:
    """A client, once the engine answers. Its log is the error where it does not."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            return docker.DockerClient(base_url=address)
        except DockerException:
            time.sleep(0.05)
    raise AssertionError(container.logs().decode()[-2000:])
