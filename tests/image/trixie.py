"""Debian 13 on the engine, for builds that still think it is Debian 12: pulled, or made from the system's mirror."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import docker

from tasks import bases, packages, state
from tasks.image.reference import split

DEBIAN = "debian:trixie-slim"


def provide(client: docker.DockerClient) -> str:
    """Its name. It stays on the engine for the next time, as the other base images do."""
    if bases.has(client, DEBIAN):
        return DEBIAN
    cause = bases.pull(client, DEBIAN)
    if not cause:
        return DEBIAN
    mirror = packages.mirror()
    assert mirror, f"{DEBIAN} could not be pulled ({cause}), and there is no mirror to make it from"
    if not shutil.which("debootstrap"):
        packages.install(["debootstrap"], state.folder() / "apt.log", lambda text: print(text, file=sys.stderr))
    with tempfile.TemporaryDirectory(dir=state.folder(), prefix="trixie-") as folder:
        root = Path(folder, "root")
        packages.logged(
            ["debootstrap", "--variant=minbase", "trixie", str(root), mirror],
            state.folder() / "debootstrap-trixie.log",
            environ=packages.proxies(),
        )
        for name, text in bases.SLIM.items():
            (root / name).write_text(text, encoding="utf-8")
        with subprocess.Popen(bases.archive(root), stdout=subprocess.PIPE) as tar:
            repository, tag = split(DEBIAN)
            client.api.import_image_from_stream(tar.stdout, repository=repository, tag=tag, changes=['CMD ["bash"]'])
        assert tar.returncode == 0
    return DEBIAN
